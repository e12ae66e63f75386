"""Access, erasure, restriction, rectification (GDPR art. 15 to 18), as a data protection officer uses them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.core.errors import Blocked, ConfigError, ReviewExpired
from govai.core.records import Draft
from govai.flow.people import KnownPeople, lookups, one_spelling
from govai.ledger.store import Ledger
from govai.policy.policy import Policy

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
        {"email": "\ufeff\u00a0zelie.quenta\u00advaine@example.org\u200b"},
        {"customer_id": "\u200bC-9041-ZQ\u00a0\u2060"},
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
    explained = gov.explain("Write.", model=MODEL, data=ANA, purpose="win_back")
    assert explained.effect.word == "block" and "restricted" in explained.reasons[-1]
    ask(gov, BOB)
    assert gov.explain("Write.", model=MODEL, data=BOB, purpose="win_back").effect.word != "block"
    found = gov.ledger.about(email=ANA["email"])
    assert found.restricted and [one.said for one in found.requests] == ["restricted"]
    assert [call.outcome for call in found.calls] == ["completed", "refused"]
    gov.ledger.unrestrict(email=ANA["email"])
    ask(gov, ANA)
    assert not gov.ledger.about(email=ANA["email"]).restricted
    gov.ledger.rectify(email=ANA["email"], field="customer_id", note="DSR-2026-17")
    assert gov.ledger.about(email=ANA["email"]).requests[-1].said == "customer_id"
    assert gov.ledger.verify().ok


@pytest.mark.parametrize(
    ("field", "note"),
    [("Zéphyrine", ""), ("Zéphyrine a tort", ""), ("zephyrine.email", ""), ("", ""), ("customer_id", "Zéphyrine a tort"), ("customer_id", "zephyrine a tort"), ("customer_id", ANA["email"])],
)
def test_what_was_rectified_is_a_field_of_theirs_and_a_file_s_id_and_no_other_word_is_recorded(gov: govai.Governor, ledger_url: str, tmp_path: Path, field: str, note: str) -> None:
    ask(gov, ANA)
    with pytest.raises(ConfigError) as caught:
        gov.ledger.rectify(email=ANA["email"], field=field, note=note)
    said = str(caught.value) + repr(caught.value)
    gov.ledger.flush()
    kept = everything_kept(ledger_url, tmp_path).decode("utf-8", "replace")
    for canary in ("phyrine", "tort", ANA["email"]):
        assert canary not in said and canary not in kept
    assert list(gov.ledger.records(kind="rectification")) == []


def test_a_field_nearly_named_is_answered_by_the_one_that_was_used(gov: govai.Governor) -> None:
    ask(gov, ANA)
    with pytest.raises(ConfigError, match="customer_id") as caught:
        gov.ledger.rectify(email=ANA["email"], field="custommer_id")
    assert "custommer" not in str(caught.value)
    with pytest.raises(ConfigError, match="no call about this person"):
        gov.ledger.rectify(email="nobody@example.org", field="email")


def test_a_restriction_outlives_an_erasure_until_it_is_lifted(gov: govai.Governor) -> None:
    ask(gov, ANA)
    assert gov.ledger.erase(email=ANA["email"], dry_run=True).kept == ()
    gov.ledger.restrict(email=ANA["email"])
    would, done = gov.ledger.erase(email=ANA["email"], dry_run=True), gov.ledger.erase(email=ANA["email"])
    for receipt in (would, done):
        assert any("the restriction stays" in line and "unrestrict" in line for line in receipt.kept)
        assert receipt.kept[0] in str(receipt) and list(receipt.kept) == list(receipt.to_json()["kept"])
    found = gov.ledger.about(email=ANA["email"])
    assert found.restricted and found.calls == ()
    with pytest.raises(Blocked, match="restricted"):
        ask(gov, ANA)
    gov.ledger.erase(email=ANA["email"])
    gov.ledger.unrestrict(email=ANA["email"])
    assert ask(gov, ANA).text and gov.ledger.erase(email=ANA["email"]).kept == ()
    assert gov.ledger.verify().ok


def test_after_an_erasure_only_the_restriction_s_own_digest_is_left(gov: govai.Governor, ledger_url: str, tmp_path: Path) -> None:
    ask(gov, ANA)
    gov.ledger.restrict(email=ANA["email"])
    gov.ledger.erase(email=ANA["email"], customer_id=ANA["customer_id"])
    gov.ledger.flush()
    kept = everything_kept(ledger_url, tmp_path)
    (email,), (number,) = ([digest.encode() for digest in one.digests[:1]] for one in gov.ledger.people.identities({"email": ANA["email"], "customer_id": ANA["customer_id"]}))  # type: ignore[union-attr]
    assert email in kept and number not in kept


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
        "fr": ("Finalités", "Réponse à votre demande", "effacement", "réclamation", "intérêt légitime", "offline"),
        "en": ("Purposes", "complaint", "win_back", "offline", "Automated decisions"),
    }[lang]
    for word in wanted:
        assert word in page and word in text, word
    for letter in "abcdefgh":
        assert re.search(rf"15(?:\(1\))?[^<]*[( ]{letter}\b", page), letter
    assert "src=" not in page and "http-equiv" in page
    for value in ANA.values():
        assert value not in page + text


def test_a_letter_is_pdf_or_html_in_french_or_english(gov: govai.Governor, tmp_path: Path) -> None:
    found = gov.ledger.about(email=ANA["email"])
    for name in ("x.html", "x.pdf"):
        (tmp_path / name).write_text("before")
        (tmp_path / name).chmod(0o644)
        assert found.report(tmp_path / name).stat().st_mode & 0o777 == 0o600
    for name, lang in (("x.docx", "fr"), ("x.pdf", "de")):
        with pytest.raises(ConfigError):
            found.report(tmp_path / name, lang=lang)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot be written"):
        found.report(tmp_path / "missing" / "x.html")
    assert sorted(one.name for one in tmp_path.iterdir() if "x." in one.name) == ["x.html", "x.pdf"]


SPELLINGS = [
    ("user.contact.phone_number", ["06 12 34 56 78", "+33 6 12 34 56 78", "0033612345678", "+33 (0)6.12.34.56.78", "06-12-34-56-78"]),
    ("user.contact.email", ["Zoe@Example.org", " zoe@example.org", "mailto:zoe@example.org"]),
    ("user.financial.bank_account", ["FR76 3000 6000 0112 3456 7890 189", "fr7630006000011234567890189", "FR76-30006000011234567890189"]),
    ("user.unique_id", ["C-9041  ZQ", "c-9041 zq", "\u200b\u00a0C-9041\u202fZQ\ufeff"]),
    ("user.name", ["Zoé  Dupont", "\u200ezoe\u0301\u00a0dupont\u200d"]),
]


@pytest.mark.parametrize(("category", "written"), SPELLINGS)
def test_spellings_of_one_value_meet(category: str, written: list[str]) -> None:
    assert len({one_spelling(category, one) for one in written}) == 1


@given(st.integers(min_value=100_000_000, max_value=799_999_999), st.lists(st.sampled_from(["", " ", ".", "-", "\u00a0"]), min_size=10, max_size=10))
def test_however_a_french_number_is_written_it_is_one(number: int, gaps: list[str]) -> None:
    digits = f"0{number}"
    loose = "".join(one + gap for one, gap in zip(digits, gaps, strict=True))
    assert one_spelling("user.contact.phone_number", loose) == one_spelling("user.contact.phone_number", f"+33{number}") == f"+33{number}"


@given(st.sampled_from([category for category, _ in SPELLINGS]), st.text(max_size=40))
def test_one_spelling_is_settled(category: str, text: str) -> None:
    once = one_spelling(category, text)
    assert one_spelling(category, once.removeprefix("mailto:")) == once.removeprefix("mailto:")


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(["call", "erase", "restrict", "unrestrict"]), st.sets(st.integers(0, 3), min_size=1), st.booleans()), max_size=14))
def test_about_finds_all_of_a_person_s_calls_and_no_other_whatever_happened(history: list[tuple[str, set[int], bool]]) -> None:
    keys = Fixed()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/l.db"
        with contextlib.ExitStack() as stack:
            two = [stack.enter_context(contextlib.closing(Ledger(url, keys=keys, people=KnownPeople(keys, Policy.load(None))))) for _ in range(2)]
            known: dict[int, list[str]] = {who: [] for who in range(4)}
            limited: set[int] = set()
            for step, people, other in history:
                ledger = two[other]
                if step == "call":
                    drafted = Draft("intent", "c", {"purpose": "p", "subjects": []}, subjects=tuple(sorted(lookups((keys.derive("subjects"),), "user.contact.email", f"p{who}@x.org") for who in people)))
                    if people & limited:
                        with pytest.raises(Blocked):
                            ledger.commit((drafted,))
                    else:
                        ledger.commit((drafted,))
                        for who in people:
                            known[who].append(drafted.id)
                    continue
                who = min(people)
                getattr(ledger, step)(email=f"p{who}@x.org")
                if step == "erase":
                    known[who] = []
                limited = {"restrict": limited | {who}, "unrestrict": limited - {who}, "erase": limited}[step]
            for who, wanted in known.items():
                for ledger in two:
                    found = ledger.about(email=f"P{who}@x.org")
                    assert [call.record_id for call in found.calls] == wanted and found.restricted == (who in limited)
            assert two[0].verify().ok


class Fixed:
    def derive(self, use: str) -> bytes:
        return hashlib.sha256(use.encode()).digest()


CANARIES = [value.encode() for row in (ANA, BOB) for value in row.values()]


def everything_kept(url: str, folder: Path) -> bytes:
    """The bytes of all files of a ledger, or of all its tables."""
    kept = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.suffix != ".pdf")
    if url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(url.partition("?")[0]) as base:
            name = url.partition("schema=")[2]
            tables = base.execute("SELECT tablename FROM pg_tables WHERE schemaname=%s", (name,)).fetchall()
            for (table,) in tables:
                with base.cursor().copy(f'COPY "{name}"."{table}" TO STDOUT (FORMAT binary)') as rows:  # type: ignore[arg-type]
                    kept += b"".join(bytes(one) for one in rows)
    return kept


def test_no_value_is_kept_before_or_after_and_no_look_up_after(policy: dict[str, Any], ledger_url: str, tmp_path: Path) -> None:
    sink = tmp_path / "out.jsonl"
    with govai.Governor(policy, ledger=ledger_url, actor="ana", sinks=[f"jsonl:{sink}"]) as gov:
        ask(gov, ANA, key="k"), ask(gov, BOB)
        gov.ledger.restrict(email=BOB["email"])
        found = gov.ledger.about(email=ANA["email"])
        found.report(tmp_path / "letter.html")
        gov.ledger.flush()
        before = everything_kept(ledger_url, tmp_path)
        digests = [digest.encode() for one in gov.ledger.people.identities({"email": ANA["email"], "customer_id": ANA["customer_id"]}) for digest in one.digests]  # type: ignore[union-attr]
        assert b"win_back" in before and any(digest in before for digest in digests)
        gov.ledger.erase(email=ANA["email"], customer_id=ANA["customer_id"])
        gov.ledger.flush()
        after = everything_kept(ledger_url, tmp_path)
        assert any("jsonl" in line for line in gov.ledger.erase(email=BOB["email"], dry_run=True).not_reached)
    for kept in (before, after, everything_kept(ledger_url, tmp_path)):
        assert [value for value in CANARIES if value in kept] == []
    assert [digest for digest in digests if digest in after] == []


KILLED = """
import os, sys
import govai
from govai.ledger import erasing
step, seen = int(sys.argv[2]), 0
whole = erasing.among
def counted(connection, query, values):
    global seen
    if query.startswith(("DELETE", "UPDATE")):
        if seen == step:
            os.kill(os.getpid(), 9)
        seen += 1
    return whole(connection, query, values)
erasing.among = counted
govai.Governor(ledger=sys.argv[1]).ledger.erase(email=sys.argv[3])
"""


@pytest.mark.parametrize("step", [1, 5, 7])
def test_an_erasure_that_is_killed_did_nothing_and_can_be_run_again(ledger_url: str, step: int) -> None:
    with govai.Governor(ledger=ledger_url) as gov:
        ask(gov, ANA, key="k")
        done = subprocess.run([sys.executable, "-c", KILLED, ledger_url, str(step), ANA["email"]], check=False, env=os.environ | {"PYTHONPATH": str(Path(govai.__file__).parents[1])})
        assert done.returncode == -9
        assert len(gov.ledger.about(email=ANA["email"]).calls) == 1
        assert ask(gov, ANA, key="k").text
        assert gov.ledger.erase(email=ANA["email"]).destroyed["replies"] == 1
        assert gov.ledger.about(email=ANA["email"]).calls == () and gov.ledger.verify().ok


def test_the_command_line_asks_for_values_and_prints_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/l.db"
    with govai.Governor(ledger=url) as gov:
        ask(gov, ANA)
    run = lambda *args, typed="": CliRunner().invoke(app, ["ledger", *args, "--ledger", url], input=typed)  # noqa: E731
    listed = run("about", "--email", "-", "--json", typed=ANA["email"] + "\n")
    assert len(json.loads(listed.output)["calls"]) == 1
    assert run("about", "--id", f"customer_id={ANA['customer_id']}", "--report", str(tmp_path / "a.html")).exit_code == 0 and (tmp_path / "a.html").exists()
    assert run("restrict", "--email", ANA["email"]).exit_code == run("unrestrict", "--email", ANA["email"]).exit_code == 0
    assert run("rectify", "--email", ANA["email"], "--field", "customer_id").exit_code == 0
    assert run("erase", "--email", ANA["email"], typed="n\n").exit_code == 1
    assert run("erase", "--email", ANA["email"], "--dry-run").exit_code == 0
    erased = run("erase", "--email", ANA["email"], "--yes")
    assert erased.exit_code == 0 and ANA["email"] not in erased.output + listed.output
    assert "(by email): 0" in run("about", "--email", ANA["email"]).output
    assert isinstance(run("about", "--id", "x").exception, ConfigError)


def test_a_role_that_may_only_insert_is_told_which_right_is_needed(schema: str) -> None:
    import psycopg

    server, _, name = schema.partition("?schema=")
    role = f"{name}_writer"
    with govai.Governor(ledger=schema) as gov:
        ask(gov, ANA)
    with psycopg.connect(server, autocommit=True) as base:
        base.execute(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {name} TO {role}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {name} TO {role}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA {name} TO {role}")  # type: ignore[arg-type]
        try:
            with govai.Governor(ledger=schema.replace("postgres@", f"{role}@")) as gov:
                with pytest.raises(ConfigError, match="DELETE on subjects"):
                    gov.ledger.erase(email=ANA["email"])
                assert len(gov.ledger.about(email=ANA["email"]).calls) == 1
        finally:
            base.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")  # type: ignore[arg-type]


async def test_every_question_has_an_asyncio_twin(gov: govai.Governor) -> None:
    ask(gov, ANA)
    await gov.ledger.arestrict(email=ANA["email"])
    await gov.ledger.aunrestrict(email=ANA["email"])
    await gov.ledger.arectify(email=ANA["email"], field="customer_id")
    assert (await gov.ledger.aerase(email=ANA["email"])).unlinked == 4
    assert (await gov.ledger.aabout(email=ANA["email"])).calls == ()


def test_a_legal_hold_keeps_what_is_asked_to_be_erased(gov: govai.Governor) -> None:
    ask(gov, ANA), ask(gov, BOB)
    hold = gov.ledger.hold("case-2026/17", purpose="win_back")
    assert any(hold.id in line for line in gov.ledger.erase(email=ANA["email"], dry_run=True).not_reached)
    with pytest.raises(govai.PolicyError, match=hold.id):
        gov.ledger.erase(email=ANA["email"])
    assert len(gov.ledger.about(email=ANA["email"]).calls) == 1
    gov.ledger.release_hold(hold.id)
    assert gov.ledger.erase(email=ANA["email"]).unlinked > 0
    assert gov.ledger.verify().ok


def test_kept_content_of_an_erased_person_is_gone_and_of_others_stays(policy: dict[str, Any], ledger_url: str) -> None:
    with govai.Governor({**policy, "keep": "content"}, ledger=ledger_url, actor="ana") as gov:
        hers, his = ask(gov, ANA).record_id, ask(gov, BOB).record_id
        both = gov.generate(MODEL, lambda rows: f"Write to {rows[0].email} and {rows[1].email}.", data=[ANA, BOB], purpose="win_back").record_id
        assert all(gov.ledger.content(one) for one in (hers, his, both))
        receipt = gov.ledger.erase(email=ANA["email"], customer_id=ANA["customer_id"])
        assert receipt.destroyed["contents"] >= 2
        assert gov.ledger.content(hers) is None and gov.ledger.content(both) is None
        assert gov.ledger.content(his) is not None
        assert gov.ledger.verify().ok
