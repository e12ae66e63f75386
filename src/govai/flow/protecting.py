"""Protect: turn a decision into the request that may leave, and refuse what cannot be rewritten."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from govai.core.data import Seen
from govai.core.decisions import Effect
from govai.core.errors import Blocked
from govai.core.exchange import SlotKind
from govai.core.lang import say
from govai.core.wording import noun
from govai.data.references import REFERENCE, resolve
from govai.flow.seeing import PROTOCOL_WORDS, own_text
from govai.protect.rewriting import Cut, rewrite
from govai.protect.tokens import LOOKALIKE, session_key
from govai.wire.codec import encode, parse, put, rename

if TYPE_CHECKING:
    from govai.core.decisions import Decision
    from govai.core.exchange import Path, Slot
    from govai.core.scope import Scope
    from govai.detect.look import Spot
    from govai.flow.seeing import Sight
    from govai.protect.tokens import Tokens

_FIXED = (SlotKind.NUMBER, SlotKind.CONTROL, SlotKind.MODEL)
_LEAK_MIN = 3  # characters; a shorter value is only ever replaced as a word, and words are checked by the look itself
_REFERENCE = re.compile(REFERENCE)
_PLACEHOLDER = re.compile(LOOKALIKE.pattern.encode("ascii"))


def conversation_key(root: bytes, scope: Scope, first_user: str) -> bytes:
    """Return the key of this call's placeholders, the same within its session: `session`, else job, else conversation."""
    if scope.session:
        return session_key(root, "session", scope.session)
    if scope.job:
        return session_key(root, "job", scope.job)
    said = _REFERENCE.sub(lambda ref: (resolve(ref.group()) or ("",))[0], first_user)
    return session_key(root, "conversation", scope.actor, scope.purpose, said)


def renamed(raw: bytes, tokens: Tokens, others: Tokens) -> bytes:
    """Return a protected body with other placeholders for the same values. In clear it would tell who they stand for."""
    if not tokens.held:
        return raw
    names = {
        token.encode("ascii"): others.issue(held.datum, held.value).encode("ascii")
        for token, held in tokens.held.items()
    }
    return _PLACEHOLDER.sub(lambda found: names.get(found.group(), found.group()), raw)


def protect(body: Any, sight: Sight, decision: Decision, tokens: Tokens, model: str | None) -> bytes:
    """Rewrite `body` in place as decided and return the bytes that may leave.

    Raises:
        Blocked: the decision blocks; something protected stands where nothing can be rewritten, or would leave in clear.
    """
    if decision.effect is Effect.BLOCK:
        raise blocked(decision, sight)
    if body is None and not sight.spots:
        return b""
    _issue_declared(sight, decision, tokens)
    cuts, hidden = _cuts(sight, decision, tokens)
    keys: list[tuple[Path, str]] = []
    for index, slot in enumerate(sight.slots):
        mine = cuts.get(index, [])
        if slot.kind in _FIXED or slot.signed:
            _refuse_fixed(slot, mine, decision)
            continue
        text = rewrite(slot.text, mine, tokens)
        if text == slot.text:
            continue
        _refuse_broken(slot, text, mine, decision)
        if slot.kind is SlotKind.KEY:
            keys.append((slot.path, text))
        else:
            put(body, slot.path, text)
    for path, key in sorted(keys, key=lambda pair: -len(pair[0])):
        _rename(body, path, key, decision)
    raw = encode(body) if body is not None else b""
    _refuse_leaks(raw, body, hidden, decision, model)
    return raw


def rewritten(sight: Sight, decision: Decision, tokens: Tokens) -> str:
    """Return the one text of `sight` rewritten as decided."""
    cuts, _hidden = _cuts(sight, decision, tokens)
    return rewrite(sight.slots[0].text, cuts.get(0, []), tokens)


def blocked(decision: Decision, sight: Sight) -> Blocked:
    """Return the error of a decision that blocks, naming the rule and, for a value too common to be found, `seal`."""
    at = next((i for i, judged in enumerate(decision.findings) if judged.effect is Effect.BLOCK), None)
    reason = decision.reasons[0] if decision.reasons else ""
    todo = say("see decision.findings; change the data or the policy", "voir decision.findings ; changez les données")
    if any(spot.common and sight.item_of[id(spot)] == at for spot in sight.spots):
        todo = say(
            "the value is too common to be found safely: pass it with govai.seal, or leave the field out",
            "la valeur est trop courante pour être retrouvée : passez-la par govai.seal, ou retirez le champ",
        )
    where = decision.findings[at].where if at is not None else ""
    what = say(f"the policy refuses this call: {reason}", f"la politique refuse cet appel : {reason}")
    return Blocked(what.rstrip(": "), decision=decision, where=where, todo=todo)


def _effect(sight: Sight, decision: Decision, spot: Spot) -> Effect:
    effect = decision.findings[sight.item_of[id(spot)]].effect
    partial = spot.datum.free_text and Effect.MASK <= effect <= Effect.PSEUDONYMISE
    return Effect.ALLOW if partial else effect


def _issue_declared(sight: Sight, decision: Decision, tokens: Tokens) -> None:
    """Issue the placeholders of sealed values first: of two spellings of a value, the declared one is restored."""
    for spot in sight.spots:
        if spot.datum.seen is Seen.SEALED and _effect(sight, decision, spot) is Effect.PSEUDONYMISE:
            tokens.issue(spot.datum, spot.value)


def _cuts(sight: Sight, decision: Decision, tokens: Tokens) -> tuple[dict[int, list[Cut]], set[str]]:
    cuts: dict[int, list[Cut]] = {}
    hidden: set[str] = set()
    allowed: list[str] = []
    for index, spot in enumerate(sight.spots):
        effect = _effect(sight, decision, spot)
        mine = cuts.setdefault(spot.text, [])
        if effect is not Effect.ALLOW:
            hidden.update((spot.value, own_text(sight, spot)) if not spot.continued else ())
            mine.append(Cut(spot.start, spot.end, spot.datum, spot.value, effect, spot.continued))
            continue
        inside = [
            Cut(one.start, one.end, one.datum, one.value, inner, one.continued)
            for one in sight.inner.get(index, ())
            if (inner := _effect(sight, decision, one)) is not Effect.ALLOW
        ]
        hidden.update(cut.value for cut in inside)
        if spot.datum.seen is Seen.SEALED:
            shown = rewrite(spot.value, inside, tokens)
            allowed.append(shown)
            mine.append(Cut(spot.start, spot.end, spot.datum, shown, Effect.ALLOW, spot.continued))
        else:
            mine.extend(replace(cut, start=cut.start + spot.start, end=cut.end + spot.start) for cut in inside)
    return cuts, {value for value in hidden if not any(value in text for text in allowed)}


def _refuse_fixed(slot: Slot, cuts: list[Cut], decision: Decision) -> None:
    kept = [cut for cut in cuts if cut.effect is not Effect.ALLOW or cut.datum.seen is Seen.SEALED]
    if not kept:
        return
    datum = kept[0].datum
    name = datum.field or noun(datum.kind)
    named = f" ({datum.field})" if datum.field else ""
    what = (
        say(
            f"the number in field '{name}' is protected, and a number cannot become a placeholder",
            f"le nombre du champ « {name} » est protégé, et un nombre ne peut devenir un pseudonyme",
        )
        if slot.kind is SlotKind.NUMBER
        else say(
            f"{_with_article(noun(datum.kind))}{named} stands {_place(slot)}, where nothing may be rewritten",
            f"une donnée ({noun(datum.kind)}){named} se trouve {_place(slot)}, où rien ne peut être réécrit",
        )
    )
    raise Blocked(what, decision=decision, todo=say("move it into a text, or leave it out", "mettez-la dans un texte"))


def _with_article(word: str) -> str:
    return f"{'an' if word[:1].lower() in tuple('aeio') else 'a'} {word}"


def _place(slot: Slot) -> str:
    """Return where a slot stands, in words; the names of headers and of the query are the caller's, and stay unsaid."""
    if slot.kind is SlotKind.MODEL:
        return say("in the model's name", "dans le nom du modèle")
    places = {
        "headers": ("in a header", "dans un en-tête"),
        "query": ("in the query", "dans la requête de l'URL"),
        "path": ("in the path", "dans le chemin"),
    }
    beside = places.get(str(slot.path[0])) if slot.path and slot.kind is SlotKind.CONTROL else None
    return say(*(beside or ("in one of the protocol's own words", "dans un mot du protocole")))


def _refuse_broken(slot: Slot, text: str, cuts: list[Cut], decision: Decision) -> None:
    """A number in a text that is JSON cannot become a placeholder either: the text would be JSON no more."""
    if slot.text.lstrip()[:1] in ("{", "[") and _is_json(slot.text) and not _is_json(text):
        number = next((cut for cut in cuts if cut.effect is not Effect.ALLOW), cuts[0])
        _refuse_fixed(slot._replace(kind=SlotKind.NUMBER), [number], decision)


def _is_json(text: str) -> bool:
    try:
        parse(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return False
    return True


def _rename(body: Any, path: Path, key: str, decision: Decision) -> None:
    parent = body
    for step in path[:-1]:
        parent = parent[step]
    if not key or key in parent:
        raise Blocked(
            say("a protected JSON key cannot be removed", "une clé JSON protégée ne peut être retirée"),
            decision=decision,
            todo=say("send the data under neutral keys", "envoyez les données sous des clés neutres"),
        )
    rename(body, path, key)


def _refuse_leaks(raw: bytes, body: Any, hidden: set[str], decision: Decision, model: str | None) -> None:
    """The final scan: nothing that was to be protected may stand, as a word, in what leaves."""
    suspects = [value for value in hidden if len(value) >= _LEAK_MIN and value.encode("utf-8", "replace") in raw]
    for value in suspects:
        word = re.compile(r"(?<!\w)" + re.escape(value) + r"(?!\w)")
        if any(word.search(text) for text in _strings(body) if text not in PROTOCOL_WORDS and text != model):
            raise Blocked(
                say("a protected value would have left in clear", "une valeur protégée serait sortie en clair"),
                decision=decision,
                todo=say("please report this with the shape of the request", "signalez la forme de la requête"),
            )


def _strings(body: Any) -> list[str]:
    found, todo = [], [body]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            found.extend(item)
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return found
