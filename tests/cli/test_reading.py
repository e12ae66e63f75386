"""Any CSV as people have it is read as it was meant, or refused with the file and the line."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.cli.reading import read_csv
from govai.core.errors import ConfigError

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).map(str.strip)
NAMES = st.lists(st.text("abcdefgéèçñ _", min_size=1, max_size=8).map(str.strip).filter(bool), min_size=2, max_size=5, unique=True)


def write(path: Path, rows: list[list[str]], delimiter: str, encoding: str) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@given(st.data())
def test_what_was_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    header = data.draw(NAMES)
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)).filter(any), min_size=1, max_size=4))
    delimiter, encoding = data.draw(st.sampled_from(";,\t|")), data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    path = write(tmp_path_factory.mktemp("csv") / "x.csv", [header, *rows], delimiter, encoding)
    found = read_csv(path)
    assert found.header == tuple(header)
    assert [list(row.values()) for row in found] == rows
    assert [list(row.values()) for row in found] == rows  # iterating anew


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("id;prix;note\n" + "7;0,50;x,y\n" * 40, {"id": "7", "prix": "0,50", "note": "x,y"}),
        ("note\n" + "oui, non\n" * 60, {"note": "oui, non"}),  # a comma in every row but the header divides nothing
    ],
)
def test_commas_in_every_row_do_not_mislead(tmp_path: Path, text: str, first: dict[str, str]) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    assert next(iter(read_csv(tmp_path / "x.csv"))) == first


def test_one_legacy_letter_far_into_the_file_counts(tmp_path: Path) -> None:
    plain = b"name;city\n" + b"Ana;Lyon\n" * 200_000  # well past what any sample of the start shows
    (tmp_path / "x.csv").write_bytes(plain + "Zoé;Saint-Étienne, où l'été dure\n".encode("cp1252"))
    *_, last = read_csv(tmp_path / "x.csv")
    assert last == {"name": "Zoé", "city": "Saint-Étienne, où l'été dure"}


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp850", "utf-16", "utf-8"])
def test_legacy_encodings_of_french_are_told_apart(tmp_path: Path, encoding: str) -> None:
    text = "Prénom;Ville;Motif\nHélène;Angoulême;où ça, là-bas ? déménagée à l'été\nZoé;Nîmes;a résilié, déçue\n"
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    assert [row["Motif"] for row in read_csv(tmp_path / "x.csv")] == ["où ça, là-bas ? déménagée à l'été", "a résilié, déçue"]


def test_memory_stays_flat(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"name;note\n" + b"Ana;" + b"a word " * 20 + b"\n" + (b"Tom;" + b"a word " * 20 + b"\n") * 60_000)
    assert (tmp_path / "x.csv").stat().st_size > 8_000_000
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_csv(tmp_path / "x.csv"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 60_001
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"\xef\xbb\xbf", 1),
        (b"\n\n", 1),
        (b"a;b\n1;2\n\n1;2;secret\n", 4),
        (b"a;b\n1;2\nsecret\n", 3),
        (b'a;b\n1;2\n3;"secret' + b"x" * 200_000, 3),
        (b"a;b\n", 1),
        (b"a; \n1;2\n", 1),
        ("a;b\n1;secret".encode("utf-16")[:-1], 2),
    ],
)
def test_what_is_broken_is_named_by_line_and_not_shown(tmp_path: Path, raw: bytes, line: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        list(read_csv(path))
    assert caught.value.where == f"{path}:{line}"
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None  # a decoding error holds the text it could not decode


@pytest.mark.parametrize("path", ["none.csv", "."])
def test_what_is_not_a_file_is_named(path: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        read_csv(Path(path))
    assert caught.value.where == path


def test_a_file_without_headers_does_not_show_its_people(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"Renata;Renata;r@example.org\nTom;Tim;t@example.org\n")
    with pytest.raises(ConfigError, match="columns 1 and 2 have the same name") as caught:
        read_csv(tmp_path / "x.csv")
    assert "Renata" not in str(caught.value)
