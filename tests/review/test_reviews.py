"""Reviews: durable tickets, nobody approves their own, an edited text goes through the policy again, released once."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

import govai
from govai.core.decisions import ReviewNeed
from govai.core.errors import PolicyError
from govai.keys import RootKey
from govai.storage.sqlite import SqliteDatabase
from govai.review.desk import Desk
from govai.review.tickets import Filing, Status
from tests.server import Server

ROW = {"prenom": "Renée"}
KEYS = RootKey(b"r" * 32, "test")


def at(path: Path) -> SqliteDatabase:
    return SqliteDatabase(str(path), f"sqlite:///{path}")


@pytest.fixture
def strict(policy: dict) -> dict:
    policy["reviews"] = [{"id": "published", "purpose": "newsletter", "on": "output", "role": "marketing"}, {"id": "looked-at", "purpose": "reporting", "on": "prompt", "role": "data"}]
    return policy


def ask(gov: govai.Governor, purpose: str = "newsletter", **more) -> govai.Reply:
    return gov.generate("near:echo", "Écris à {prenom}", data=ROW, purpose=purpose, **more)


def waiting(gov: govai.Governor, purpose: str = "newsletter", **more) -> str:
    with pytest.raises(govai.ReviewPending) as caught:
        ask(gov, purpose, **more)
    assert "Renée" not in str(caught.value)
    return caught.value.ticket_id


@pytest.mark.parametrize(("purpose", "reviewer", "sent_before"), [("newsletter", "lea", 1), ("reporting", "ines", 0)])
def test_a_ticket_survives_a_restart_and_is_released_once(strict: dict, server: Server, tmp_path: Path, purpose: str, reviewer: str, sent_before: int) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    server.log.clear()
    with govai.Governor(strict, ledger=url, actor="ana") as gov:
        ticket = waiting(gov, purpose)
        assert waiting(gov, purpose) == ticket
    assert len(server.log) == sent_before
    with govai.Governor(strict, ledger=url, actor=reviewer) as gov:
        (seen,) = gov.reviews.pending()
        assert "Renée" not in seen.text + repr(seen) and "Écris" in seen.text
        assert (seen.id, seen.requester, seen.purpose, seen.sources) == (ticket, "ana", purpose, ("prenom",))
        gov.reviews.approve(ticket)
    with govai.Governor(strict, ledger=url, actor="ana") as gov:
        assert gov.resume(ticket).text == "Écris à Renée"
        with pytest.raises(govai.ReviewExpired):
            gov.resume(ticket)
        assert gov.ledger.verify().ok
        assert [r.kind for r in gov.ledger.records()].count("release") == 1
    assert len(server.log) == 1
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("x.db"))
    assert "Renée".encode() not in raw


@pytest.mark.parametrize("purpose", ["newsletter", "reporting"])
def test_the_same_call_goes_on_once_approved_in_every_way(strict: dict, server: Server, purpose: str) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        reviewer = gov.bind(actor="lea" if purpose == "newsletter" else "ines")
        reviewer.reviews.approve(waiting(gov, purpose))
        assert ask(gov, purpose).text == "Écris à Renée"

        def stream() -> str:
            with gov.stream("near:echo-3", "Écris à {prenom}", data=ROW, purpose=purpose) as pieces:
                return "".join(pieces)

        with pytest.raises(govai.ReviewPending) as caught:
            stream()
        reviewer.reviews.approve(caught.value.ticket_id)
        assert stream() == "Écris à Renée"
        with pytest.raises(govai.ReviewPending) as caught:
            stream()
        reviewer.reviews.approve(caught.value.ticket_id, text="Tout autre chose")
        assert gov.resume(caught.value.ticket_id).text == "Tout autre chose"


def test_a_wrapped_client_waits_and_goes_on(strict: dict, server: Server) -> None:
    import openai

    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        client = gov.wrap(bare, purpose="newsletter")
        call = lambda: client.chat.completions.create(model="echo", messages=[{"role": "user", "content": "à ana@exemple.fr"}])
        with pytest.raises(govai.ReviewPending) as caught:
            call()
        gov.bind(actor="lea").reviews.approve(caught.value.ticket_id)
        assert call().choices[0].message.content == "à ana@exemple.fr"


def test_who_may_decide(strict: dict) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="lea") as gov:
        ticket = waiting(gov)
        for actor, says in (("lea", "their own"), ("ines", "'marketing'"), ("nobody", "'marketing'")):
            with pytest.raises(PolicyError, match=says):
                gov.bind(actor=actor).reviews.approve(ticket)
        gov.bind(actor="tom").reviews.reject(ticket, note="trop court")
        with pytest.raises(PolicyError, match="already"):
            gov.bind(actor="tom").reviews.approve(ticket)
        for call in (lambda: gov.resume(ticket), lambda: ask(gov)):
            with pytest.raises(govai.ReviewRejected):
                call()


def test_an_edited_text_goes_through_the_policy_again(strict: dict, server: Server) -> None:
    strict["rules"] = [{"id": "no-cards", "data": {"category": "user.financial.credit_card"}, "effect": "block"}]
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        ticket = waiting(gov, "reporting")
        ines = gov.bind(actor="ines")
        with pytest.raises(govai.Blocked) as caught:
            ines.reviews.approve(ticket, text="Carte 4111 1111 1111 1111")
        assert "4111" not in str(caught.value)
        assert ines.reviews.pending()[0].status is Status.PENDING
        server.log.clear()
        ines.reviews.approve(ticket, text="Écrire plutôt à bob@exemple.fr")
        assert gov.resume(ticket).text == "Écrire plutôt à bob@exemple.fr"
        assert b"bob@" not in server.bodies[-1]


def test_a_role_that_nobody_holds_is_said_before_anything_leaves(server: Server) -> None:
    server.log.clear()
    with govai.Governor(ledger=":memory:", actor="ana") as gov:

        @govai.require_review("marketing")
        def publish(**more: object) -> govai.Reply:
            return gov.generate("offline:echo", "Écris à {prenom}", data=ROW, purpose="win_back", **more)

        with pytest.raises(govai.ConfigError, match=r"nobody holds the role 'marketing'.*people: \{marketing: \[lea\]\}"):
            publish()
        assert [record.kind for record in gov.ledger.records()] == ["refusal"] and gov.reviews.pending() == []
        assert publish(review=lambda details: govai.Verdict.approve()).text == "Écris à Renée"


def test_a_changed_policy_needs_a_new_review(strict: dict, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    with govai.Governor(strict, ledger=url, actor="ana") as gov:
        ticket = waiting(gov)
        gov.bind(actor="lea").reviews.approve(ticket)
    strict["rules"] = [{"id": "more", "data": {"category": "user.name"}, "effect": "remove"}]
    with govai.Governor(strict, ledger=url, actor="ana") as gov, pytest.raises(PolicyError, match="policy changed"):
        gov.resume(ticket)


def test_a_key_returns_the_released_reply_again(strict: dict, server: Server) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        server.log.clear()
        ticket = waiting(gov, key="k")
        gov.bind(actor="lea").reviews.approve(ticket)
        assert [ask(gov, key="k").text for _ in range(3)] == ["Écris à Renée"] * 3
        assert len(server.log) == 1


async def test_hooks_decide_at_once_in_sync_and_async(gov: govai.Governor) -> None:
    seen: list[govai.ReviewDetails] = []

    def hook(details: govai.ReviewDetails) -> govai.Verdict:
        seen.append(details)
        return govai.Verdict.approve(details.text + " !")

    async def later(details: govai.ReviewDetails) -> govai.Verdict:
        await asyncio.sleep(0)
        return govai.Verdict.reject("non")

    @govai.require_review("marketing")
    async def call(review) -> str:
        return (await gov.agenerate("offline:echo", "Écris à {prenom}", data=ROW, purpose="win_back", review=review)).text

    assert await call(hook) == "Écris à Renée !"
    assert "Renée" not in seen[0].text and seen[0].role == "marketing"
    with pytest.raises(govai.ReviewRejected):
        await call(later)

    @govai.require_review("marketing")
    def sync(review) -> str:
        return gov.generate("offline:echo", "Écris à {prenom}", data=ROW, purpose="win_back", review=review).text

    assert sync(hook) == "Écris à Renée !"
    with pytest.raises(PolicyError, match="async review hook"):
        sync(later)
    with pytest.raises(PolicyError, match="returned a bool"):
        sync(lambda details: True)
    assert [r.body["verdict"] for r in gov.ledger.records(kind="review")] == ["edited", "rejected", "edited"]
    await gov.aclose()


def test_ask_queues_where_self_review_is_not_allowed(strict: dict) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana", review="ask") as gov:
        waiting(gov)


def test_ask_without_a_terminal_fails_closed(strict: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("a\n"))
    strict["reviews"] = [{"id": "r", "purpose": "exploration", "on": "output", "role": "marketing", "self_review": "allowed"}]
    with govai.Governor(strict, ledger=":memory:", actor="ana", review="ask") as gov, pytest.raises(PolicyError, match="no terminal"):
        ask(gov, "exploration")
    strict["reviews"][0]["purpose"] = "newsletter"
    with pytest.raises(govai.ConfigError, match="experiments only"):
        govai.Governor(strict, ledger=":memory:")


async def test_the_async_twins(strict: dict) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        with pytest.raises(govai.ReviewPending) as caught:
            await gov.agenerate("near:echo", "Écris à {prenom}", data=ROW, purpose="newsletter")
        lea = gov.bind(actor="lea").reviews
        assert [t.id for t in await lea.apending(role="marketing")] == [caught.value.ticket_id]
        await lea.aapprove(caught.value.ticket_id)
        assert (await gov.aresume(caught.value.ticket_id)).text == "Écris à Renée"
        await gov.aclose()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def filing(number: int = 0, role: str = "marketing", **more) -> Filing:
    needs = more.pop("needs", (ReviewNeed("r", role, expires_s=100),))
    return Filing(**{"on": "output", "text": f"texte {number}", "needs": needs, "reasons": (), "sources": (), "requester": "ana", "purpose": "p", "job": f"job-{number % 2}", "template": f"t{number % 2}", "fingerprint": f"f{number}", "digests": {"text": "x"}, "envelope": b"secret envelope", **more})


def test_tickets_expire_closed_and_destroy_what_they_keep(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk(at(tmp_path / "d.db"), KEYS, clock)
    ticket = desk.file(filing())
    clock.now += 101
    assert desk.get(ticket.id).status is Status.EXPIRED
    for call in (lambda: desk.decide(ticket.id, "lea", ["marketing"], govai.Verdict.approve()), lambda: desk.envelope(ticket.id)):
        with pytest.raises(govai.ReviewExpired):
            call()
    assert desk.file(filing()).id != ticket.id
    desk.close()


def test_a_release_that_was_begun_and_lost_may_be_taken_over(tmp_path: Path) -> None:
    clock = Clock()
    desk, other = (Desk(at(tmp_path / "d.db"), KEYS, clock) for _ in range(2))
    ticket = desk.file(filing(needs=(ReviewNeed("r", "marketing", expires_s=10_000),)))
    assert not desk.claim(ticket.id)
    other.decide(ticket.id, "lea", ["marketing"], govai.Verdict.approve())
    assert [desk.claim(ticket.id), other.claim(ticket.id)] == [True, False]
    clock.now += 121
    assert other.claim(ticket.id)
    other.released(ticket.id)
    clock.now += 121
    assert not desk.claim(ticket.id)
    desk.close(), other.close()


def test_each_role_approves_and_an_edit_starts_over(tmp_path: Path) -> None:
    desk = Desk(at(tmp_path / "d.db"), KEYS)
    ticket = desk.file(filing(needs=(ReviewNeed("a", "marketing"), ReviewNeed("b", "data"))))
    assert desk.decide(ticket.id, "lea", ["marketing"], govai.Verdict.approve()).status is Status.PENDING
    assert desk.decide(ticket.id, "ines", ["data"], govai.Verdict.approve("autre")).status is Status.PENDING
    done = desk.decide(ticket.id, "lea", ["marketing"], govai.Verdict.approve())
    assert (done.status, done.text, done.edited, set(done.decided_by)) == (Status.APPROVED, "autre", True, {"lea", "ines"})
    desk.close()


def test_groups_are_adjacent_and_filters_hold(tmp_path: Path) -> None:
    desk = Desk(at(tmp_path / "d.db"), KEYS)
    for number in range(6):
        desk.file(filing(number))
    assert [t.template for t in desk.pending(group_by="template")] == ["t0"] * 3 + ["t1"] * 3
    assert len(desk.pending(job="job-1")) == 3 and desk.pending(role="data") == []
    with pytest.raises(govai.ConfigError, match="'template'"):
        desk.pending(group_by="templat")
    desk.close()


def test_what_tickets_keep_is_encrypted_and_bound(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    desk = Desk(at(path), KEYS)
    one, two = desk.file(filing(1)), desk.file(filing(2))
    assert desk.envelope(one.id) == b"secret envelope"
    desk.keep_reply("f", b"secret reply")
    desk.close()
    raw = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"secret" not in raw and b"texte" not in raw
    base = sqlite3.connect(path)
    base.execute("UPDATE tickets SET envelope=(SELECT envelope FROM tickets WHERE id=?) WHERE id=?", (one.id, two.id))
    base.commit()
    base.close()
    with pytest.raises(PolicyError, match="cannot be opened"):
        Desk(at(path), KEYS).envelope(two.id)
    with pytest.raises(PolicyError, match="cannot be opened"):
        Desk(at(path), RootKey(b"o" * 32, "other")).get(one.id)


def test_a_reply_no_longer_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk(at(tmp_path / "d.db"), KEYS, clock)
    desk.keep_reply("f", b"x")
    assert (desk.kept_reply("f"), desk.kept_reply("g")) == (b"x", None)
    clock.now += 72 * 3600 + 1
    with pytest.raises(govai.ReviewExpired):
        desk.kept_reply("f")
    desk.close()


def test_a_rejected_prompt_stays_rejected(strict: dict) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        gov.bind(actor="ines").reviews.reject(waiting(gov, "reporting"), note="non")
        with pytest.raises(govai.ReviewRejected):
            ask(gov, "reporting")


def test_a_reviewer_sees_tool_arguments_too(strict: dict, server: Server) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        with pytest.raises(govai.ReviewPending):
            gov.generate("near:tool", "Écris à {prenom} : virement de mille euros", data=ROW, purpose="newsletter")
        (seen,) = gov.bind(actor="lea").reviews.pending()
        assert "virement de mille euros" in seen.text and "Renée" not in seen.text


def test_a_declared_name_that_a_reviewer_types_is_protected_again(strict: dict, server: Server) -> None:
    with govai.Governor(strict, ledger=":memory:", actor="ana") as gov:
        ticket = waiting(gov, "reporting")
        gov.bind(actor="ines").reviews.approve(ticket, text="Écrire plutôt à Renée en personne")
        server.log.clear()
        assert gov.resume(ticket).text == "Écrire plutôt à Renée en personne"
        assert "Renée" not in server.bodies[-1].decode()
