"""How roots are written in a file or a variable, and what rotating makes of it. Pure; it knows no files.

A root a line (or separated by commas): the root in hexadecimal or base64, then, if you like, when it was made (RFC 3339) and
`next` (read with, not yet written with) or `retired` (then the line holds its public key). The first is the one to write with.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from govai.core.keys import SIZE
from govai.keys.roots import Keyring, RootKey, State

_WORDS = {State.NEXT.value: State.NEXT, State.RETIRED.value: State.RETIRED}


@dataclass(frozen=True, slots=True)
class Line:
    """One root as it is written. Its repr hides it. `kept`: bytes; the root, the root wrapped, or a public key if retired."""

    kept: bytes = field(repr=False)
    made: str = ""
    state: State = State.CURRENT


def read(text: str) -> tuple[Line, ...]:
    """Return the lines: the one to write with, the earlier ones, the next one, the retired ones.

    Raises:
        ValueError: a line is something else; the message says which line and repeats nothing of it.
    """
    found: dict[bytes, Line] = {}
    for number, entry in enumerate(re.split(r"[\n,]", text), start=1):
        words = entry.partition("#")[0].split()
        if words:
            line = _line(words, number)
            found.setdefault(line.kept, line)
    lines = list(found.values())
    using = [line for line in lines if line.state is State.CURRENT]
    using[1:] = [replace(line, state=State.EARLIER) for line in using[1:]]
    return (*using, *(one for state in (State.NEXT, State.RETIRED) for one in lines if one.state is state))


def write(lines: tuple[Line, ...]) -> str:
    """Return the text that `read` reads back."""
    return "".join(" ".join(filter(None, (_spelled(one), one.made, _word(one)))) + "\n" for one in lines)


def new(state: State = State.CURRENT) -> Line:
    """Return a new random root, made now."""
    return Line(
        secrets.token_bytes(SIZE), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), state
    )


def prepared(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines with a next root that is read with already, the same if there is one."""
    if any(line.state is State.NEXT for line in lines):
        return lines
    return (*lines, new(State.NEXT))


def rotated(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines with the next root, or a new one, to write with, and all others still to read with."""
    following = next((line for line in lines if line.state is State.NEXT), None) or new()
    others = (line for line in lines if line.kept != following.kept)
    return (replace(following, state=State.CURRENT), *(_older(line) for line in others))


def without(lines: tuple[Line, ...], root_id: str) -> tuple[Line, ...]:
    """Return the lines with one root gone and its public key in its place; the same if it is the current one or not there."""
    return tuple(_gone(line) if _may_go(line) and _key(line).id == root_id else line for line in lines)


def keyring(lines: tuple[Line, ...], source: str) -> Keyring:
    """Return the key store of lines that hold the roots themselves.

    Raises:
        ValueError: a root is not 32 bytes. ConfigError: there is none to write with.
    """
    live = [line for line in lines if line.state is not State.RETIRED]
    if any(len(line.kept) != SIZE for line in lines):
        raise ValueError(f"not {SIZE} bytes")
    retired = [(line.kept, line.made) for line in lines if line.state is State.RETIRED]
    return Keyring([(RootKey(line.kept, source), line.made, line.state) for line in live], source, retired)


def _line(words: list[str], number: int) -> Line:
    kept, made, state = _decoded(words[0]), "", State.CURRENT
    for word in words[1:]:
        if word in _WORDS:
            state = _WORDS[word]
        elif _is_time(word):
            made = word
        else:
            kept = None
    if kept is None:
        raise ValueError(f"line {number}")
    return Line(kept, made, state)


def _decoded(word: str) -> bytes | None:
    for decode in (bytes.fromhex, lambda text: base64.b64decode(text, validate=True)):
        try:
            return decode(word)
        except (ValueError, binascii.Error):
            continue
    return None


def _is_time(word: str) -> bool:
    try:
        return datetime.fromisoformat(word).tzinfo is not None
    except ValueError:
        return False


def _spelled(line: Line) -> str:
    return line.kept.hex() if len(line.kept) == SIZE else base64.b64encode(line.kept).decode("ascii")


def _word(line: Line) -> str:
    return line.state.value if line.state.value in _WORDS else ""


def _older(line: Line) -> Line:
    return replace(line, state=State.EARLIER) if line.state is State.CURRENT else line


def _may_go(line: Line) -> bool:
    return line.state in (State.EARLIER, State.NEXT)


def _key(line: Line) -> RootKey:
    return RootKey(line.kept, "")


def _gone(line: Line) -> Line:
    return replace(line, kept=_key(line).public, state=State.RETIRED)
