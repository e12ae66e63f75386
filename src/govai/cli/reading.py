"""Read a CSV as people have them: any delimiter, byte order mark or encoding; errors say the file and the line.

It streams: memory stays flat whatever the file's size. It knows nothing of what the columns mean.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1024 * 1024  # bytes read at once while checking the encoding
_SAMPLE = 64 * 1024  # characters, or bytes around the first that is not UTF-8, looked at to guess
_SNIFFED = 8 * 1024
_DELIMITERS = ";,\t|"
_LEGACY = ["cp1252", "mac_roman", "cp850", "latin_1"]  # of French and English; cp1250 would claim half of them


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV whose first lines were read and hold. Iterating reads the rows anew, one at a time, as dicts by header.

    Attributes:
        path: the file. header: its columns. encoding, delimiter: as found.

    Raises, while iterating:
        ConfigError: a row with more or fewer cells than headers, a broken line, no rows.
    """

    path: Path
    header: tuple[str, ...]
    encoding: str
    delimiter: str

    def __iter__(self) -> Iterator[dict[str, str]]:
        width, found = len(self.header), False
        lines = _lines(self.path, self.encoding, self.delimiter)
        next(lines)  # the header
        for line, cells in lines:
            if len(cells) != width:
                what = say(f"{len(cells)} cells under {width} headers", f"{len(cells)} cellules sous {width} en-têtes")
                raise _problem(self.path, line, what)
            found = True
            yield dict(zip(self.header, cells, strict=True))
        if not found:
            raise _problem(self.path, 1, say("there are no rows", "il n'y a pas de lignes"))


def read_csv(path: Path) -> CsvFile:
    """Return the CSV at a path, with its encoding, delimiter and header found.

    The encoding is what a byte order mark says, else UTF-8 if every byte of the file fits, else a guess.

    Raises:
        ConfigError: no such file, an empty one, a header that is missing, empty or there twice.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        delimiter = _delimiter(file.read(_SAMPLE))
    line, header = next(_lines(path, encoding, delimiter), (1, []))
    _check_header(header, path, line)
    return CsvFile(path, tuple(header), encoding, delimiter)


def _lines(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the last line's number and the stripped cells of each row that is not empty, the header first.

    What cannot be read becomes an error that names the line; the original one, which holds content, is not chained.
    """
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        while True:
            try:
                cells = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:  # its messages speak of the format only
                failed, line = str(error), reader.line_num
            except UnicodeError:
                failed, line = say(f"this is not {encoding}", f"ce n'est pas du {encoding}"), reader.line_num + 1
            else:
                if any(cells):
                    yield reader.line_num, cells
                continue
            raise _problem(path, line, failed)


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(4)
            odd = None if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else _first_not_utf8(path)
            if odd is not None:
                file.seek(max(0, odd - _SAMPLE // 2))
                return _guess(file.read(_SAMPLE))
    except OSError as error:
        problem = error.strerror or type(error).__name__
    else:
        if not start.removeprefix(codecs.BOM_UTF8).strip() and path.stat().st_size <= len(start):
            raise _problem(path, 1, say("the file is empty", "le fichier est vide"))
        return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    raise ConfigError(
        say(f"the CSV cannot be read: {problem}", f"CSV illisible : {problem}"),
        where=str(path),
        todo=say("check the path", "vérifiez le chemin"),
    )


def _first_not_utf8(path: Path) -> int | None:
    """Return where the first byte stands that is not UTF-8, None when all are; the whole file counts, not its start."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return position + error.start
            position += len(block)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return position - 1
    return None


def _guess(raw: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(raw, cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else "latin_1"


def _delimiter(sample: str) -> str:
    first = sample.lstrip("\ufeff\r\n").partition("\n")[0]
    try:
        sniffed = csv.Sniffer().sniff(sample[:_SNIFFED], _DELIMITERS).delimiter
    except csv.Error:
        sniffed = ""
    # Commas in every row mislead the sniffer; a delimiter stands in the header too.
    return sniffed if sniffed and sniffed in first else max(_DELIMITERS, key=first.count)


def _check_header(header: list[str], path: Path, line: int) -> None:
    if not header:
        raise _problem(path, line, say("there is no header", "il n'y a pas d'en-tête"))
    for number, name in enumerate(header, start=1):  # by number: a file without headers has people's data there
        if not name:
            what = say(f"column {number} has no name", f"la colonne {number} n'a pas de nom")
            raise _problem(path, line, what)
        if name in header[: number - 1]:
            first = header.index(name) + 1
            what = say(
                f"columns {first} and {number} have the same name", f"les colonnes {first} et {number} ont le même nom"
            )
            raise _problem(path, line, what)


def _problem(path: Path, line: int, what: str) -> ConfigError:
    todo = say(
        "a CSV has one line of headers, each with a name of its own, and as many cells in every row",
        "un CSV a une ligne d'en-têtes, chacun avec son nom, et autant de cellules à chaque ligne",
    )
    return ConfigError(what, where=f"{path}:{line}", todo=todo)
