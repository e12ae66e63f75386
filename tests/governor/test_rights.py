"""Access, erasure, restriction, rectification (GDPR art. 15 to 18), as a data protection officer uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import govai
from govai.core.errors import Blocked, ConfigError, ReviewExpired

ANA = {"name": "Zélie Quentavaine", "email": "zelie.quentavaine@example.org", "customer_id": "C-9041-ZQ"}
BOB = {"name": "Octave Brunelois", "email": "octave.b@example.org", "customer_id": "C-7777-OB"}
MODEL = "offline:echo"


@pytest.fixture
def gov(policy: dict[str, Any], ledger_url: str) -> Iterator[govai.Governor]:
    with govai.Governor(policy, ledger=ledger_url, actor="ana") as governor:
        yield governor


def ask(gov: govai.Governor, row: dict[str, str], **more: Any) -> Any:
    return gov.generate(MODEL, f"Write a note for {row['customer_id']}.", data=row, purpose="win_back", **more)


def test_every_call_of_a_person_is_found_by_any_of_their_identifiers_and_nobody_else_s(gov: govai.Governor) -> None:
    mine = [ask(gov, ANA).record_id for _ in range(3)]
    ask(gov, BOB)
    for by in (
        {"email": " ZELIE.quentavaine@example.org "},
        {"customer_id": "c-9041-zq"},
        {"email": ANA["email"], "customer_id": ANA["customer_id"]},
    ):
        found = gov.ledger.about(**by)
        assert [call.record_id for call in found.calls] == mine
        assert found.purposes == ("win_back",) and found.providers == ("offline",)
        assert {call.outcome for call in found.calls} == {"completed"} and {call.basis for call in found.calls} != {""}
        assert found.coverage and not found.restricted
    assert gov.ledger.about({"user.contact.email": ANA["email"]}).calls == gov.ledger.about(email=ANA["email"]).calls
    assert gov.ledger.about(email="nobody@example.org").calls == ()
    assert ANA["email"] not in str(found) + found._repr_html_() + json.dumps(found.to_json())


def test_who_identifies_nobody_is_said(gov: govai.Governor) -> None:
    with pytest.raises(ConfigError, match="does not say who"):
        gov.ledger.about(colour="blue")
    with pytest.raises(ConfigError, match="nobody"):
        gov.ledger.about()


def test_an_erased_person_is_found_no_more_and_the_ledger_still_verifies(gov: govai.Governor) -> None:
    ask(gov, ANA), ask(gov, BOB)
    would = gov.ledger.erase(email=ANA["email"], customer_id=ANA["customer_id"], dry_run=True)
    assert would.dry_run and would.unlinked == 2 and would.destroyed["references"] == 2
    assert len(gov.ledger.about(email=ANA["email"]).calls) == 1
    done = gov.ledger.erase(email=ANA["email"], customer_id=ANA["customer_id"])
    assert (done.unlinked, done.destroyed) == (would.unlinked, would.destroyed)
    assert any("offline" in line for line in done.not_reached)
    assert gov.ledger.about(email=ANA["email"]).calls == gov.ledger.about(customer_id=ANA["customer_id"]).calls == ()
    assert len(gov.ledger.about(email=BOB["email"]).calls) == 1
    assert gov.ledger.verify().ok
    again = ask(gov, ANA).record_id
    assert [call.record_id for call in gov.ledger.about(email=ANA["email"]).calls] == [again]
    record = gov.ledger.record(done.record_id)
    assert (
        record is not None
        and record.kind == "erasure"
        and not set(record.body["erased"]) & set(gov.ledger.record(again).body["subjects"])
    )  # type: ignore[union-attr]
    for value in (*ANA.values(),):
        assert value not in json.dumps(record.to_json()) + str(done) + json.dumps(done.to_json())


def test_the_data_of_who_restricted_it_is_not_used_until_it_is_lifted(gov: govai.Governor) -> None:
    ask(gov, ANA)
    gov.ledger.restrict(email=ANA["email"])
    with pytest.raises(Blocked, match="restricted"):
        ask(gov, ANA)
    ask(gov, BOB)
    found = gov.ledger.about(email=ANA["email"])
    assert found.restricted and [one.said for one in found.requests] == ["restricted"]
    assert [call.outcome for call in found.calls] == ["completed", "refused"]
    gov.ledger.unrestrict(email=ANA["email"])
    ask(gov, ANA)
    assert not gov.ledger.about(email=ANA["email"]).restricted
    gov.ledger.rectify(email=ANA["email"], field="crm.city", note="moved")
    assert gov.ledger.about(email=ANA["email"]).requests[-1].said == "crm.city"
    with pytest.raises(ConfigError, match="no value"):
        gov.ledger.rectify(email=ANA["email"], field="crm.city", note=f"wrong for {ANA['email']}")
    assert gov.ledger.verify().ok


def test_a_waiting_ticket_of_an_erased_person_is_closed_and_says_so(policy: dict[str, Any], ledger_url: str) -> None:
    policy["reviews"] = [{"id": "look", "on": "prompt", "role": "marketing", "purpose": "win_back"}]
    with govai.Governor(policy, ledger=ledger_url, actor="ana") as gov:
        with pytest.raises(govai.ReviewPending) as waiting:
            ask(gov, ANA)
        ticket = waiting.value.ticket_id
        assert gov.ledger.about(email=ANA["email"]).held["tickets"] == 1
        done = gov.ledger.erase(email=ANA["email"])
        assert done.tickets == (ticket,)
        with pytest.raises(ReviewExpired, match="erased"):
            gov.resume(ticket)
        with pytest.raises(ReviewExpired, match="erased"):
            gov.bind(actor="lea").reviews.approve(ticket)
        assert gov.bind(actor="lea").reviews.pending() == []
        with pytest.raises(govai.ReviewPending):
            ask(gov, ANA)


def test_a_kept_reply_goes_with_who_it_is_about(gov: govai.Governor) -> None:
    first = ask(gov, ANA, key="k1")
    assert ask(gov, ANA, key="k1").text == first.text
    assert gov.ledger.erase(email=ANA["email"]).destroyed["replies"] == 1
    with pytest.raises(ReviewExpired, match="no longer kept"):
        ask(gov, ANA, key="k1")


def test_a_ticket_that_waits_on_an_answer_is_closed_too(policy: dict[str, Any], ledger_url: str) -> None:
    policy["reviews"] = [{"id": "look", "on": "output", "role": "marketing", "purpose": "win_back"}]
    with govai.Governor(policy, ledger=ledger_url, actor="ana") as gov:
        with pytest.raises(govai.ReviewPending) as waiting:
            ask(gov, ANA)
        assert gov.ledger.erase(email=ANA["email"]).tickets == (waiting.value.ticket_id,)
        with pytest.raises(ReviewExpired, match="erased"):
            gov.resume(waiting.value.ticket_id)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_letter_says_what_article_15_asks_for(gov: govai.Governor, tmp_path: Path, lang: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    ask(gov, ANA)
    found = gov.ledger.about(email=ANA["email"])
    page = found.report(tmp_path / "letter.html", lang=lang).read_text("utf-8")  # type: ignore[arg-type]
    sheets = pypdf.PdfReader(found.report(tmp_path / "letter.pdf", lang=lang)).pages  # type: ignore[arg-type]
    text = "\n".join(one.extract_text() for one in sheets)
    wanted = {
        "fr": (
            "Finalités",
            "Réponse à votre demande",
            "effacement",
            "réclamation",
            "win_back",
            "consentement",
            "offline",
        ),
        "en": ("Purposes", "complaint", "win_back", "offline", "Automated decisions"),
    }[lang]
    for word in wanted:
        assert word in page and word in text, word
    for letter in "abcdefgh":
        assert re.search(rf"15(?:\(1\))?[^<]*[( ]{letter}\)", page), letter
    assert "src=" not in page and "http-equiv" in page
    for value in ANA.values():
        assert value not in page + text


def test_a_letter_is_pdf_or_html_in_french_or_english(gov: govai.Governor, tmp_path: Path) -> None:
    found = gov.ledger.about(email=ANA["email"])
    for name, lang in (("x.docx", "fr"), ("x.pdf", "de")):
        with pytest.raises(ConfigError):
            found.report(tmp_path / name, lang=lang)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot be written"):
        found.report(tmp_path / "missing" / "x.html")
