"""Batches: each request in one is admitted like a call of its own, and its answer, whenever it comes, is restored with its own
placeholders. What that takes is kept, encrypted, under the names by which the provider speaks of the batch.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import orjson

from govai.core.errors import GovaiError, PolicyError, Ungoverned
from govai.core.exchange import Operation, Usage
from govai.core.lang import say
from govai.core.records import new_id
from govai.flow import recording
from govai.flow.asked import Trace
from govai.flow.derived import remember
from govai.flow.disclosing import answered
from govai.flow.settling import Settlement
from govai.flow.waits import Do, Wait
from govai.policy.judge import Question
from govai.protect.tokens import Tokens
from govai.wire.codec import encode, parse
from govai.wire.formats import endpoint_of, format_named

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from govai.core.exchange import BatchFormat, Path, Result
    from govai.flow.call import Call
    from govai.flow.outgoing import Outgoing

KEEP_S = 30 * 24 * 3600  # seconds: as long as providers keep the answers of a batch
BATCHES = (Operation.SUBMIT, Operation.TRACK, Operation.RESULTS)
_OK = range(200, 300)


def lines_of(call: Call) -> list[Outgoing]:
    """Return the requests of a batch, each as a request that is read like any other.

    Raises:
        Ungoverned: one of them is for an endpoint that no format knows, or cannot be read; or there are none.
    """
    batch, outgoing = _format(call), call.read
    lines = batch.lines(outgoing.body, outgoing.view.model or "")
    if not lines:
        raise Ungoverned(
            say("this batch holds no request that can be looked into", "ce lot ne contient aucune requête lisible"),
            where=batch.name,
            todo=say("give its requests inline, or as JSON lines", "donnez ses requêtes en ligne, ou en JSON lines"),
        )
    return [_line(call, number, line.body, line.endpoint) for number, line in enumerate(lines, start=1)]


def _line(call: Call, number: int, path: Path, endpoint: str) -> Outgoing:
    outgoing = call.read
    found = endpoint_of(outgoing.wire.like, "POST", endpoint)
    if found is None or found[1].operation not in (Operation.GENERATE, Operation.EMBED, Operation.COUNT):
        raise _unreadable(number, say("its endpoint is not governed", "son point d'accès n'est pas gouverné"))
    try:
        body = _at(outgoing.body, path)
        view = found[0].read_request(body)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        problem = str(error) if isinstance(error, ValueError) else type(error).__name__
    else:
        view.model = view.model or outgoing.view.model
        return replace(
            outgoing, wire=found[0], operation=found[1].operation, body=body, view=view, extra=[], stream=False
        )
    raise _unreadable(number, problem)


def _unreadable(number: int, problem: str) -> Ungoverned:
    return Ungoverned(
        say(
            f"request {number} of the batch cannot be looked into: {problem}", f"requête {number} illisible : {problem}"
        ),
        where=say(f"line {number}", f"ligne {number}"),
        todo=say("mend this line: nothing was sent", "corrigez cette ligne : rien n'est parti"),
    )


def named_line(number: int, error: GovaiError) -> GovaiError:
    """Return the error of one request of a batch, saying which."""
    error.where = ", ".join(filter(None, (say(f"line {number}", f"ligne {number}"), error.where)))
    return error


def refuse_reviews(call: Call) -> None:
    """Refuse a request whose text or answer a person has to read first: a batch waits for nobody.

    Raises:
        PolicyError: it needs a review.
    """
    if call.judged.reviews:
        raise _unreviewed(call.judged.reviews[0].role)


def known(call: Call) -> Generator[Wait, Any, None]:
    """Take up what was kept of the batches that a request speaks of.

    Raises:
        Ungoverned: no governed call made it. PolicyError: what its purpose stands for is now reviewed.
    """
    engine, outgoing = call.engine, call.read
    for name in (*((outgoing.answer_id,) if outgoing.answer_id else ()), *outgoing.view.batches):
        raw: bytes | None = yield Do(lambda name=name: _kept(call, name))  # type: ignore[misc]
        if raw is not None:
            call.batch = orjson.loads(raw)
            _revalidate(call)
        elif not engine.policy.permits("references", "file_id"):
            raise Ungoverned(
                say("this batch or file was not made through govai", "ce lot ou fichier n'a pas été créé par govai"),
                where="id",
                todo=say(
                    "use the ledger and keys it was made with, or name it in the policy: allow: {references: [file_id]}",
                    "utilisez le registre et les clés de sa création, ou allow: {references: [file_id]}",
                ),
            )


class BatchSettlement:
    """The answer to a request about a batch: its names are learned, its answers restored and recorded one by one.

    Args:
        call: the request. on_end: called once with (`completed` | `failed`, error class).
    """

    def __init__(self, call: Call, on_end: Callable[[str, str], None]) -> None:
        self._call, self._on_end = call, on_end
        self.incidents: list[str] = []
        self._told: set[str] = set()  # requests whose answer is recorded

    def whole(self, status: int, raw: bytes) -> bytes:
        """Take the complete answer and return it restored; one that cannot be read stays in its protected form."""
        if status not in _OK:
            self._on_end("failed", f"http_{status}")
            return raw
        call, batch = self._call, _format(self._call)
        by_line = call.read.operation is Operation.RESULTS
        try:
            body = [parse(line) for line in raw.splitlines() if line.strip()] if by_line else parse(raw)
        except ValueError:
            self._on_end("completed", "unreadable")
            return raw
        if not by_line:
            self._learn(batch.names(body))
        changed = [self._restore(body, one) for one in batch.results(body)]
        self._on_end("completed", "")
        if not any(changed):
            return raw
        return b"".join(encode(line) + b"\n" for line in body) if by_line else encode(body)

    def _learn(self, names: Iterable[str]) -> None:
        call = self._call
        kept = call.batch
        if call.read.operation is Operation.SUBMIT:
            kept = _made(call)
        if kept is None:
            return
        raw, about = orjson.dumps(kept), [line["record"] for line in kept["lines"].values() if line["record"]]
        first = kept["as"]
        for name in dict.fromkeys(names):
            if not first:
                first = kept["as"] = _name(call, name)
                raw = orjson.dumps(kept)
                call.engine.desk.keep_reply(first, raw, KEEP_S, about=about)
            elif _name(call, name) != first:
                call.engine.desk.keep_reply(_name(call, name), orjson.dumps({"alias": first}), KEEP_S, about=about)

    def _restore(self, body: Any, result: Result) -> bool:
        kept = self._call.batch or {}
        try:
            answer = _at(body, result.body)
            named = str(_at(body, result.name)) if result.name is not None else _place(result.body)
        except (KeyError, IndexError, TypeError):
            return False
        line = kept.get("lines", {}).get(named)
        if line is None or not isinstance(answer, dict):
            return False
        changed = self._settle(line, answer)
        return _rename(body, result.name, kept["names"].get(named)) or changed

    def _settle(self, line: dict[str, Any], answer: dict[str, Any]) -> bool:
        call = self._call
        wire = format_named(line["format"])
        tokens = Tokens.from_bytes(_bytes(line["key"]), _bytes(line["tokens"]))
        asked = replace(call.asked, call_id=line["call_id"], receives=line["receives"], trace=Trace())
        view = replace(call.read.view, json_answer=line["json"])
        outgoing = replace(call.read, wire=wire, operation=Operation.GENERATE, view=view)
        ended: list[tuple[str, str]] = []
        one = Settlement(outgoing, tokens, asked, lambda *how: ended.append(how), lambda _id: None)
        before = encode(answer)
        after = one.whole(200, before)
        self.incidents += one.incidents
        status, error = ended[0]
        if line["record"] not in self._told:
            self._told.add(line["record"])
            found = answered(call.engine, asked, asked.trace, line["record"], call.read.provider)
            incidents = [*one.incidents, *found]
            draft = recording.result(
                call.engine, asked, line["record"], status=status, error=error, incidents=incidents
            )
            call.engine.ledger.enqueue(draft)
            remember(call, line["record"], asked.trace)
        if after is before:
            return False
        answer.clear()
        answer.update(parse(after))
        return True


def _made(call: Call) -> dict[str, Any]:
    """Return what is to be kept of a batch, for its answers."""
    batch, scope = _format(call), call.asked.scope
    lines = batch.lines(call.read.body, call.read.view.model or "")
    kept = {}
    for at, (line, one) in enumerate(zip(lines, call.lines, strict=True)):
        named = str(at) if line.name is None else str(_at(call.read.body, line.name))
        kept[named] = {
            "record": one.intent.id if one.intent else "",
            "call_id": one.asked.call_id,
            "format": one.read.wire.name,
            "key": _text(one.token_key),
            "tokens": _text(one.placeholders.to_bytes()),
            "json": one.read.view.json_answer,
            "receives": dict(one.asked.receives),
        }
    tokens = call.placeholders
    names = {name: _own(name, tokens) for name in kept if any(token in name for token in tokens.held)}
    return {"as": "", "names": names, "purpose": scope.purpose, "provider": call.judged.provider, "lines": kept}


def _own(name: str, tokens: Tokens) -> str:
    for token, held in tokens.held.items():
        name = name.replace(token, held.value)
    return name


def _rename(body: Any, path: Path | None, own: str | None) -> bool:
    """Give an answer the name that its request had before it was protected."""
    if path is None or own is None:
        return False
    _at(body, path[:-1])[path[-1]] = own
    return True


def _revalidate(call: Call) -> None:
    """What was sent unreviewed is handed out unreviewed only while the policy still says so."""
    kept = call.batch or {}
    provider = call.engine.policy.providers.get(kept["provider"])
    question = Question(items=(), purpose=kept["purpose"], provider=provider, declared=True)
    reviews = call.engine.policy.judge(question).reviews
    if reviews:
        raise _unreviewed(reviews[0].role)


def _unreviewed(role: str) -> PolicyError:
    return PolicyError(
        say(f"{role} has to read this one by one, and a batch waits for nobody", f"{role} doit relire un à un"),
        todo=say("make these calls one by one", "faites ces appels un par un"),
    )


def _kept(call: Call, name: str) -> bytes | None:
    desk = call.engine.desk
    raw = desk.kept_reply(*_names(call, name))
    if raw is not None and (alias := orjson.loads(raw).get("alias")):
        raw = desk.kept_reply(alias)
    return raw


def _name(call: Call, name: str) -> str:
    return _names(call, name)[0]


def _names(call: Call, name: str) -> tuple[str, ...]:
    return call.engine.fingerprints({"on": "batch", "host": call.read.host, "id": name})


def _format(call: Call) -> BatchFormat:
    return cast("BatchFormat", call.read.wire)


def _at(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def _place(path: Path) -> str:
    """Return the number of an answer that has no name."""
    return str(next(step for step in reversed(path) if isinstance(step, int)))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def line_asked(call: Call) -> Any:
    """Return what holds for one request of a batch: all that holds for the batch, as a call of its own."""
    return replace(call.asked, call_id=new_id(), trace=Trace(usage=Usage()))
