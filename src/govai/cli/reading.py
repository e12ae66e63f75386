"""Read a CSV as people have them: any delimiter, byte order mark or encoding; errors say the file and the line."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAMPLE = 64 * 1024  # bytes looked at to tell encoding and delimiter
_DELIMITERS = ";,\t|"


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file by header, one at a time.

    Raises:
        ConfigError: no such file, empty, no rows, a header twice or empty, a row with more cells than headers.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        sample = file.read(_SAMPLE)
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(sample))
        header = [name.strip().removeprefix("\ufeff") for name in next(reader, [])]
        _check_header(header, path)
        found = False
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise _problem(path, reader.line_num, say("more cells than headers", "plus de cellules que d'en-têtes"))
            found = True
            yield dict(zip(header, [cell.strip() for cell in cells] + [""] * (len(header) - len(cells)), strict=True))
        if not found:
            raise _problem(path, 1, say("there are no rows", "il n'y a pas de lignes"))


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_SAMPLE)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    else:
        return _guess(path, raw)
    raise ConfigError(
        say(f"the CSV cannot be read: {problem}", f"CSV illisible : {problem}"),
        where=str(path),
        todo=say("check the path", "vérifiez le chemin"),
    )


def _guess(path: Path, raw: bytes) -> str:
    if not raw.strip():
        raise _problem(path, 1, say("the file is empty", "le fichier est vide"))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw[: raw.rfind(b"\n") + 1 or len(raw)].decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(raw, cp_isolation=["cp1252", "latin_1", "cp1250", "mac_roman", "cp850"]).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8-sig"


def _delimiter(sample: str) -> str:
    try:
        return csv.Sniffer().sniff(sample[:8192], _DELIMITERS).delimiter
    except csv.Error:
        first = sample.partition("\n")[0]
        return max(_DELIMITERS, key=first.count)


def _check_header(header: list[str], path: Path) -> None:
    if not any(header):
        raise _problem(path, 1, say("there is no header", "il n'y a pas d'en-tête"))
    for number, name in enumerate(header, start=1):
        if not name or header.count(name) > 1:
            what = (
                say(f"column {number} has no name", f"la colonne {number} n'a pas de nom")
                if not name
                else say("two columns have the same name", "deux colonnes ont le même nom")
            )
            raise _problem(path, 1, what)


def _problem(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError(what, where=f"{path}:{line}", todo=say("mend the file", "corrigez le fichier"))
