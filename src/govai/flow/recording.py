"""Record: what the ledger keeps of an attempt, its outcome, a refusal, a review. No raw value is ever put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.decisions import field_json
from govai.core.errors import GovaiError
from govai.core.exchange import Operation, SlotKind
from govai.core.records import Draft, new_id
from govai.core.tracing import traceparent
from govai.flow.seeing import is_clean
from govai.wire.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.decisions import Decision
    from govai.core.scope import Scope
    from govai.flow.asked import Asked, Trace
    from govai.flow.engine import Engine
    from govai.flow.outgoing import Outgoing
    from govai.flow.seeing import Sight

_HIDDEN = "?"
# A batch is kept request by request, an answer that is fetched with the request it answers.
_NO_PROMPT = frozenset({Operation.SUBMIT, Operation.TRACK, Operation.RESULTS, Operation.FETCH})


def _call(engine: Engine, asked: Asked) -> dict[str, Any]:
    scope = asked.scope
    purpose = engine.policy.purposes.get(scope.purpose)
    trace = traceparent()
    return {
        "actor": {"id": scope.actor, "identity": "claimed"},
        "purpose": scope.purpose if purpose else "",
        "basis": purpose.basis if purpose else "",
        "use": purpose.use if purpose else "",
        "job": scope.job,
        "run_id": scope.run_id,
        **_parents(scope),
        "door": asked.door,
        "data": "declared" if asked.declared else "patterns only",
        "mode": "observe" if engine.observe else "enforce",
        "policy": {"name": engine.policy.name, "version": engine.policy.version, "digest": engine.policy.digest},
        "software": engine.version,
        **({"trace": trace} if trace else {}),
    }


def _parents(scope: Scope) -> dict[str, str]:
    """Return the run around the call's own, and the outermost one where that is another: (job, run id) of each."""
    if not scope.parents:
        return {}
    (root_job, root_run), (job, run) = scope.parents[0], scope.parents[-1]
    found = {"parent_job": job, "parent_run": run}
    return found if root_run == run else found | {"root_job": root_job, "root_run": root_run}


def _target(outgoing: Outgoing, sight: Sight | None) -> dict[str, Any]:
    entry = outgoing.provider
    # the model's name is the caller's text: it is recorded once it was looked at and nothing was found in it
    clean = sight is not None and not any(sight.slots[spot.text].kind is SlotKind.MODEL for spot in sight.spots)
    return {
        "provider": entry.name if entry else "",
        "host": outgoing.host,
        "region": entry.region if entry else "",
        "model": outgoing.view.model if clean else None,
        "operation": outgoing.operation.value,
        "format": outgoing.wire.name,
        "stream": outgoing.stream,
        "parameters": parameters(outgoing.body),
    }


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "decision": {
            "effect": decision.effect.word,
            "rules": list(decision.rules),
            "reviews": [{"id": need.id, "role": need.role, "on": need.on} for need in decision.reviews],
            "observed": [list(pair) for pair in decision.observed],
        },
        "fields": [field_json(judged) for judged in decision.findings],
    }


def subjects(engine: Engine, asked: Asked, sight: Sight | None) -> tuple[tuple[str, ...], ...]:
    """Return the digests by which everyone the call is about is looked up, each person once, sorted."""
    named = {engine.subjects(category, value) for category, value in asked.subjects}
    if asked.scope.subject:
        named.add(engine.subjects("subject", asked.scope.subject))
    if sight is not None:
        for spot in (*sight.spots, *(one for inside in sight.inner.values() for one in inside)):
            if spot.datum.identifying:
                named.add(engine.subjects(spot.datum.category or "", spot.value))
    return tuple(sorted(named))


def intent(
    engine: Engine,
    asked: Asked,
    outgoing: Outgoing,
    sight: Sight | None,
    decision: Decision,
    sent: bytes,
    record_id: str,
    links: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the record of an attempt: durable before its first byte leaves.

    `record_id` is the attempt's own, known before: reviews of its prompt name it.
    `links` names other records: `fetches`, the call whose answer is fetched; `batch`, the upload a request is part of;
    `derived_from`, the earlier calls whose answers stand in it.
    """
    body = {
        **_call(engine, asked),
        **_target(outgoing, sight),
        **_decided(decision),
        "subjects": [],
        "prompt": engine.commitment("commitments", sent),
        "ticket": asked.ticket,
    }
    body |= links or {}
    content = sent if outgoing.operation not in _NO_PROMPT and keeps(engine, asked) else b""
    return Draft("intent", asked.call_id, body, id=record_id, subjects=subjects(engine, asked, sight), content=content)


def refusal(
    engine: Engine,
    asked: Asked,
    outgoing: Outgoing | None,
    sight: Sight | None,
    decision: Decision | None,
    error: GovaiError,
    record_id: str = "",
) -> Draft:
    """Return the record of a call that did not leave; `record_id` is the attempt's own, where reviews may name it."""
    body = {**_call(engine, asked), "error": {"type": type(error).__name__, "code": error.code}}
    if outgoing is not None:
        body |= _target(outgoing, sight)
    if decision is not None:
        body |= _decided(decision)
    body |= {"subjects": [], "ticket": asked.trace.ticket}
    return Draft("refusal", asked.call_id, body, id=record_id or new_id(), subjects=subjects(engine, asked, sight))


def result(engine: Engine, asked: Asked, record_id: str, *, status: str, error: str, incidents: list[str]) -> Draft:
    """Return the record of one answer of a batch: `record_id` is its request's intent."""
    trace = asked.trace
    said = spoken(trace)
    body = {
        **_call(engine, asked),
        "fetches": record_id,
        "status": status,
        **own_words(engine, asked, {"model": trace.model, "finish_reason": trace.finish_reason, "error": error}),
        "usage": {"input_tokens": trace.usage.input_tokens, "output_tokens": trace.usage.output_tokens},
        "output": engine.commitment("commitments", said),
        "incidents": incidents,
    }
    return Draft("result", asked.call_id, body, content=said if keeps(engine, asked) else b"", kept_with=record_id)


def own_words(engine: Engine, asked: Asked, said: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return what a provider said of its answer (model, reason, id), `?` in place of each in which something was found."""
    words = [word for word in said.values() if word]
    try:
        if is_clean(engine.lookout, words, asked):
            return dict(said)
        return {
            name: word if not word or is_clean(engine.lookout, [word], asked) else _HIDDEN
            for name, word in said.items()
        }
    except GovaiError:  # a detector failed: what was not looked at is not recorded
        return dict.fromkeys(said, _HIDDEN)


def outcome(asked: Asked, intent_id: str, body: dict[str, Any], *, content: bytes = b"", about: str = "") -> Draft:
    """Return the record of how an attempt ended.

    `content`: the output to be kept. `about`: the record whose people it is about, where that is not the intent.
    """
    kept_with = about or intent_id
    return Draft("outcome", asked.call_id, body, intent_id=intent_id, content=content, kept_with=kept_with)


def keeps(engine: Engine, asked: Asked) -> bool:
    """Whether the policy has the prompts and outputs of a call kept."""
    return engine.policy.keeps_content(asked.scope.purpose)


def spoken(trace: Trace) -> bytes:
    """Return the text of an answer as it came: what its commitment is to, and what may be kept of it."""
    return "".join(trace.protected).encode("utf-8", "surrogatepass")


def release(engine: Engine, asked: Asked, ticket_id: str, on: str, *, record_id: str, edited: str) -> Draft:
    """Return the record of a reviewed prompt or answer going on.

    `record_id`: of the attempt that it lets go or whose answer it is. `edited`: the edited text's commitment, or "".
    """
    body = {**_call(engine, asked), "record": record_id, "ticket": ticket_id, "on": on, "edited": edited}
    return Draft("release", asked.call_id, body)


def decided_by_hook(
    engine: Engine, asked: Asked, on: str, *, record_id: str, verdict: str, roles: list[str], reviewer: str
) -> Draft:
    """Return the record of a review that a hook or the terminal decided at once, of the attempt `record_id`."""
    said = {"record": record_id, "on": on, "verdict": verdict, "roles": roles, "reviewer": reviewer}
    body = {**_call(engine, asked), **said}
    return Draft("review", asked.call_id, body)
