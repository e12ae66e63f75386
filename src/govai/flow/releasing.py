"""Go on after a review: release a prompt or an answer once, keep replies by key, hold answers that wait for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from govai.core.data import Seen, Tracked
from govai.core.decisions import Effect
from govai.core.errors import PolicyError, Ungoverned
from govai.core.exchange import Operation, Part, spell
from govai.core.lang import say
from govai.detect.known import known_values
from govai.flow import recording, showing
from govai.flow.derived import made_from
from govai.flow.ending import reading, rehearsal, replay
from govai.flow.envelope import Answer, Envelope, kept_decision
from govai.flow.protecting import blocked, rewritten
from govai.flow.reviewing import Matter, decided, needs_on, review, settled
from govai.flow.seeing import look_at_text
from govai.flow.waits import Commit, Do, Wait
from govai.policy.judge import Question
from govai.wire.codec import encode, parse, put
from govai.wire.sse import EventSplitter, with_data

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from govai.core.exchange import Channel, ReplySlot, WireFormat
    from govai.flow.call import Call
    from govai.flow.engine import Engine
    from govai.flow.reviewing import Passed
    from govai.policy.registry import Provider
    from govai.protect.tokens import Tokens
    from govai.review.tickets import Ticket

_OK = range(200, 300)


def kept(call: Call) -> Generator[Wait, Any, bool]:
    """Answer the call without sending it, where its key kept a reply or a reviewer approved the one that waits."""
    engine = call.engine
    if call.asked.key:
        names = call.fingerprints("reply")
        raw: bytes | None = yield Do(lambda: engine.desk.kept_reply(*names))
        if raw is not None:
            envelope = Envelope.from_bytes(raw)
            _take(call, envelope)
            call.answer = envelope.answer
            return True
    if not needs_on(call.judged, "output") or callable(call.asked.scope.review):
        return False
    ticket = yield from decided(engine, call.asked, call.fingerprints("output"))
    if ticket is None:
        return False
    yield from _release_answer(call, ticket)
    return True


def resumed(call: Call) -> Generator[Wait, Any, None]:
    """Go on from a ticket: send its approved prompt, or hand out its approved answer.

    Raises:
        ReviewPending, ReviewRejected, ReviewExpired: it is not approved. PolicyError: the policy changed since.
    """
    engine, asked = call.engine, call.asked
    ticket: Ticket = yield Do(lambda: engine.desk.get(asked.ticket))
    settled(ticket)
    envelope = yield from _open(call, ticket)
    _take(call, envelope)
    if ticket.on == "output":
        yield from _release_answer(call, ticket)
        return
    yield from _release_prompt(call, ticket)


def go_on_with(call: Call, passed: Passed) -> Generator[Wait, Any, None]:
    """Go on with a prompt that a person approved at once, or earlier through the desk."""
    if passed.ticket is not None:
        yield from _release_prompt(call, passed.ticket)
    elif passed.text is not None:
        _edit_prompt(call, passed.text)


def hold(call: Call, answer: Answer, headers: Mapping[str, str], *, stream: bool) -> Generator[Wait, Any, bytes]:
    """Settle a complete answer that nobody may see before a person approved it; return it restored.

    Raises:
        ReviewPending: it waits in the queue. Ungoverned: it cannot be read, so nobody could review it.
    """
    engine, asked = call.engine, call.asked
    settlement, trace = rehearsal(call, headers)
    needs = needs_on(call.judged, "output")
    good = answer.status in _OK
    try:
        if good and asked.key and not needs and _answers(call, answer, stream=stream):
            yield from _keep(call, answer)
        _through(settlement, answer, stream=stream)
    except BaseException as error:
        settlement.fail(error)
        raise
    if not needs or not good:
        return _through(replay(call), answer, stream=stream)
    if trace.pending:  # nothing to review yet: what is there of it is not handed out
        return _through(replay(call), _emptied(call, answer), stream=False)
    if trace.error == "unreadable" or settlement.unread or call.read.operation is Operation.RENDER:
        raise Ungoverned(
            say("the answer cannot be read, so nobody can review it", "la réponse est illisible, donc non relisible"),
            todo=say("nothing was handed out", "rien n'a été remis"),
        )
    shown = showing.answer(call, trace, answer, stream=stream)
    fingerprints = call.fingerprints("output")
    matter = Matter("output", shown, call.envelope(answer), fingerprints, call.digests(), call.record_id)
    passed = yield from review(engine, asked, call.judged, needs, matter)
    if passed.ticket is not None:
        yield from _release_answer(call, passed.ticket)
        answer = call.answer or answer
    else:
        answer = answer if passed.text is None else _edit_answer(call, answer, passed.text)
        edited = _edited(engine, passed.text)
        draft = recording.release(engine, asked, "", "output", record_id=call.record_id, edited=edited)
        yield Commit(engine.ledger, (draft,))
        if asked.key:
            yield from _keep(call, answer)
    return _through(replay(call), answer, stream=stream)


def _answers(call: Call, answer: Answer, *, stream: bool) -> bool:
    """Whether it is worth keeping: one that failed inside is asked for again."""
    settlement, trace = reading(call)
    _through(settlement, answer, stream=stream)
    return trace.error is None


def restored(call: Call) -> tuple[Answer, bytes]:
    """Return the answer that stands in for the network, and its restored bytes."""
    if call.answer is None:
        raise AssertionError("nothing stands in for the network")
    return call.answer, _through(replay(call), call.answer, stream=_is_stream(call.answer))


def check_edit(engine: Engine, tokens: Tokens, text: str, purpose: str, provider: Provider | None) -> str:
    """Put an edited text through the policy again and return it protected.

    Raises:
        Blocked: what the reviewer wrote may not leave.
    """
    protected = tuple(
        Tracked(held.value, replace(held.datum, seen=Seen.TRACKED)) for held in tokens.held.values() if held.datum.kind
    )
    sight = look_at_text(engine.lookout, text, (known_values(protected),) if protected else ())
    decision = engine.policy.judge(Question(items=tuple(sight.items), purpose=purpose, provider=provider))
    if decision.effect is Effect.BLOCK:
        raise blocked(decision, sight)
    return rewritten(sight, decision, tokens)


def _take(call: Call, envelope: Envelope) -> None:
    call.raw, call.token_key, call.tokens = envelope.body, envelope.token_key, envelope.tokens
    call.text = envelope.call["text"]
    call.decision = kept_decision(envelope.call["decision"])
    trace = call.asked.trace
    trace.decision, trace.provider = call.decision, call.decision.provider
    trace.record_id = envelope.call["record_id"]


def _open(call: Call, ticket: Ticket) -> Generator[Wait, Any, Envelope]:
    raw: bytes = yield Do(lambda: call.engine.desk.envelope(ticket.id))
    envelope = Envelope.from_bytes(raw)
    if envelope.call["policy"] != call.engine.policy.digest:
        raise PolicyError(
            say("the policy changed since this was reviewed", "la politique a changé depuis cette relecture"),
            where=f"ticket {ticket.id}",
            todo=say("make the call again: it will be judged and reviewed anew", "refaites l'appel"),
        )
    return envelope


def _claim(call: Call, ticket: Ticket) -> Generator[Wait, Any, None]:
    if not (yield Do(lambda: call.engine.desk.claim(ticket.id))):
        raise PolicyError(
            say("this ticket is being released elsewhere", "ce ticket est en cours de remise ailleurs"),
            where=f"ticket {ticket.id}",
            todo=say("it is released once; use the other caller's reply", "il n'est remis qu'une fois"),
        )


def _release_prompt(call: Call, ticket: Ticket) -> Generator[Wait, Any, None]:
    engine, asked = call.engine, call.asked
    if call.tokens is None:
        _take(call, (yield from _open(call, ticket)))
    yield from _claim(call, ticket)
    if ticket.edited:
        _edit_prompt(call, ticket.text)
    edited = _edited(engine, ticket.text if ticket.edited else None)
    released = recording.release(engine, asked, ticket.id, "prompt", record_id=call.record_id, edited=edited)
    call.intent = recording.intent(
        engine, asked, call.read, call.sight, call.judged, call.raw, call.record_id, made_from(call)
    )
    yield Commit(engine.ledger, (released, call.intent))
    yield Do(lambda: engine.desk.released(ticket.id))
    asked.trace.record_id = call.intent.id


def _release_answer(call: Call, ticket: Ticket) -> Generator[Wait, Any, None]:
    engine, asked = call.engine, call.asked
    envelope = yield from _open(call, ticket)
    yield from _claim(call, ticket)
    _take(call, envelope)
    answer = envelope.answer
    if answer is None:
        raise PolicyError(say("the ticket holds no answer", "le ticket ne contient pas de réponse"), where=ticket.id)
    if ticket.edited:
        answer = _edit_answer(call, answer, ticket.text)
    edited = _edited(engine, ticket.text if ticket.edited else None)
    record_id = envelope.call["record_id"]
    yield Commit(
        engine.ledger, (recording.release(engine, asked, ticket.id, "output", record_id=record_id, edited=edited),)
    )
    call.answer = answer
    if asked.key:
        yield from _keep(call, answer, record_id)
    yield Do(lambda: engine.desk.released(ticket.id))


def _keep(call: Call, answer: Answer, record_id: str = "") -> Generator[Wait, Any, None]:
    name, raw = call.fingerprints("reply")[0], call.envelope(answer).to_bytes()
    about = (record_id or call.record_id,)
    yield Do(lambda: call.engine.desk.keep_reply(name, raw, about=about))


def _edited(engine: Engine, text: str | None) -> str:
    return "" if text is None else engine.commitment("commitments", text.encode("utf-8", "surrogatepass"))


def _edit_prompt(call: Call, text: str) -> None:
    outgoing, scope = call.read, call.asked.scope
    body = parse(call.raw)
    view = outgoing.wire.read_request(body)
    places = [slot.path for slot in view.slots if slot.kind.value == "text" and slot.message >= 0]
    if len(places) != 1:
        raise PolicyError(
            say("an edited prompt must be a single text", "un message modifié doit être un texte unique"),
            where=", ".join(spell(path) for path in places[:3]),
            todo=say("reject it and say what to change", "refusez-le en disant quoi changer"),
        )
    text = text.removesuffix(showing.aside(call))
    put(body, places[0], check_edit(call.engine, call.placeholders, text, scope.purpose, outgoing.provider))
    call.raw = encode(body)


def _edit_answer(call: Call, answer: Answer, text: str) -> Answer:
    scope, provider, wire = call.asked.scope, call.read.provider, call.read.wire
    text = check_edit(call.engine, call.placeholders, text, scope.purpose, provider)
    if not _is_stream(answer):
        body = parse(answer.raw)
        _Edited(text).put_into(body, wire.read_reply(body).slots)
        return Answer(answer.status, answer.headers, encode(body))
    return Answer(answer.status, answer.headers, _edit_events(wire, answer.raw, text))


def _emptied(call: Call, answer: Answer) -> Answer:
    body = parse(answer.raw)
    for slot in call.read.wire.read_reply(body).slots:
        put(body, slot.path, "")
    return Answer(answer.status, answer.headers, encode(body))


def _edit_events(wire: WireFormat, raw: bytes, text: str) -> bytes:
    splitter, edited, out = EventSplitter(), _Edited(text), []
    for event in splitter.feed(raw):
        if event.data is None or event.data == b"[DONE]":
            out.append(event.raw)
            continue
        body = parse(event.data)
        changed = edited.put_into(body, wire.read_event(body).slots)
        out.append(with_data(event, encode(body)) if changed else event.raw)
    return b"".join(out) + splitter.finish()


class _Edited:
    """The text a reviewer gave: it stands in the first text of the answer, and wherever that is said again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place: Channel | None = None

    def put_into(self, body: Any, slots: Iterable[ReplySlot]) -> bool:
        """Put it in its place in one answer or event, and empty every other text; return whether there was one."""
        changed = False
        for slot in slots:
            if slot.channel.part is Part.TEXT and slot.channel.choice == 0:
                here = self._place is None or (slot.again and slot.channel == self._place)
                self._place = self._place or slot.channel
                put(body, slot.path, self._text if here else "")
                changed = True
        return changed


def _is_stream(answer: Answer) -> bool:
    kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
    return bool(kinds) and kinds[0].lower().startswith("text/event-stream")


def _through(settlement: Any, answer: Answer, *, stream: bool) -> bytes:
    if not stream:
        return bytes(settlement.whole(answer.status, answer.raw))
    return bytes(settlement.feed(answer.raw) + settlement.finish())
