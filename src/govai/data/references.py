"""References: what a sealed value turns into when it becomes text. They mean something only in this process.

The registry is bounded: the oldest references die first, and a dead one refuses the call that carries it.
"""

from __future__ import annotations

import base64
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govai.core.data import Datum

REFERENCE = r"gvR[A-Z2-7]{20}"
CAPACITY = 500_000  # references alive at once; each holds its value

_lock = threading.Lock()
_alive: OrderedDict[str, tuple[str, Datum]] = OrderedDict()


def mint(text: str, datum: Datum) -> str:
    """Return a new reference to `text`: letters and digits, 100 random bits."""
    reference = "gvR" + base64.b32encode(os.urandom(13))[:20].decode("ascii")
    with _lock:
        _alive[reference] = (text, datum)
        while len(_alive) > CAPACITY:
            _alive.popitem(last=False)
    return reference


def resolve(reference: str) -> tuple[str, Datum] | None:
    """Return the text and nature behind a reference; None when it is dead, or nobody minted it."""
    with _lock:
        return _alive.get(reference)
