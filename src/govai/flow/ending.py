"""How an attempt ends: what settles its answer, and the one outcome that is recorded of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from govai.flow import recording
from govai.flow.asked import Trace
from govai.flow.batches import BATCHES, BatchSettlement
from govai.flow.derived import remember
from govai.flow.disclosing import answered
from govai.flow.fetching import keep_for_later
from govai.flow.settling import Settlement, broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.flow.asked import Asked
    from govai.flow.call import Call
    from govai.flow.envelope import Answer


def settlement(call: Call, headers: Mapping[str, str]) -> Settlement:
    """Return what settles the answer to an attempt and records its outcome, once."""
    return _settlement(call, call.asked, headers)


def rehearsal(call: Call, headers: Mapping[str, str]) -> tuple[Settlement, Trace]:
    """Return the same with a trace of its own: for an answer that may not be handed out yet."""
    aside = replace(call.asked, trace=Trace())
    return _settlement(call, aside, headers), aside.trace


def reading(call: Call) -> tuple[Settlement, Trace]:
    """Return what only reads an answer, and its trace."""
    aside = replace(call.asked, trace=Trace())
    return Settlement(call.read, call.placeholders, aside, _unsaid, _unsaid), aside.trace


def replay(call: Call) -> Settlement:
    """Return what restores an answer whose outcome is already recorded."""
    return Settlement(call.read, call.placeholders, call.asked, lambda status, _error: _remember(call, status), _unsaid)


def _remember(call: Call, status: str) -> None:
    if status != "failed":
        remember(call, call.asked.trace.record_id, call.asked.trace)


def _unsaid(*_said: str) -> None:
    """Record nothing."""


def whole(call: Call, answer: Answer) -> bytes:
    """Settle a complete answer and return it restored."""
    headers = {name.lower(): value for name, value in answer.headers}
    if call.read.operation not in BATCHES:
        one = settlement(call, headers)
        try:
            return one.whole(answer.status, answer.raw)
        except BaseException as error:  # what a later fetch needs could not be kept
            one.fail(error)
            raise
    batch: BatchSettlement

    def ended(status: str, error: str) -> None:
        _record(call, call.asked.trace, status, error, headers, batch.incidents)
        for line in call.lines:
            _record(line, Trace(finish_reason="submitted"), status, error, headers, [])

    batch = BatchSettlement(call, ended)
    try:
        return batch.whole(answer.status, answer.raw)
    except BaseException as error:  # what the answers need could not be kept: nothing of the batch stays open
        ended(*broken(error))
        raise


def failed(call: Call, error: str) -> None:
    """Record that an attempt got no answer."""
    _unanswered(call, "failed", error)


def broke(call: Call, error: BaseException) -> None:
    """Record that an error ended an attempt before its answer; a cancelled one is abandoned."""
    _unanswered(call, *broken(error))


def _unanswered(call: Call, status: str, error: str) -> None:
    for one in (call, *call.lines):
        _record(one, Trace(), status, error, {}, [])


def _settlement(call: Call, asked: Asked, headers: Mapping[str, str]) -> Settlement:
    made: Settlement

    def ended(status: str, error: str) -> None:
        _record(call, asked.trace, status, error, headers, made.incidents)
        if asked is call.asked:  # not a rehearsal: it is handed out
            _remember(call, status)

    made = Settlement(call.read, call.placeholders, asked, ended, lambda name: keep_for_later(call, name))
    return made


def _record(
    call: Call, trace: Trace, status: str, error: str, headers: Mapping[str, str], incidents: list[str]
) -> None:
    seen = call.asked.trace
    seen.status, seen.error = status, error or seen.error
    if call.intent is None:
        return
    spoken = recording.spoken(trace)
    found = answered(call.engine, call.asked, trace, call.intent.id, call.read.provider)
    named = (headers.get(name) for name in call.read.wire.request_id_headers)
    said = {
        "model": trace.model,
        "finish_reason": trace.finish_reason,
        "request_id": next((name for name in named if name), trace.request_id),
        "response_id": trace.request_id,
        "error": error,
    }
    body = {
        "purpose": call.asked.scope.purpose,
        "status": status,
        "usage": {"input_tokens": trace.usage.input_tokens, "output_tokens": trace.usage.output_tokens},
        "output": call.engine.commitment("commitments", spoken),
        **recording.own_words(call.engine, call.asked, said),
        "latency_us": (time.monotonic_ns() - call.started) // 1000,
        "incidents": [*incidents, *found],
    }
    content = spoken if recording.keeps(call.engine, call.asked) else b""
    about = call.links.get("fetches", "")
    call.engine.ledger.enqueue(recording.outcome(call.asked, call.intent.id, body, content=content, about=about))
