"""HTML of decisions, records and replies: escaped, protected, and each placeholder marked."""

from __future__ import annotations

import json
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.core import rendering
from govai.core.data import Datum
from govai.core.taxonomy import Sensitivity
from govai.core.wording import counted, in_words, listed, visible
from govai.protect.tokens import Tokens

ROW = {"prenom": "Maëlle", "email": "maelle@exemple.fr", "motif": "prix trop élevé"}


class Reader(HTMLParser):
    """The text of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_decision_record_and_reply_hold_no_value(gov: govai.Governor) -> None:
    reply = gov.generate("offline:echo", "Écris à {prenom}, {email}, parti pour : {motif}", data=ROW, purpose="win_back")
    pages = [reply._repr_html_(), reply.decision._repr_html_(), *(record._repr_html_() for record in gov.ledger.records())]
    for page in pages:
        assert not Reader(page).open
        assert "Maëlle" not in page and "maelle@" not in page
    assert len(pages) == 4


def test_a_decision_says_what_is_done_with_each_finding_and_why(gov: govai.Governor) -> None:
    decision = gov.explain("{prenom} {sante}", model="offline:echo", data={"prenom": "Ana", "sante": "diabète"}, purpose="support")
    said = Reader(decision._repr_html_()).said
    assert {"prenom", "sante", "as placeholders", "refused", "floor-special-category", "support"} <= set(said)


def test_a_record_shows_all_of_itself(gov: govai.Governor) -> None:
    gov.generate("offline:echo", "hello", purpose="support")
    for record in gov.ledger.records():
        text = "".join(Reader(record._repr_html_()).said)
        assert record.id in text and record.kind in text
        assert json.loads(text[text.index("{") :]) == record.to_json()


@given(st.text())
def test_any_text_is_shown_as_text(text: str) -> None:
    page = rendering.box(rendering.protected(text) + rendering.title(text) + rendering.code(text) + rendering.table([text], [[text]]) + rendering.bullets([text]))
    read = Reader(page)
    assert set(read.tags) <= {"div", "span", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"} and not read.open
    assert unescape(page).count(text) >= 5 and visible(text) in unescape(page)


def test_what_a_screen_would_hide_is_spelled_out() -> None:
    assert "pay \\u202eevil\\u202c \\u001b[0m" in rendering.protected("pay \u202eevil\u202c \x1b[0m")


def test_placeholders_as_they_are_issued_are_marked() -> None:
    token = Tokens(b"k" * 32).issue(Datum("name", "user.name", Sensitivity.CONFIDENTIAL), "Ana")
    assert f">{token}</span>" in rendering.protected(f"Dear {token},")


@pytest.mark.parametrize(
    ("data", "purpose", "words"),
    [
        ({"prenom": "Ana", "email": "a@exemple.fr"}, "support", "1 name and 1 e-mail left as placeholders to offline (local)"),
        (ROW, "win_back", "1 name and 1 e-mail left as placeholders, 1 value (motif) in clear, to offline (local)"),
        ({"sante": "diabète"}, "support", "nothing goes to offline (local), because of 1 value (sante)"),
        ({"notes": "Préfère être jointe au 06 39 98 41 27 après 18 h"}, "exploration", "1 phone number left as placeholders, 1 text in clear but for what was found inside, to offline (local)"),
        ({"offre": "Premium"}, "reporting", "1 value (offre) left in clear to offline (local)"),
    ],
)
def test_decisions_in_words(gov: govai.Governor, data: dict, purpose: str, words: str) -> None:
    decision = gov.explain(" ".join(f"{{{name}}}" for name in data), model="offline:echo", data=data, purpose=purpose)
    assert in_words(decision, "local") == words


def test_numbers_and_lists() -> None:
    assert (counted("email", 1), counted("email", 2), counted("member", 2)) == ("1 e-mail", "2 e-mails", "2 × member")
    assert (listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("a", "a and b", "a, b and c")
