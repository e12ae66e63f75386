"""What wrapping needs to know of one family of SDK clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from govai.core.errors import Ungoverned
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.flow.transports import Governing

ORIGINAL = "_govai_original"  # on a governed client: the client whose connections it uses, which it keeps alive


class Native(Protocol):
    """One family of native clients: how to copy, to prove and to close them."""

    @property
    def like(self) -> str:
        """The family of wire formats that its clients speak."""
        ...

    def speaks(self, client: object) -> bool:
        """Whether `client` is one of its own."""
        ...

    def waits(self, client: Any) -> bool | None:
        """Whether its calls are awaited; None where it has both kinds."""
        ...

    def govern(self, client: Any, governing: Governing) -> Any:
        """Return a governed copy of the same type. ConfigError or Ungoverned: it cannot be governed."""
        ...

    def prove(self, governed: Any) -> None:
        """See that every way the SDK has to send arrives at the governed transport. Ungoverned: one does not."""
        ...

    def http(self, client: Any) -> Iterator[Any]:
        """Yield the HTTP clients that it sends through."""
        ...

    def close(self, client: Any) -> None:
        """Close what can be closed without a running loop."""
        ...

    async def aclose(self, client: Any) -> None:
        """Close all of it."""
        ...


def alone(*_args: object) -> Any:
    """Refuse a deep copy: it would leave the governor behind."""
    raise Ungoverned(
        say("a governed client cannot be pickled or deep-copied", "un client gouverné ne se copie pas en profondeur"),
        where="pickle, copy.deepcopy",
        todo=say("make and wrap a client where it is used", "créez et enveloppez un client là où il sert"),
    )


class _Alone:
    """Pickled with the client that has it, so that the client cannot be."""

    __reduce_ex__ = alone


def keep(governed: Any, client: Any) -> None:
    """Note on a governed client whose connections it uses, and that it is not to be copied in depth."""
    had = dict(vars(governed))
    vars(governed).clear()  # what refuses stands first, so that nothing is copied before it
    vars(governed).update({"_govai_alone": _Alone(), "__deepcopy__": alone, **had, ORIGINAL: client})
