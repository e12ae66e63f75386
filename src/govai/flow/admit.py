"""Admit: the one way down. Read, see, decide, ask, protect, and make the intent durable before the first byte leaves.

Written once as a generator of waits; `waits.run` and `waits.arun` drive it. Whatever goes wrong, nothing leaves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from govai.core.canonical import digest
from govai.core.data import Seen
from govai.core.decisions import Decision, Effect
from govai.core.errors import Blocked, GovaiError, LedgerUnavailable, PolicyError, Ungoverned
from govai.core.exchange import Operation, SlotKind, spell
from govai.core.lang import say
from govai.flow import recording, showing
from govai.flow.asked import notice
from govai.flow.batches import known, line_asked, lines_of, named_line, refuse_reviews
from govai.flow.call import Call
from govai.flow.derived import made_from
from govai.flow.fetching import fetched
from govai.flow.outgoing import read_outgoing
from govai.flow.protecting import conversation_key, protect, renamed
from govai.flow.releasing import go_on_with, kept, resumed
from govai.flow.reviewing import Matter, check_decidable, needs_on, review
from govai.flow.seeing import see
from govai.flow.waits import Commit, Wait
from govai.policy.judge import Question
from govai.protect.tokens import KindOnly, Tokens

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import httpx2

    from govai.core.records import Draft
    from govai.flow.asked import Asked
    from govai.flow.engine import Engine
    from govai.flow.outgoing import Outgoing

_LATER = (Operation.FETCH, Operation.TRACK, Operation.RESULTS)  # of what was asked, and judged, earlier
_WHY = {
    "opaque": ("cannot be looked into", "ne peut être examiné"),
    "references": ("is something the provider already holds", "est déjà chez le fournisseur"),
    "recipients": ("is a tool the provider runs", "est un outil que le fournisseur exécute"),
}
_KEPT = (
    "asks the provider to keep the request and its answer",
    "demande au fournisseur de garder la requête et la réponse",
)
_OF_NO_ROOT = bytes(32)  # what names a call must not change with the keys: its name is keyed itself, by any root


def admit(engine: Engine, asked: Asked, request: httpx2.Request, raw: bytes, like: str) -> Generator[Wait, Any, Call]:
    """Decide on one request, whose body is `raw`; return the call that may leave, or that is already answered.

    Raises:
        GovaiError: it may not leave; the refusal is recorded.
    """
    call = Call(engine, asked)
    asked.trace.ledger = engine.ledger.url
    for sink in asked.scope.sinks:
        engine.ledger.attach(sink)
    try:
        return (yield from _decided(call, request, raw, like))
    finally:
        notice(call.asked)


def _decided(call: Call, request: httpx2.Request, raw: bytes, like: str) -> Generator[Wait, Any, Call]:
    engine = call.engine
    failure: GovaiError
    try:
        call.outgoing = read_outgoing(engine.policy, request, raw, like)
        call.asked.trace.region = call.outgoing.provider.region if call.outgoing.provider else ""
        yield from _prepare(call)
    except LedgerUnavailable:
        raise
    except GovaiError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 -- fail closed, and without the message: it may hold a value
        failure = PolicyError(
            say(
                f"looking into the request failed ({type(error).__name__})",
                f"examen impossible ({type(error).__name__})",
            ),
            todo=say("nothing left; please report it with the shape of the request", "rien n'est parti ; signalez-le"),
        )
    else:
        return call
    named = call.record_id if call.intent is None else ""  # an intent may be durable already, under that name
    draft = recording.refusal(engine, call.asked, call.outgoing, call.sight, call.decision, failure, named)
    yield Commit(engine.ledger, (draft,))
    trace = call.asked.trace
    trace.refusal, trace.record_id = str(failure), draft.id
    raise failure


def decide(call: Call) -> None:
    """See and judge, without protecting or sending: the first half of `admit`, which `explain` also uses.

    Raises:
        Ungoverned: the request names something that nothing allows. PurposeRequired, ConsentRequired, ConfigError: from the policy.
    """
    engine, asked, outgoing = call.engine, call.asked, call.read
    if asked.scope.purpose:
        engine.policy.purpose(asked.scope.purpose)
    _refuse_unnamed(call)
    call.sight = see(engine.lookout, [*outgoing.view.slots, *outgoing.extra], asked)
    if outgoing.operation is Operation.LIST and not call.sight.spots:  # nothing of anyone's goes either way
        call.decision = Decision(Effect.ALLOW, purpose=asked.scope.purpose, policy=engine.policy.digest)
        return
    if not asked.declared and any(spot.datum.seen is Seen.SEALED for spot in call.sight.spots):
        asked = call.asked = replace(asked, declared=True)
    call.decision = engine.policy.judge(
        Question(
            items=tuple(call.sight.items),
            purpose=asked.scope.purpose,
            provider=outgoing.provider,
            host=outgoing.host,
            like=outgoing.wire.like,
            blocks=asked.scope.block,
            needs=asked.scope.needs,
            declared=asked.declared or _says_nothing(outgoing),
            observe=engine.observe,
        )
    )


def _says_nothing(outgoing: Outgoing) -> bool:
    """Whether a request is about what was asked, and judged, earlier, and has no words but the protocol's."""
    own = (SlotKind.TEXT, SlotKind.KEY, SlotKind.NUMBER)
    return outgoing.operation in _LATER and not any(slot.kind in own for slot in outgoing.view.slots)


def _prepare(call: Call) -> Generator[Wait, Any, None]:
    engine, asked, outgoing = call.engine, call.asked, call.read
    if asked.ticket:
        yield from resumed(call)
        return
    decide(call)
    if call.sight is None or call.decision is None:
        raise AssertionError("decide fills both")
    trace = asked.trace
    trace.decision, trace.provider = call.decision, call.decision.provider
    call.token_key = conversation_key(engine.key("placeholders"), asked.scope, outgoing.view.first_user)
    call.tokens = KindOnly() if outgoing.operation is Operation.EMBED else Tokens(call.token_key)
    if outgoing.operation is Operation.SUBMIT:
        _prepare_lines(call)
    call.raw = protect(outgoing.body, call.sight, call.decision, call.tokens, outgoing.view.model)
    unrooted = conversation_key(_OF_NO_ROOT, asked.scope, outgoing.view.first_user)
    call.naming = partial(_named, call.raw, call.tokens, unrooted)
    if outgoing.operation is Operation.FETCH:
        yield from fetched(call)
        trace.decision, trace.provider = call.judged, call.judged.provider
    elif outgoing.operation in _LATER:
        if not _says_nothing(outgoing) and needs_on(call.judged, "prompt"):
            refuse_reviews(call)
        yield from known(call)
    trace.sent = tuple((spell(path), text) for path, text in call.texts())
    if (yield from kept(call)):
        return
    check_decidable(engine, call.asked, call.judged)
    if outgoing.operation not in _LATER:  # their prompts were reviewed when they were asked
        yield from _review_prompt(call)
    if call.intent is None:
        links = call.links | made_from(call)
        call.intent = recording.intent(
            engine, call.asked, outgoing, call.sight, call.judged, call.raw, call.record_id, links
        )
        try:
            yield Commit(engine.ledger, (call.intent, *_line_intents(call, call.intent.id)))
        except Blocked as error:
            raise _of_its_line(call, error)  # noqa: B904 -- the same error, saying where
    trace.record_id = call.intent.id


def _named(raw: bytes, tokens: Tokens, unrooted: bytes) -> str:
    return digest(renamed(raw, tokens, Tokens(unrooted)))


def _prepare_lines(call: Call) -> None:
    """Decide on each request of a batch and protect it in place; the first that may not leave stops them all."""
    refuse_reviews(call)
    root = call.engine.key("placeholders")
    for number, outgoing in enumerate(lines_of(call), start=1):
        line = Call(call.engine, line_asked(call), outgoing)
        try:
            decide(line)
            refuse_reviews(line)
            line.token_key = conversation_key(root, line.asked.scope, outgoing.view.first_user)
            line.tokens = KindOnly() if outgoing.operation is Operation.EMBED else Tokens(line.token_key)
            if line.sight is None:
                raise AssertionError("decide fills it")
            line.raw = protect(outgoing.body, line.sight, line.judged, line.tokens, outgoing.view.model)
        except GovaiError as error:
            call.outgoing, call.sight, call.decision = outgoing, line.sight, line.decision  # it is the refusal's reason
            raise named_line(number, error)  # noqa: B904 -- the same error, saying where
        call.lines.append(line)


def _of_its_line(call: Call, error: Blocked) -> GovaiError:
    """Return the error, saying of which request of a batch it is; that one is the refusal's reason."""
    for number, line in enumerate(call.lines, start=1):
        if line.intent is not None and line.intent.id == error.intent_id:
            call.outgoing, call.sight, call.decision = line.outgoing, line.sight, line.decision
            return named_line(number, error)
    return error


def _line_intents(call: Call, batch: str) -> Iterator[Draft]:
    for line in call.lines:
        line.intent = recording.intent(
            call.engine,
            line.asked,
            line.read,
            line.sight,
            line.judged,
            line.raw,
            line.record_id,
            {"batch": batch, **made_from(line)},
        )
        yield line.intent


def _review_prompt(call: Call) -> Generator[Wait, Any, None]:
    needs = needs_on(call.judged, "prompt")
    if not needs:
        return
    shown, fingerprints = showing.prompt(call), call.fingerprints("prompt")
    matter = Matter("prompt", shown, call.envelope(None), fingerprints, call.digests(), call.record_id)
    passed = yield from review(call.engine, call.asked, call.judged, needs, matter)
    yield from go_on_with(call, passed)


def _refuse_unnamed(call: Call) -> None:
    view, policy = call.read.view, call.engine.policy
    for group, named in (("opaque", view.opaque), ("references", view.references), ("recipients", view.recipients)):
        for name, where in named:
            if not policy.permits(group, name):
                why, raison = _KEPT if name == "store" else _WHY[group]
                without = ("make it false", "mettez false") if name == "store" else ("leave it out", "retirez-le")
                raise Ungoverned(
                    say(f"'{name}' {why}", f"« {name} » {raison}"),
                    where=where,
                    todo=say(
                        f"{without[0]}, or name it in the policy: allow: {{{group}: [{name}]}}",
                        f"{without[1]}, ou nommez-le dans la politique : allow: {{{group}: [{name}]}}",
                    ),
                )
