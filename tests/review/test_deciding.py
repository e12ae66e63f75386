"""`gov.reviews`: what is recorded, in which order, and the same in sync and async."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from govai.core.decisions import ReviewNeed
from govai.core.errors import Blocked, ConfigError, LedgerUnavailable, PolicyError, ReviewExpired
from govai.core.protocols import Verdict
from govai.core.records import Draft
from govai.keys import RootKey
from govai.ledger.store import Ledger
from govai.storage.sqlite import SqliteDatabase
from govai.review.desk import Desk
from govai.review.reviews import Reviews
from govai.review.tickets import Filing, Status, Ticket

PEOPLE = {"marketing": ["lea", "tom"], "data": ["ines", "tom"]}
KEYS = RootKey(b"r" * 32, "test")


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Office:
    """A desk, the ledger's records, and a policy that refuses one word in edited texts."""

    def __init__(self) -> None:
        self.clock, self.records, self.checked = Clock(), [], []
        self.desk = Desk(SqliteDatabase(":memory:", ":memory:"), KEYS, self.clock)
        self.before_record: Any = lambda: None

    def record(self, draft: Draft) -> None:
        self.before_record()
        self.records.append(draft)

    def check(self, ticket: Ticket, text: str) -> None:
        self.checked.append((ticket.id, text))
        if "secret" in text:
            raise Blocked("the policy says no")

    def of(self, actor: str, **more: Any) -> Reviews:
        return Reviews(self.desk, actor=actor, people=PEOPLE, record=self.record, check=self.check, **more)

    def file(self, name: str, *roles: str) -> str:
        needs = tuple(ReviewNeed(role, role, expires_s=100) for role in roles or ("marketing",))
        return self.desk.file(Filing("output", f"texte {name}", needs, (), (), "ana", "newsletter", "j", "t", name, {}, b"e")).id


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    with closing(made.desk):
        yield made


async def _sync(reviews: Reviews, verb: str, *args: Any, **more: Any) -> Any:
    return getattr(reviews, verb)(*args, **more)


async def _async(reviews: Reviews, verb: str, *args: Any, **more: Any) -> Any:
    return await getattr(reviews, "a" + verb)(*args, **more)


@pytest.fixture(params=[_sync, _async])
def do(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_one_gives_the_ticket_several_a_list(office: Office, do: Any) -> None:
    lea = office.of("lea")
    a, b, c, d = (office.file(name) for name in "abcd")
    assert (await do(lea, "approve", a, note="ok")).status is Status.APPROVED
    assert [one.id for one in await do(lea, "pending", role="marketing", job="j", group_by="template")] == [b, c, d]
    both = await do(lea, "reject", [office.desk.get(b), c, b], "non")
    assert [(one.id, one.status, one.note) for one in both] == [(b, Status.REJECTED, "non"), (c, Status.REJECTED, "non")]
    assert (await do(lea, "approve", [d], "mieux"))[0].text == "mieux"
    assert await do(lea, "approve", []) == []


async def test_the_record_says_who_what_and_why_and_holds_no_text(office: Office, do: Any) -> None:
    await do(office.of("lea"), "approve", office.file("a"), note="pour Zoé")
    await do(office.of("tom"), "approve", office.file("b", "marketing", "data"), "Chère Zoé")
    await do(office.of("lea"), "reject", office.file("c"))
    one, two, three = (draft.body for draft in office.records)
    assert [(body["verdict"], body["edited"], body["roles"], body["reviewer"]) for body in (one, two, three)] == [
        ("approved", False, ["marketing"], {"id": "lea", "identity": "claimed"}),
        ("edited", True, ["data", "marketing"], {"id": "tom", "identity": "claimed"}),
        ("rejected", False, ["marketing"], {"id": "lea", "identity": "claimed"}),
    ]
    assert all(draft.kind == "review" and draft.call_id == draft.body["ticket"] for draft in office.records)
    assert one["note"].startswith("hmac-sha256:") and three["note"] == ""
    assert one["text"] != two["text"] and "Zoé" not in repr(office.records) and "texte" not in repr(office.records)
    with Ledger(":memory:") if hasattr(Ledger, "__enter__") else closing(Ledger(":memory:")) as ledger:
        ledger.commit(office.records)  # all of it is what a record may hold
        assert len(list(ledger.records())) == 3


async def test_without_a_durable_record_nothing_is_decided(office: Office, do: Any) -> None:
    def fails() -> None:
        raise LedgerUnavailable("disk full")

    ticket = office.file("a")
    office.before_record = fails
    for verb in ("approve", "reject"):
        with pytest.raises(LedgerUnavailable):
            await do(office.of("lea"), verb, ticket)
    assert (office.desk.get(ticket).status, office.desk.envelope(ticket)) == (Status.PENDING, b"e")


async def test_a_verdict_that_came_second_is_recorded_as_void(office: Office, do: Any) -> None:
    ticket = office.file("a")

    def faster() -> None:
        office.before_record = lambda: None
        office.desk.decide(ticket, "tom", ["marketing"], Verdict.reject("non"))

    office.before_record = faster
    with pytest.raises(PolicyError, match="already rejected"):
        await do(office.of("lea"), "approve", ticket)
    said, void = office.records
    assert (said.body["verdict"], void.body["verdict"], void.body["voids"]) == ("approved", "void", said.id)
    assert office.desk.get(ticket).status is Status.REJECTED


async def test_what_may_not_be_decided_leaves_no_record(office: Office, do: Any) -> None:
    ticket, other = office.file("a"), office.file("b", "data")
    for actor, match in (("ana", "their own"), ("ines", "'marketing'"), ("zoe", "'marketing'")):
        with pytest.raises(PolicyError, match=match):
            await do(office.of(actor), "approve", ticket)
    with pytest.raises(PolicyError, match="'data'"):
        await do(office.of("lea"), "approve", [ticket, other])
    with pytest.raises(PolicyError, match="nobody is named"):
        await do(office.of("lea", named=False), "reject", ticket)
    with pytest.raises(Blocked):
        await do(office.of("lea"), "approve", ticket, "a secret")
    for several in ([ticket, other], []):
        with pytest.raises(ConfigError, match="one ticket"):
            await do(office.of("tom"), "approve", several, "text")
    for wrong in ([7], [None]):
        with pytest.raises(ConfigError, match="not a ticket"):
            await do(office.of("tom"), "approve", wrong)
    for text, note in ((7, ""), (None, None)):
        with pytest.raises(PolicyError, match="other types"):
            await do(office.of("lea"), "approve", ticket, text, note)
    assert (office.records, office.checked) == ([], [(ticket, "a secret")])
    assert [one.id for one in office.of("lea", named=False).pending()] == [ticket, other]
    office.clock.now += 100
    with pytest.raises(ReviewExpired):
        await do(office.of("lea"), "approve", ticket)
    assert office.records == []


async def test_every_verb_has_its_twin() -> None:
    verbs = [name for name in vars(Reviews) if not name.startswith("_")]
    for verb in ("pending", "approve", "reject"):
        assert {verb, "a" + verb} <= set(verbs)
        assert asyncio.iscoroutinefunction(getattr(Reviews, "a" + verb))
    assert len(verbs) == 6


def test_desk_and_ledger_share_a_file(tmp_path: Any) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/x.db")
    with closing(ledger), closing(Desk(ledger.database, KEYS)) as desk:
        reviews = Reviews(desk, actor="lea", people=PEOPLE, record=lambda draft: ledger.commit((draft,)), check=lambda *_: None)
        needs = (ReviewNeed("r", "marketing"),)
        ids = [desk.file(Filing("output", "x", needs, (), (), "ana", "p", "", "", str(n), {}, b"e")).id for n in range(3)]
        assert {one.status for one in reviews.approve(ids)} == {Status.APPROVED}
        assert [record.body["ticket"] for record in ledger.records(kind="review")] == ids
        assert ledger.verify().ok
    with closing(sqlite3.connect(tmp_path / "x.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
