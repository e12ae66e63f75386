"""People: which keyed digests stand for someone known by an identifying value. Recording and looking up share it.

Spellings of one value meet here: of an e-mail address, a telephone number (E.164), an account or card number.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.keys import all_keys
from govai.core.lang import say
from govai.core.people import Identity
from govai.core.taxonomy import CATEGORIES, IDENTIFYING, covers, in_any
from govai.data.spellings import spellings
from govai.detect.columns import classify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.core.protocols import KeyStore
    from govai.policy.policy import Policy

SUBJECT = "subject"  # what `subject=` of a call names, whatever it is
_EMAIL, _PHONE = "user.contact.email", "user.contact.phone_number"
_NUMBERS = ("user.financial.bank_account", "user.financial.credit_card", "user.government_id")
_HOME = "FR"  # where a number that names no country is dialled


def lookups(keys: Sequence[bytes], category: str, value: str) -> tuple[str, ...]:
    """Return the digests (HMAC-SHA256, 128 bits) of an identifying value, one for each key."""
    text = f"{category}\x1f{one_spelling(category, value)}".encode("utf-8", "surrogatepass")
    return tuple(hmac.digest(key, text, "sha256").hex()[:32] for key in keys)


def one_spelling(category: str, value: str) -> str:
    """Return the one text that stands for every spelling of an identifying value."""
    seen = "".join(
        one for one in value if unicodedata.category(one) != "Cf"
    )  # a zero-width space comes along with a copy
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    if covers(_PHONE, category):
        text = _dialled("".join(text.split()))
    elif covers(_EMAIL, category):
        text = "".join(text.split()).removeprefix("mailto:")
    elif in_any(category, _NUMBERS):
        text = "".join(one for one in text if one.isalnum())
    else:
        text = " ".join(text.split())
    return unicodedata.normalize("NFKC", text)


@lru_cache(4096)
def _dialled(text: str) -> str:
    """Return a telephone number in E.164; its digits where it is none in the numbering plans."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text.removeprefix("tel:"), _HOME)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        return "".join(one for one in text if one.isalnum())
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """Recognises the people a ledger's calls were about.

    Args:
        keys: whose `subjects` keys digest. policy: knows the providers.
    """

    keys: KeyStore
    policy: Policy

    def identities(self, given: Mapping[str, object], /) -> tuple[Identity, ...]:
        """Return the identities of values by column name or category.

        Raises:
            ConfigError: nothing was given, or a column that identifies nobody.
        """
        found = tuple(self._identity(name, value) for name, value in given.items() if value is not None)
        if found:
            return found
        raise ConfigError(
            say("nobody is named", "personne n'est désigné"), todo='about(email="…", customer_id="…"), {"user.…": "…"}'
        )

    def retention_days(self, provider: str, /) -> int | None:
        """Return how long a provider keeps what it was sent, in days, None where the policy does not say."""
        entry = self.policy.providers.get(provider)
        return entry.retention_days if entry else None

    def _identity(self, name: str, value: object) -> Identity:
        category = _category(name, value)
        written = next(iter(spellings(value)), "")
        if category is None or not one_spelling(category, written):
            raise ConfigError(
                say(f"'{name}' does not say who someone is", f"« {name} » n'identifie personne"),
                where=f"{name}=",
                todo=say(
                    'name its category instead: {"user.unique_id": "…"}; it must not be empty',
                    'nommez plutôt sa catégorie : {"user.unique_id": "…"} ; non vide',
                ),
            )
        keys = all_keys(self.keys, "subjects")
        around = [one for one in _around(category) if one != category]
        others = tuple(digest for one in around for digest in lookups(keys, one, written))
        return Identity(name, category, lookups(keys, category, written), others)


def _category(name: str, value: object) -> str | None:
    if name in CATEGORIES or name == SUBJECT:
        found: str | None = name
    else:
        found = classify({name: value})[name].category
    return found if found == SUBJECT or in_any(found, IDENTIFYING) else None


@lru_cache(256)
def _around(category: str) -> tuple[str, ...]:
    """Return the categories that an identifying value of this one may have been recorded as."""
    kinds = [one for one in IDENTIFYING if covers(one, category)]
    return tuple(sorted(one for one in CATEGORIES if in_any(one, tuple(kinds)))) if kinds else ()
