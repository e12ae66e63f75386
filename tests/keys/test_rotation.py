"""Rotated between writing and reading: everything is still right. Retired: a clear error, and the command says so before."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anthropic
import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.keys import open_keys, public_keys
from govai.keys.spelling import read
from tests.flow.test_batches import Provider as Batches
from tests.flow.test_batches import over
from tests.flow.test_fetching import Background, client_over

ROW = {"prenom": "Renée"}


class Place:
    """A ledger and its key file; `open` gives a new governor, as another process would have it."""

    def __init__(self, folder: Path, policy: dict) -> None:
        self.folder, self.policy, self.keys = folder, policy, folder / "secrets" / "govai.keys"
        self.url = f"sqlite:///{folder}/ledger.db"
        self.run("new", str(self.keys))

    def run(self, *args: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["keys", *args])
        assert done.exit_code == code, done.output
        return done.output

    def rotate(self) -> None:
        self.run("rotate", str(self.keys))

    def retire(self) -> str:
        oldest = open_keys(f"file:{self.keys}", "").roots[-1].id
        return self.run("retire", oldest, "--keys", f"file:{self.keys}", "--ledger", self.url, "--yes")

    def open(self, **more: Any) -> govai.Governor:
        return govai.Governor(more.pop("policy", self.policy), ledger=self.url, keys=f"file:{self.keys}", actor="ana", **more)


@pytest.fixture
def place(tmp_path: Path, policy: dict) -> Place:
    policy["reviews"] = [{"id": "published", "purpose": "newsletter", "role": "marketing"}]
    return Place(tmp_path, policy)


def ask(gov: govai.Governor, **more: Any) -> str:
    return gov.generate("offline:echo", "Écris à {prenom}", data=ROW, **{"purpose": "newsletter", **more}).text


def ticket_of(gov: govai.Governor, **more: Any) -> str:
    with pytest.raises(govai.ReviewPending) as caught:
        ask(gov, **more)
    return caught.value.ticket_id


def test_a_ticket_is_found_decided_and_released_after_two_rotations(place: Place) -> None:
    with place.open() as gov:
        ticket = ticket_of(gov)
    place.rotate()
    with place.open() as gov:
        assert ticket_of(gov) == ticket
        assert [one.id for one in gov.reviews.pending()] == [ticket]
    place.rotate()
    with place.open() as gov:
        gov.bind(actor="lea").reviews.approve(ticket)
        assert ask(gov) == "Écris à Renée"


def test_a_ticket_is_resumed_after_a_rotation(place: Place) -> None:
    with place.open() as gov:
        ticket = ticket_of(gov)
        gov.bind(actor="lea").reviews.approve(ticket)
    place.rotate()
    with place.open() as gov:
        assert gov.resume(ticket).text == "Écris à Renée"


def test_a_rejection_stands_after_a_rotation(place: Place) -> None:
    with place.open() as gov:
        gov.bind(actor="lea").reviews.reject(ticket_of(gov), "no")
    place.rotate()
    with place.open() as gov, pytest.raises(govai.ReviewRejected):
        ask(gov)


def test_a_call_with_a_key_is_not_paid_twice(place: Place) -> None:
    with place.open() as gov:
        first = ask(gov, purpose="support", key="k")
    for _ in range(3):
        place.rotate()
        with place.open() as gov:
            assert ask(gov, purpose="support", key="k") == first
            assert len(list(gov.ledger.records(kind="intent"))) == 1


def test_what_was_asked_in_the_background_is_fetched_after_a_rotation(place: Place, server: Any) -> None:
    handler = Background()
    with place.open() as gov:
        gov.wrap(client_over(handler, server), purpose="support").responses.create(model="gpt", input="à ana@exemple.fr", background=True)
    place.rotate()
    handler.fetched = 1
    with place.open() as gov:
        wrapped = gov.wrap(client_over(handler, server), purpose="support")
        assert wrapped.responses.retrieve("resp_1").output_text == "à ana@exemple.fr"
    place.retire()
    with place.open() as gov, pytest.raises(govai.Ungoverned, match="no call that govai knows"):
        gov.wrap(client_over(handler, server), purpose="support").responses.retrieve("resp_1")


def test_a_batch_is_collected_after_rotations_at_every_step(place: Place, server: Any) -> None:
    provider = Batches()

    def client(gov: govai.Governor) -> Any:
        return gov.wrap(anthropic.Anthropic(base_url=server.url, api_key="x", http_client=over(provider), max_retries=0), purpose="support")

    with place.open() as gov:
        request = {"custom_id": "row-1", "params": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "à ana@exemple.fr"}]}}
        client(gov).messages.batches.create(requests=[request])
    assert "ana@exemple.fr" not in "".join(provider.received)
    for _ in range(2):
        place.rotate()
        with place.open() as gov:
            batches = client(gov).messages.batches
            assert batches.retrieve("msgbatch_1").id == "msgbatch_1"
            (result,) = list(batches.results("msgbatch_1"))
            assert result.result.message.content[0].text == "à ana@exemple.fr"
    place.retire()  # the root it was sealed with: its later names lead to what cannot be opened
    with place.open() as gov, pytest.raises(govai.GovaiError, match="cannot be opened"):
        client(gov).messages.batches.retrieve("msgbatch_1")


def test_people_and_texts_are_found_again_under_any_root(place: Place) -> None:
    with place.open() as gov:
        ask(gov, purpose="support", subject="crm:42")
        before = next(gov.ledger.records(kind="intent")).body
        engine = gov._engine
        made = engine.commitment("commitments", b"text")
    place.rotate()
    with place.open() as gov:
        ask(gov, purpose="support", subject="crm:42")
        engine = gov._engine
        after = list(gov.ledger.records(kind="intent"))[-1].body
        today, earlier = engine.subjects("subject", "crm:42")
        assert today == engine.subject("subject", "crm:42") != earlier
        assert engine.proves("commitments", b"text", made) and engine.commitment("commitments", b"text") != made
        assert not engine.proves("commitments", b"other", made) and not engine.proves("commitments", b"text", "é")
    place.retire()
    with place.open() as gov:
        assert not gov._engine.proves("commitments", b"text", made)


def test_a_running_governor_keeps_its_placeholders_and_a_new_one_makes_others(place: Place, server: Any) -> None:
    sent = Background()

    def send(gov: govai.Governor) -> str:
        gov.wrap(client_over(sent, server), purpose="support").responses.create(model="gpt", input="à ana@exemple.fr", background=True)
        return sent.asked[-1]["input"]

    with place.open() as gov:
        first = send(gov)
        place.rotate()
        assert send(gov) == first
    with place.open() as gov:
        assert send(gov) != first


def test_checkpoints_of_every_root_can_be_verified(place: Place) -> None:
    first = public_keys(open_keys(f"file:{place.keys}", ""))
    place.rotate()
    place.retire()
    ring = open_keys(f"file:{place.keys}", "")
    assert len(ring.roots) == 2 and first.items() <= public_keys(ring).items()


def test_what_a_root_opens_is_counted_before_it_is_retired_and_a_clear_error_after(place: Place) -> None:
    with place.open() as gov:
        ticket = ticket_of(gov)
        ask(gov, purpose="support", key="k")
    place.rotate()
    with place.open() as gov:
        ask(gov, purpose="support", key="k2")
    old = open_keys(f"file:{place.keys}", "").roots[-1].id
    args = ("retire", old, "--keys", f"file:{place.keys}", "--ledger", place.url)
    before = place.keys.read_text()
    said = place.run(*args, code=1)
    assert "1 open tickets and 1 kept replies" in said and "paid again" in said and "nothing was done" in said
    assert place.keys.read_text() == before
    assert f"retired {old}" in place.run(*args, "--yes")
    assert before.split()[2] not in place.keys.read_text()
    with place.open() as gov:
        for use in (lambda: gov.bind(actor="lea").reviews.approve(ticket), gov.reviews.pending, lambda: gov.resume(ticket)):
            with pytest.raises(govai.PolicyError, match="its key is another or retired"):
                use()


def test_two_processes_one_of_which_was_not_restarted_yet(place: Place) -> None:
    """The order for several processes: prepare, restart, rotate, restart. None of them ever meets what it cannot read."""
    place.run("prepare", str(place.keys))
    with place.open() as slow:
        place.rotate()
        with place.open() as fast:
            ticket = ticket_of(fast)
            first = ask(fast, purpose="support", key="k")
        assert ticket_of(slow) == ticket
        assert ask(slow, purpose="support", key="k") == first
        assert len(list(slow.ledger.records(kind="intent"))) == 2


def test_no_root_stands_anywhere_but_in_its_file(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    seen = []
    for step in (None, place.rotate, place.rotate, place.retire):
        if step:
            seen.append(str(step()))
        with place.open() as gov:
            seen.append(repr(gov) + repr(gov._engine) + str(gov.ledger.verify()))
            ask(gov, purpose="support", key="k")
            try:
                ticket_of(gov)
                gov.reviews.pending()
            except govai.GovaiError as error:
                seen.append(str(error))
    roots = [one.kept for one in read(place.keys.read_text())]
    stored = b"".join(one.read_bytes() for one in place.folder.rglob("*") if one.is_file() and one != place.keys)
    for root in roots:
        for shape in (root, root.hex().encode(), base64.b64encode(root), repr(root).encode()):
            assert shape not in stored and shape.decode("latin-1") not in "".join(seen) + caplog.text
