"""Words for people: decisions in a sentence, and text with nothing hidden in it. It knows neither HTML nor any screen."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from govai.core.decisions import Effect
from govai.core.lang import french, say

if TYPE_CHECKING:
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


def noun(kind: str) -> str:
    """Return the word for one of a kind: `e-mail`, `phone number`."""
    nouns = _NOUNS.get(kind)
    return nouns[2 * french()] if nouns else kind


def listed(parts: list[str]) -> str:
    """Return `a, b and c`."""
    last = parts[-1:]
    return f" {say('and', 'et')} ".join([", ".join(parts[:-1]), *last] if len(parts) > 1 else last)


def manner(judged: Judged) -> str:
    """Return how a value went, after its noun; the same for one and several, in either gender."""
    effect = judged.effect
    if _in_part(judged):
        return say("in clear but for what was found inside", "en clair sauf ce qui y a été trouvé")
    en = ("in clear", "masked", "in general terms", "as placeholders", "kept back", "refused")[effect]
    fr = ("en clair", "avec masque", "en termes généraux", "sous pseudonyme", "sans partir", "avec refus")[effect]
    return say(en, fr)


def _in_part(judged: Judged) -> bool:
    """Whether the effect is on the findings inside a text, and the text itself left."""
    return judged.datum.free_text and Effect.ALLOW < judged.effect < Effect.REMOVE


def in_words(decision: Decision, region: str = "") -> str:
    """Return a decision in a sentence without a full stop: `2 e-mails and 1 name left as placeholders to openai (US)`.

    Args:
        decision: what was decided. region: the provider's, if known.
    """
    to = decision.provider or say("the provider", "le fournisseur")
    to = f"{to} ({region})" if region else to
    blocked = [judged for judged in decision.findings if judged.effect is Effect.BLOCK]
    if blocked:
        return say(
            f"nothing goes to {to}, because of {_told(blocked)}", f"rien ne part vers {to}, à cause de {_told(blocked)}"
        )
    kept = [judged for judged in decision.findings if judged.effect is Effect.REMOVE]
    words = _gone([judged for judged in decision.findings if judged.effect is not Effect.REMOVE], to)
    return words + (say(f"; kept back: {_told(kept)}", f" ; resté ici : {_told(kept)}") if kept else "")


def _gone(left: list[Judged], to: str) -> str:
    if not left:
        return say(
            f"nothing personal was seen in what left to {to}", f"rien de personnel n'a été vu en partance vers {to}"
        )
    manners: dict[str, list[Judged]] = {}
    for judged in sorted(left, key=lambda one: (_in_part(one), -one.effect)):
        manners.setdefault(manner(judged), []).append(judged)
    told = [(_told(alike), how) for how, alike in manners.items()]
    if french():
        return f"vers {to} : " + ", ".join(f"{what} {how}" for what, how in told)
    (first, how), *others = told
    more = "".join(f", {what} {way}" for what, way in others)
    return f"{first} left {how}{more}{',' if others else ''} to {to}"


def _told(findings: list[Judged]) -> str:
    kinds: dict[str, list[Judged]] = {}
    for judged in findings:
        kinds.setdefault(judged.kind, []).append(judged)
    return listed([_named(kind, alike) for kind, alike in kinds.items()])


def _named(kind: str, alike: list[Judged]) -> str:
    words = counted(kind, sum(judged.count for judged in alike))
    fields = dict.fromkeys(judged.field for judged in alike if judged.field)
    return f"{words} ({', '.join(fields)})" if fields and kind == "value" else words  # the word says little by itself


def visible(text: str) -> str:
    """Return `text` with what a screen would obey or hide (escapes, controls, direction marks), or no file may hold, spelled."""
    return "".join(_spelled(char) if _unseen(char) else char for char in text)


def _unseen(char: str) -> bool:
    kind, place = unicodedata.category(char), ord(char)
    noncharacter = kind == "Cn" and (place & 0xFFFE == 0xFFFE or 0xFDD0 <= place <= 0xFDEF)  # noqa: PLR2004 -- Unicode's own
    return kind in {"Cc", "Cf", "Cs"} or noncharacter


def _spelled(char: str) -> str:
    return char if char in "\n\t\u200d" else f"\\u{ord(char):04x}"  # U+200D joins emoji, and hides nothing


def restricted() -> str:
    """Say why nothing may be sent about someone (GDPR art. 18)."""
    return say(
        "someone this is about asked that their data not be used (GDPR art. 18): restricted",
        "une personne concernée a demandé la limitation du traitement (RGPD art. 18) : restricted",
    )
