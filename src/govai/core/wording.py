"""Words for people: decisions in a sentence, and text with nothing hidden in it. It knows neither HTML nor any screen."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from govai.core.decisions import Effect
from govai.core.lang import french, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.core.decisions import Decision, Judged

_NOUNS = {  # one and several, in English and in French; kinds of one's own patterns keep their word
    "name": ("name", "names", "nom", "noms"),
    "email": ("e-mail", "e-mails", "e-mail", "e-mails"),
    "phone": ("phone number", "phone numbers", "numéro de téléphone", "numéros de téléphone"),
    "address": ("address", "addresses", "adresse", "adresses"),
    "contact": ("contact detail", "contact details", "coordonnée", "coordonnées"),
    "iban": ("IBAN", "IBANs", "IBAN", "IBAN"),
    "card": ("card number", "card numbers", "numéro de carte", "numéros de carte"),
    "date": ("date", "dates", "date", "dates"),
    "id": ("identifier", "identifiers", "identifiant", "identifiants"),
    "text": ("text", "texts", "texte", "textes"),
    "value": ("value", "values", "valeur", "valeurs"),
}


def counted(kind: str, number: int) -> str:
    """Return a number of a kind: `2 e-mails`, `1 name`; `3 × member` for a kind that has no word here."""
    nouns = _NOUNS.get(kind)
    if nouns is None:
        return f"{number} × {kind}"
    return f"{number} {nouns[2 * french() + (number > 1)]}"


def listed(parts: list[str]) -> str:
    """Return `a, b and c`."""
    last = parts[-1:]
    return f" {say('and', 'et')} ".join([", ".join(parts[:-1]), *last] if len(parts) > 1 else last)


def manner(effect: Effect) -> str:
    """Return how a value went, after its noun; the same for one and several, in either gender."""
    en = ("in clear", "masked", "in general terms", "as placeholders", "kept back", "refused")[effect]
    fr = ("en clair", "avec masque", "en termes généraux", "sous pseudonyme", "sans partir", "avec refus")[effect]
    return say(en, fr)


def in_words(decision: Decision, region: str = "") -> str:
    """Return a decision in a sentence without a full stop: `2 e-mails and 1 name left as placeholders to openai (US)`.

    Args:
        decision: what was decided. region: the provider's, if known.
    """
    to = decision.provider or say("the provider", "le fournisseur")
    to = f"{to} ({region})" if region else to
    seen = _by_effect(decision.findings)
    if Effect.BLOCK in seen:
        why = seen[Effect.BLOCK]
        return say(f"nothing goes to {to}, because of {why}", f"rien ne part vers {to}, à cause de {why}")
    kept = seen.pop(Effect.REMOVE, "")
    words = _gone(seen, to)
    return words + (say(f"; kept back: {kept}", f" ; resté ici : {kept}") if kept else "")


def _gone(seen: dict[Effect, str], to: str) -> str:
    if not seen:
        return say(
            f"nothing personal was seen in what left to {to}", f"rien de personnel n'a été vu en partance vers {to}"
        )
    effects = sorted(seen, reverse=True)
    if french():
        return f"vers {to} : " + ", ".join(f"{seen[effect]} {manner(effect)}" for effect in effects)
    first, *others = effects
    more = "".join(f", {seen[effect]} {manner(effect)}" for effect in others)
    return f"{seen[first]} left {manner(first)}{more}{',' if others else ''} to {to}"


def _by_effect(findings: Iterable[Judged]) -> dict[Effect, str]:
    kinds: dict[Effect, dict[str, list[Judged]]] = {}
    for judged in findings:
        kinds.setdefault(judged.effect, {}).setdefault(judged.kind, []).append(judged)
    return {effect: listed([_named(kind, alike) for kind, alike in of.items()]) for effect, of in kinds.items()}


def _named(kind: str, alike: list[Judged]) -> str:
    words = counted(kind, sum(judged.count for judged in alike))
    fields = dict.fromkeys(judged.field for judged in alike if judged.field)
    return f"{words} ({', '.join(fields)})" if fields and kind == "value" else words  # the word says little by itself


def visible(text: str) -> str:
    """Return `text` with what a screen would obey or hide (escapes, controls, direction marks) spelled out."""
    return "".join(_spelled(char) if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text)


def _spelled(char: str) -> str:
    return char if char in "\n\t\u200d" else f"\\u{ord(char):04x}"  # U+200D joins emoji, and hides nothing
