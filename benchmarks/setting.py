"""What the call benchmarks share: a policy of 50 rules, a 2 KB prompt with five findings, one with none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

_OTHERS = ("anthropic", "mistral", "google")
_FILLER = (
    "La cliente dit que la livraison tarde, que le service répond peu, et qu'elle compare les offres avant de choisir. "
)


def prompts_with_five(size: int = 2048) -> Iterator[str]:
    """Yield prompts of about `size` characters, each with other values: two e-mails, a phone number, an IBAN, a card.

    Other values each time, as in a campaign: nothing that remembers a value it checked before is flattered.
    """
    for number in count(1):
        found = (
            f"Son adresse est renee{number}@exemple.fr, son autre adresse r.aubrac{number}@exemple.net. ",
            f"On la joint au 06 {number // 10_000 % 90 + 10} {number // 100 % 100:02} {number % 100:02} 78. ",
            f"Prélèvement sur {_iban(number)}. ",
            f"Carte {_card(number)}. ",
        )
        filler = _FILLER * ((size - sum(map(len, found))) // (len(found) * len(_FILLER)))
        yield "".join(one + filler for one in found)


def _iban(number: int) -> str:
    bank = f"3000600001{number:011}"
    key = 97 - int(bank + "00") % 97
    check = 98 - int(f"{bank}{key:02}152700") % 97  # FR is 15 27 (ISO 13616)
    return f"FR{check:02}{bank}{key:02}"


def _card(number: int) -> str:
    digits = [int(digit) for digit in f"4539148{number:08}"]
    doubled = [digit if at % 2 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)


def prompt_with_none(size: int = 2048) -> str:
    """Return a prompt of about `size` characters in which there is nothing to find."""
    return _FILLER * (size // len(_FILLER))


def policy(port: int) -> dict[str, Any]:
    """Return a policy of 50 rules over the built-in ones, with the stub as `stub` (openai), `stub-anthropic`, `stub-mistral` and `stub-google`."""
    entry = {"host": f"127.0.0.1:{port}", "region": "EU", "trains_on_inputs": False}
    rules = [
        {
            "id": f"rule-{number}",
            "data": {"source": f"crm.table_{number}", "field": f"field_{number}"},
            "effect": "remove",
        }
        for number in range(46)
    ]
    kinds = (
        "user.contact.email",
        "user.contact.phone_number",
        "user.financial.bank_account",
        "user.financial.credit_card",
    )
    rules += [{"id": f"placeholder-{kind}", "data": {"category": kind}, "effect": "pseudonymise"} for kind in kinds]
    return {
        "govai": 1,
        "name": "bench",
        "extends": "eu-marketing",
        "providers": {
            "stub": {"like": "openai", **entry},
            **{f"stub-{like}": {"like": like, **entry} for like in _OTHERS},
        },
        "rules": rules,
    }
