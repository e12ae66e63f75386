"""Forms (`multipart/form-data`, RFC 7578): read into parts that can be looked into, and written anew from them.

What was not read is not written: a boundary, a preamble, an epilogue or a header nobody knows cannot leave. It knows no
format's fields.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import spell
from govai.core.lang import say
from govai.wire.json_text import parse, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.wire.walker import Table, Walk

_MOST_PARTS = 1000
_TYPE = re.compile(
    r"""multipart/form-data; *boundary=("?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1""", re.IGNORECASE
)  # RFC 2046 §5.1.1
_QUOTED = r'"([^"\\\x00-\x1f\x7f]*)"'  # escapes, which readers understand differently, are refused
_DISPOSITION = re.compile(rf"form-data; *name={_QUOTED}(?:; *filename={_QUOTED})?")
_PLAIN = re.compile(r"[\x20-\x7e]{1,200}")
_OTHER_CHARSET = re.compile(r"charset(?!=\"?(?:utf-8|us-ascii)\"?(?:;|$))", re.IGNORECASE)
_NAME = re.compile(r"([a-z_]{1,64})(?:\[[a-z_]{0,64}\])*")  # `include[]`, `chunking_strategy[type]`


class Form(list[dict[str, Any]]):
    """The parts of a form in their order.

    A field is `{name, value: str}`, a file `{name, filename, bytes}`, or `lines` in place of its bytes where it was split
    into JSON lines; either may have the `type` it was given.
    """

    def fields(self) -> dict[str, str]:
        """Return the text fields by name, of several with the same name the last."""
        return {part["name"]: part["value"] for part in self if "value" in part}

    def written(self) -> bytes:
        """Return the form as bytes: the same each time, while clients draw a boundary anew at each try.

        Raises:
            ValueError: a name or a type cannot be written.
        """
        parts = [_written(part) for part in self]
        content = hashlib.sha256()
        for part in parts:
            content.update(len(part).to_bytes(8, "big") + part)
        delimiter = b"--govai" + content.hexdigest()[:40].encode()  # nothing holds the digest of itself
        return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def content_type_of(raw: bytes) -> str:
    """Return the header that goes with a written form."""
    return "multipart/form-data; boundary=" + raw[2 : raw.index(b"\r\n")].decode("ascii")


def parse_form(raw: bytes, content_type: str) -> Form:
    """Return the parts of a form.

    Args:
        raw: the whole body. content_type: the header, with the boundary.

    Raises:
        ValueError: not such a form, or not complete, or anything in it that readers may understand differently.
    """
    from multipart import MultipartError, MultipartSegment, PushMultipartParser

    named = _TYPE.fullmatch(content_type.strip())
    if not named:
        raise ValueError("its boundary is missing or unusual")
    parts: list[dict[str, Any]] = []
    chunks: list[bytes] = []
    try:
        with PushMultipartParser(named[2], strict=True, max_segment_count=_MOST_PARTS) as parser:
            for event in parser.parse(raw):
                if isinstance(event, MultipartSegment):
                    parts.append(_headed(event.headerlist))
                elif event is not None:
                    chunks.append(bytes(event))
                else:
                    parts[-1] |= _held(parts[-1], b"".join(chunks))
                    chunks.clear()
    except MultipartError:
        parts.clear()
    if not parts:  # raised outside: the parser's own message may quote the form
        raise ValueError("it is not a complete form")
    return Form(parts)


def read_form(walk: Walk, form: Form, table: Table, files: Mapping[str, str], several: frozenset[str]) -> None:
    """Note everything that stands in a form.

    Args:
        walk: gathers it. table: how to read the value of each text field. files: what each file is, as a policy allows it.
        several: the fields that may be given more than once.

    Raises:
        ValueError: another field is given twice, so that nobody can tell which one counts.
    """
    seen: set[str] = set()
    for index, part in enumerate(form):
        name = part["name"]
        if name in seen and name not in several and not name.endswith("[]"):
            raise ValueError("a field is given twice")
        seen.add(name)
        known = _NAME.fullmatch(name)
        field = known[1] if known else ""
        walk.word((index, "type"), part.get("type"))
        reader = table.get(field)
        if "lines" not in part and ("bytes" in part or field in files):
            walk.opaque.append((files.get(field, "file"), field if field in files else spell((index,))))
        if "filename" in part:
            walk.data((index, "filename"), part["filename"])
        elif reader is not None:
            reader(walk, (index, "value"), part["value"])
        else:
            walk.data((index, "value"), part["value"])
        if field not in table and field not in files:
            walk.data((index, "name"), name)


def split_lines(form: Form) -> None:
    """Read the files of a form as JSON lines, in place of their bytes.

    Raises:
        ValueError: one of them holds something else.
    """
    for part in form:
        if "bytes" in part:
            part["lines"] = [
                _parsed(line, number) for number, line in enumerate(part["bytes"].splitlines(), start=1) if line.strip()
            ]
            del part["bytes"]


def _parsed(line: bytes, number: int) -> Any:
    try:
        return parse(line)
    except ValueError:
        pass  # the parser's own message may quote the line
    raise ValueError(say(f"line {number} is not JSON", f"la ligne {number} n'est pas du JSON"))


def _headed(headers: list[tuple[str, str]]) -> dict[str, Any]:
    by_name = dict(headers)
    disposition = _DISPOSITION.fullmatch(by_name.pop("Content-Disposition", ""))
    kind = by_name.pop("Content-Type", None)
    if disposition is None or by_name or len(headers) != 1 + (kind is not None):
        raise ValueError("a part has unusual headers")
    part: dict[str, Any] = {"name": disposition[1]}
    if disposition[2] is not None:
        part["filename"] = disposition[2]
    if kind is not None:
        if not _PLAIN.fullmatch(kind) or _OTHER_CHARSET.search(kind):
            raise ValueError("a part has unusual headers")
        part["type"] = kind
    return part


def _held(part: dict[str, Any], content: bytes) -> dict[str, Any]:
    if "filename" in part:
        return {"bytes": content}
    try:
        return {"value": content.decode("utf-8")}
    except UnicodeDecodeError:
        pass  # the decoder's own message quotes the field
    raise ValueError("a field is not text")


def _written(part: dict[str, Any]) -> bytes:
    head = f'form-data; name="{part["name"]}"'
    if "filename" in part:
        head += f'; filename="{part["filename"]}"'
    kind = part.get("type")
    read = _DISPOSITION.fullmatch(head)
    as_meant = read is not None and read.groups() == (part["name"], part.get("filename"))
    if not as_meant or (kind is not None and not _PLAIN.fullmatch(kind)):
        raise ValueError("a name cannot be written into a form")
    lines = f"Content-Disposition: {head}\r\n" + (f"Content-Type: {kind}\r\n" if kind is not None else "") + "\r\n"
    return lines.encode() + _content(part)


def _content(part: dict[str, Any]) -> bytes:
    if "lines" in part:
        return b"".join(written(line) + b"\n" for line in part["lines"])
    content: bytes = part["bytes"] if "bytes" in part else part["value"].encode()
    return content
