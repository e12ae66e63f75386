"""The error of a real call that a test was about to make."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Mapping


class RealCallForbidden(AssertionError):
    """A request was about to leave for a host that no installed provider answers. `host` names it.

    An AssertionError, so that code under test that handles errors of providers does not take it for one.
    """

    def __init__(self, what: str, *, host: str = "") -> None:
        self.host = host
        super().__init__(what)


def forbidden(host: str, stack: str, headers: Mapping[str, str], *, answered: bool) -> RealCallForbidden:
    """Return the error for a host. `answered`: a provider answers it, but not over this stack."""
    if answered:
        what = say(
            f"a call to {host} over {stack} is answered by no installed provider: use a client over httpx2, httpx or "
            "aiohttp, or the URL that provider.serve() gives",
            f"un appel à {host} par {stack} n'a pas de réponse : prenez un client sur httpx2, httpx ou aiohttp, ou "
            "l'URL que donne provider.serve()",
        )
    else:
        what = say(
            f"a real call to {host} was about to leave (over {stack}): answer it with `govai.testing.governor(…)` or "
            f"`with provider.installed():` (provider.answer_for({host!r}, like=…) adds a host), or let it pass with "
            f"no_real_calls(allow=[{host!r}])",
            f"un appel réel à {host} allait partir (par {stack}) : répondez-y par `govai.testing.governor(…)` ou "
            f"`with provider.installed():` (provider.answer_for({host!r}, like=…) ajoute un hôte), ou laissez-le "
            f"passer par no_real_calls(allow=[{host!r}])",
        )
    # anthropic's SDK retries and wraps what is not its own; an error that is also its own comes through at once
    if "anthropic-version" in headers and "anthropic" in sys.modules:
        kind: type[RealCallForbidden] = _also(sys.modules["anthropic"].AnthropicError)
        return kind(what, host=host)
    return RealCallForbidden(what, host=host)


@cache
def _also(base: type[Exception]) -> Any:
    named = {"__module__": RealCallForbidden.__module__, "__doc__": RealCallForbidden.__doc__}
    return type(RealCallForbidden.__name__, (RealCallForbidden, base), named)
