"""Effects: each keeps what it states, and nothing where it cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from govai.core.data import Datum
from govai.core.decisions import Effect
from govai.core.taxonomy import Sensitivity
from govai.protect.effects import replacement
from govai.protect.tokens import Tokens


def made(effect: Effect, kind: str, category: str | None, value: str) -> str:
    return replacement(effect, Datum(kind, category, Sensitivity.CONFIDENTIAL), value, Tokens(b"k" * 32))


@pytest.mark.parametrize(
    ("kind", "category", "value", "expected"),
    [
        ("card", "user.financial.credit_card", "4111 1111 1111 1111", "x" * 12 + "1111"),
        ("iban", "user.financial.bank_account", "FR76 3000 6000 0112 3456 7890 189", "x" * 23 + "0189"),
        ("phone", "user.contact.phone_number", "+33 6 12 34 56 78", "x" * 7 + "5678"),
        ("phone", "user.contact.phone_number", "1234", ""),
        ("email", "user.contact.email", "ana@x.example", "x@x.example"),
        ("email", "user.contact.email", "Ana <ana@x.example>", ""),
        ("email", "user.contact.email", "ana", ""),
        ("id", "user.unique_id", "FID-12345678", "x" * 7 + "5678"),
        ("id", "user.government_id.passport_number", "12AB3456789", ""),
        ("name", "user.name", "Renée", ""),
        ("text", None, "secret words", ""),
    ],
)
def test_a_mask_keeps_its_stated_part(kind: str, category: str | None, value: str, expected: str) -> None:
    assert made(Effect.MASK, kind, category, value) == expected


@pytest.mark.parametrize(
    ("category", "value", "expected"),
    [
        ("user.contact.address.postal_code", "75011", "75"),
        ("user.contact.address.postal_code", "97411", "974"),
        ("user.contact.address.postal_code", "SW1A 1AA", ""),
        ("user.contact.address.postal_code", "7501", ""),
        ("user.demographic.date_of_birth", "1900-01-01", "90+"),
        ("user.demographic.date_of_birth", "31/02/1990", ""),
        ("user.demographic.date_of_birth", "9999-01-01", ""),
        ("user.demographic.date_of_birth", "in May", ""),
        ("user.payment", "1 234,56 €", "1000-2000 €"),
        ("user.payment", "€1,234.56", "1000-2000 €"),
        ("user.financial", "7", "0-10"),
        ("user.financial", "99 EUR", "90-100 EUR"),
        ("user.financial", "about 3", ""),
        ("user.financial.bank_account", "12345678", ""),
        ("user.contact.email", "ana@x.example", ""),
    ],
)
def test_what_is_general_is_a_band_or_a_region(category: str, value: str, expected: str) -> None:
    assert made(Effect.GENERALISE, "value", category, value) == expected


@pytest.mark.parametrize("spelling", ["{y}-01-01", "01/01/{y}", "1.1.{y}", "{y}-01-01T00:00:00Z"])
def test_a_date_of_birth_becomes_a_decade_of_age(spelling: str) -> None:
    born = spelling.format(y=datetime.now(UTC).year - 35)
    assert made(Effect.GENERALISE, "date", "user.demographic.date_of_birth", born) == "30-39"


def test_allow_remove_and_block() -> None:
    assert made(Effect.ALLOW, "name", "user.name", "Ana") == "Ana"
    assert made(Effect.REMOVE, "name", "user.name", "Ana") == ""
    with pytest.raises(ValueError, match="not rewritten") as caught:
        made(Effect.BLOCK, "name", "user.name", "Ana")
    assert "Ana" not in str(caught.value)
