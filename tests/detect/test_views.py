"""Views: what a text reads as, and that every place in it leads back to the characters it came from."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.detect.runs import base64_runs
from govai.detect.views import decoded

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0x24F, exclude_characters="%&\\\u00ad"), min_size=1, max_size=20)
ENCODERS = [lambda v: "".join(f"%{b:02X}" for b in v.encode()), lambda v: "".join(f"\\u{ord(c):04x}" for c in v), lambda v: "".join(f"&#{ord(c)};" for c in v), lambda v: "".join(f"&#x{ord(c):X};" for c in v)]


@given(TEXT, TEXT, TEXT, st.sampled_from(ENCODERS))
def test_what_was_encoded_reads_as_it_was_and_leads_back(before: str, value: str, after: str, encode) -> None:
    text = f"{before} {encode(value)} {after}"
    view = decoded(text)
    assert view is not None and view.text == f"{before} {value} {after}"
    start = len(before) + 1
    a, b = view.span(start, start + len(value))
    assert (a, b) == (start, start + len(encode(value)))


@given(st.text(st.sampled_from("a é%4&#6;\\nu00e9\u200b\u0301ａ٣𝐚"), max_size=40), st.data())
def test_every_span_leads_back_into_the_text(text: str, data: st.DataObject) -> None:
    view = decoded(text)
    if view is None or not view.text:
        return
    start = data.draw(st.integers(0, len(view.text) - 1))
    end = data.draw(st.integers(start + 1, len(view.text)))
    a, b = view.span(start, end)
    assert 0 <= a < b <= len(text)
    for narrow, wide in ((view.inside(a, b), view.around(a, b)),):
        assert wide[0] <= a and b <= wide[1] and narrow[0] >= a and narrow[1] <= b


@pytest.mark.parametrize(("written", "read"), [
    (json.dumps("Renée\n\"x\"")[1:-1], 'Renée\n"x"'), (quote("Renée & co"), "Renée & co"), (html.escape("<a & b>"), "<a & b>"), ("&eacute;&nbsp;&frac12;", "é\xa0½"), ("\\ud83d\\ude00", "😀"), ("A\u200bn\u00ada\ufeff", "Ana"), ("Ａｎａ＠", "Ana@"), ("e\u0301", "é"), ("٠٦", "06"), ("\\x41\\/", "A/"), ("100 % & co", None), ("plain é ’", None),
])
def test_readings(written: str, read: str | None) -> None:
    view = decoded(written)
    assert (view.text if view else None) == read


def test_an_escape_is_not_cut_in_two() -> None:
    view = decoded("x\\nana")
    assert view is not None and view.inside(2, 6) == (3, 6) and view.around(2, 6) == (1, 6) and view.around(3, 6) == (3, 6)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=9, max_size=80), st.sampled_from([("utf-8", base64.b64encode), ("utf-8", base64.urlsafe_b64encode), ("utf-16", base64.b64encode)]), st.booleans())
def test_base64_is_read(text: str, how, padded: bool) -> None:
    coding, encode = how
    packed = encode(text.encode(coding)).decode()
    packed = packed if padded else packed.rstrip("=")
    if packed.rstrip("=").isdigit():
        return
    assert (2, 2 + len(packed), text) in list(base64_runs(f"( {packed} )"[:1] + f" {packed} )")) or "\ufffd" in text or text.startswith("\ufeff") or "\x7f" in text


def test_folded_lines_and_paths() -> None:
    assert [inner for _, _, inner in base64_runs("/u/YW5hQGV4ZW1wbGUuZnI/xyz?t=YW5hQGV4ZW1wbGUuZnI=")] == ["ana@exemple.fr"] * 2
    assert list(base64_runs("/collections/automne-hiver/nouveautes developpements 1234567890123456")) == []
