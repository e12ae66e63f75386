"""What is written after `%govai`, read: `purpose=reporting actor=ana`, `off`, or nothing."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean, nearest

WORDS = ("purpose", "actor", "subject")
ORDERS = ("off", "reviews")
USAGE = "%govai [purpose=NAME] [actor=NAME] [subject=NAME] | %govai reviews | %govai off"
_SPACED = re.compile(r"(?<=\w)\s*=\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """What a `%govai` line asks for. `order`: `off`, `reviews` or "". `words`: purpose, actor, subject as given."""

    order: str = ""
    words: dict[str, str] = field(default_factory=dict)


def read_line(line: str) -> Said:
    """Read the arguments of `%govai`.

    Raises:
        ConfigError: they cannot be read; names the nearest word. What was written is repeated only where it is a word.
    """
    parts = _split(line)
    if len(parts) == 1 and parts[0] in ORDERS:
        return Said(order=parts[0])
    words: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name not in WORDS or not equals or not value:
            raise _unreadable(name, value if equals else "")
        if name in words:
            raise ConfigError(
                say(f"{name}= is there twice", f"{name}= est écrit deux fois"), where="%govai", todo=USAGE
            )
        words[name] = value
    return Said(words=words)


def _split(line: str) -> list[str]:
    try:
        return shlex.split(_SPACED.sub("=", line.strip()))
    except ValueError:
        pass
    raise ConfigError(say("a quotation mark is not closed", "un guillemet n'est pas fermé"), where="%govai", todo=USAGE)


def _unreadable(name: str, value: str) -> ConfigError:
    if name in WORDS:
        what = say(f"{name}= needs a value", f"{name}= attend une valeur")
        return ConfigError(what, where="%govai", todo=f"{name}=NAME")
    if not name.isidentifier():
        return ConfigError(say("this is not word=value", "ce n'est pas mot=valeur"), where="%govai", todo=USAGE)
    what = say(f"unknown word '{name}'", f"mot inconnu « {name} »")
    if not value and nearest(name, ORDERS) is None:  # a purpose, most likely
        return ConfigError(what, where="%govai", todo=f"%govai purpose={name}")
    return ConfigError(what, where="%govai", todo=f"{did_you_mean(name, WORDS if value else ORDERS)} {USAGE}")
