"""Read YAML with the place of everything in it, so that an error says file, line and column.

Only YAML's own scalars are read (YAML 1.2 core schema): `on`, `no` and dates stay text; a repeated key is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Place = tuple[str | int, ...]
_INT = re.compile(r"[-+]?(?:0|[1-9]\d*)")
_FLOAT = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEEPEST = 50
_LARGEST = 100_000  # places; aliases of aliases grow without end


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. `marks` gives the line and column (from 1) of each place in it."""

    value: Any
    name: str
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict, repr=False)

    def where(self, place: Place) -> str:
        """Return `file:line:column` of a place, or of the nearest one around it; for inline policies the keys to it."""
        if not self.marks and place:
            steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
            return f"{self.name}: {''.join(steps).removeprefix('.')}"
        while place and place not in self.marks:
            place = place[:-1]
        if place in self.marks:
            line, column = self.marks[place]
            return f"{self.name}:{line}:{column}"
        return self.name


def read_document(path: Path, builtin: Sequence[str] = ()) -> Document:
    """Read a YAML file.

    Args:
        path: of the file. builtin: names that stand for no file, to be suggested where there is none.

    Raises:
        ConfigError: missing, not UTF-8, broken (with line and column), repeated key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = say("the file does not exist", "le fichier n'existe pas")
    except (OSError, UnicodeDecodeError) as error:
        problem = say(
            f"the file cannot be read ({type(error).__name__})", f"fichier illisible ({type(error).__name__})"
        )
    else:
        return read_text(text, str(path))
    advice = say("check the path", "vérifiez le chemin")
    if path.suffix == "" and len(path.parts) == 1 and (close := nearest(path.name, builtin)):
        advice = say(f"did you mean the built-in '{close}'?", f"vouliez-vous dire « {close} », fournie ?")
    raise ConfigError(problem, where=str(path), todo=advice)


def read_text(text: str, name: str) -> Document:
    """Read YAML text; `name` is what errors call it."""
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = error.problem or "broken"
    except yaml.YAMLError as error:
        where, problem = name, type(error).__name__
    else:
        marks: dict[Place, tuple[int, int]] = {}
        return Document(_value(node, (), marks, name) if node is not None else None, name, marks)
    raise ConfigError(
        say(f"the YAML is broken: {problem}", f"YAML invalide : {problem}"),
        where=where,
        todo=say("mend that line", "corrigez cette ligne"),
    )


def read_mapping(path: Path) -> Any:
    """Return what a YAML file holds, without its places."""
    return read_document(path).value


def _value(node: Any, place: Place, marks: dict[Place, tuple[int, int]], name: str) -> Any:
    marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
    if len(place) > _DEEPEST or len(marks) > _LARGEST:
        raise ConfigError(
            say("nested too deep, or too large", "imbrication trop profonde, ou fichier trop grand"),
            where=name,
            todo=say("write it without aliases", "écrivez-le sans alias"),
        )
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, index), marks, name) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, item in node.value:
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not word or word in found:
                raise ConfigError(
                    say(f"the key '{word}' stands twice", f"la clé « {word} » est répétée")
                    if word
                    else say("a key is not a word", "une clé n'est pas un mot"),
                    where=f"{name}:{line}:{column}",
                    todo=say("keep one", "gardez-en une"),
                )
            marks[(*place, word)] = (line, column)
            found[word] = _value(item, (*place, word), marks, name)
        return found
    return node.value if node.style else _scalar(node.value)


def _scalar(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
