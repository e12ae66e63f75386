"""Pickles of sealed values: locked with a key that only this process has."""

from __future__ import annotations

import os
import pickle
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.core.data import Datum, Seen
from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.core.taxonomy import Sensitivity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from govai.data.sealed import Sealed

_NONCE = 12  # bytes, as AES-GCM wants (NIST SP 800-38D)


@cache
def _lock() -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(AESGCM.generate_key(256))


def locked(raw: Any, datum: Datum) -> bytes:
    """Return a value and its nature encrypted for this process."""
    nonce = os.urandom(_NONCE)
    return nonce + _lock().encrypt(nonce, pickle.dumps((raw, asdict(datum))), b"govai sealed")


def unlocked(box: bytes) -> Sealed:
    """Return the sealed value of a pickle made in this process.

    Raises:
        PolicyError: it was made in another process, or changed.
    """
    from cryptography.exceptions import InvalidTag

    from govai.data.sealed import Sealed

    try:
        kept = _lock().decrypt(box[:_NONCE], box[_NONCE:], b"govai sealed")
    except InvalidTag:
        kept = b""
    if not kept:
        raise PolicyError(
            say(
                "a sealed value does not leave its process in a pickle",
                "une valeur scellée ne quitte pas son processus",
            ),
            todo=say(
                "send the row by other means and seal it there", "transmettez la ligne autrement et scellez-la là-bas"
            ),
        )
    raw, about = pickle.loads(kept)  # noqa: S301 -- authenticated: this process encrypted it
    about |= {"sensitivity": Sensitivity(about["sensitivity"]), "seen": Seen(about["seen"])}
    return Sealed(raw, Datum(**about))


def rebuilt_row(fields: dict[str, Any], tags: dict[str, Any]) -> Any:
    """Return a sealed row from its pickled fields; the raw row itself is not pickled."""
    from govai.data.rows import SealedRow

    return SealedRow(fields, None, tags)
