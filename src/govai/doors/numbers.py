"""The numbers that a call is given, checked before anything is made of them: what an SDK would do with a wrong one differs."""

from __future__ import annotations

import math
from typing import TypeGuard

from govai.core.errors import ConfigError
from govai.core.lang import say


def check_numbers(*, timeout: object, max_tokens: object = None, temperature: object = None) -> None:
    """See that each is a number as documented; None where it may be left out.

    Args:
        timeout: seconds, more than 0. max_tokens: of the answer, 1 or more. temperature: 0 or more; how much, the model says.

    Raises:
        ConfigError: one is not.
    """
    if not _is_number(timeout) or timeout <= 0:
        raise _wrong("timeout=", "a number of seconds, more than 0", "un nombre de secondes, supérieur à 0")
    if max_tokens is not None and (not _is_number(max_tokens) or max_tokens < 1 or max_tokens != int(max_tokens)):
        raise _wrong("max_tokens=", "a whole number, 1 or more", "un nombre entier, au moins 1")
    if temperature is not None and (not _is_number(temperature) or temperature < 0):
        raise _wrong("temperature=", "a number, 0 or more", "un nombre, au moins 0")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(where: str, what: str, quoi: str) -> ConfigError:
    name = where.rstrip("=")
    return ConfigError(
        say(f"this {name} cannot be used", f"« {name} » est inutilisable ainsi"),
        where=where,
        todo=say(f"give {what}", f"donnez {quoi}"),
    )
