"""How references to sealed values are read: given by the caller, so that this floor knows nothing of sealing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.data import Datum


class SealedReader(NamedTuple):
    """`pattern`: regex of a reference (letters and digits); `read`: its value and nature, None when it is dead."""

    pattern: str
    read: Callable[[str], tuple[str, Datum] | None]
