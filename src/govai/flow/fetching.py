"""Answers that are fetched later: a call's placeholders are kept under the answer's id, so that whoever fetches it gets it
restored, reviewed and recorded like any answer. An id that no governed call was given is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from govai.core.errors import PolicyError, Ungoverned
from govai.core.lang import say
from govai.flow.envelope import Envelope, kept_decision
from govai.flow.waits import Do, Wait

if TYPE_CHECKING:
    from collections.abc import Generator

    from govai.flow.call import Call

_WORDS = ("purpose", "subject", "session", "job")


def keep_for_later(call: Call, answer_id: str) -> None:
    """Keep what an answer still to come will be restored with, encrypted, before its id is handed out."""
    raw = call.envelope(None).to_bytes()
    call.engine.desk.keep_reply(_names(call, answer_id)[0], raw, about=(call.record_id,))


def fetched(call: Call) -> Generator[Wait, Any, None]:
    """Take up the call whose answer is fetched: its decision, its placeholders, its purpose, its call id.

    Raises:
        Ungoverned: no governed call was given this id. PolicyError: the policy changed since.
    """
    engine, answer_id = call.engine, call.read.answer_id
    raw: bytes | None = yield Do(lambda: engine.desk.kept_reply(*_names(call, answer_id)))
    if raw is None:
        if not engine.policy.permits("references", "response_id"):
            raise Ungoverned(
                say(
                    "this answer belongs to no call that govai knows",
                    "cette réponse n'appartient à aucun appel connu de govai",
                ),
                where="response_id",
                todo=say(
                    "fetch it with the ledger and keys it was asked with, or name it in the policy: allow: {references: [response_id]}",
                    "récupérez-la avec le registre et les clés de la demande, ou nommez-la : allow: {references: [response_id]}",
                ),
            )
        return
    envelope = Envelope.from_bytes(raw)
    said = envelope.call
    if said["policy"] != engine.policy.digest:
        raise PolicyError(
            say("the policy changed since this was asked", "la politique a changé depuis cette demande"),
            where="response_id",
            todo=say("make the call again: it will be judged anew", "refaites l'appel"),
        )
    scope = replace(call.asked.scope, **{word: said[word] for word in _WORDS})
    call.asked = replace(call.asked, scope=scope, call_id=said["call_id"], receives=said["receives"])
    call.read.view.json_answer = said["json"]
    call.token_key, call.tokens, call.text = envelope.token_key, envelope.tokens, said["text"]
    call.decision = kept_decision(said["decision"])
    call.links["fetches"] = said["record_id"]


def _names(call: Call, answer_id: str) -> tuple[str, ...]:
    return call.engine.fingerprints({"on": "answer", "host": call.read.host, "id": answer_id})
