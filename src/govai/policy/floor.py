"""The floor: what no policy allows, enforced in every mode. Nothing narrows it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.lang import say
from govai.core.taxonomy import CRIMINAL, MINORS, NATIONAL_ID, SECRETS, SPECIAL, in_any

if TYPE_CHECKING:
    from govai.core.data import Datum


def floor_rule(datum: Datum, *, marketing: bool) -> str:
    """Return the id of the floor rule that forbids this data, "" when none does."""
    category = datum.category
    if category is None:
        return ""
    if in_any(category, SPECIAL):
        return "floor-special-category"
    if in_any(category, CRIMINAL):
        return "floor-criminal"
    if in_any(category, MINORS):
        return "floor-minors"
    if in_any(category, SECRETS):
        return "floor-secrets"
    return "floor-national-id" if marketing and in_any(category, NATIONAL_ID) else ""


def floor_reason(rule: str) -> str:
    """Return why a floor rule exists, with its source."""
    return {
        "floor-special-category": say(
            "special category of data (GDPR art. 9)", "catégorie particulière de données (RGPD art. 9)"
        ),
        "floor-criminal": say(
            "criminal convictions and offences (GDPR art. 10)", "condamnations et infractions (RGPD art. 10)"
        ),
        "floor-minors": say("data of a child (GDPR art. 8)", "données d'un enfant (RGPD art. 8)"),
        "floor-secrets": say("a secret never leaves", "un secret ne sort jamais"),
        "floor-national-id": say("national number, not for marketing", "NIR, jamais pour du marketing"),
    }.get(rule, "")
