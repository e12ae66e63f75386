"""Decide without sending: the same reading, seeing and judging as a call, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2

from govai.core.decisions import Effect
from govai.core.wording import restricted
from govai.doors.generating import body_for
from govai.flow import recording
from govai.flow.admit import decide
from govai.flow.call import Call
from govai.flow.outgoing import read_outgoing
from govai.wire.codec import encode

if TYPE_CHECKING:
    from govai.core.decisions import Decision
    from govai.doors.generating import Order
    from govai.flow.engine import Engine


def explain(engine: Engine, order: Order) -> Decision:
    """Return the decision on a call; raises what the call would raise before anything is sent, except Blocked."""
    target = order.targets[0]
    raw = encode(body_for(order, target, stream=False))
    url = target.provider.base_url + target.family.path_of(target.provider, target.model, stream=False)
    request = httpx2.Request("POST", url, headers={"content-type": "application/json"}, content=raw)
    call = Call(engine, order.asked)
    call.outgoing = read_outgoing(engine.policy, request, raw, target.provider.like)
    decide(call)
    people = recording.subjects(engine, call.asked, call.sight)
    if people and engine.ledger.is_restricted(people):
        decision = call.judged
        return replace(decision, effect=Effect.BLOCK, reasons=(*decision.reasons, restricted()))
    return call.judged
