"""What users import in their own test suites: a provider without a network, and assertions on what left and what was recorded.

    from govai.testing import Provider, assert_recorded, governor

    def test_no_address_leaves():
        provider = Provider()
        with governor(provider=provider) as gov:
            reply = gov.generate("openai:gpt-4o-mini", "Write to {email}", data={"email": "ana@example.org"}, purpose="support")
        provider.assert_never_saw("ana@example.org")

Names are imported when first used; `import govai` imports none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govai.testing.answering import Answer as Answer
    from govai.testing.arriving import Request as Request
    from govai.testing.forbidding import RealCallForbidden as RealCallForbidden
    from govai.testing.governing import governor as governor
    from govai.testing.intercepting import no_real_calls as no_real_calls
    from govai.testing.provider import Provider as Provider
    from govai.testing.recording import Records as Records
    from govai.testing.recording import assert_recorded as assert_recorded
    from govai.testing.reviewing import Reviewer as Reviewer
    from govai.testing.reviewing import approve_all as approve_all

_HOMES = {
    "govai.testing.answering": "Answer",
    "govai.testing.arriving": "Request",
    "govai.testing.forbidding": "RealCallForbidden",
    "govai.testing.governing": "governor",
    "govai.testing.intercepting": "no_real_calls",
    "govai.testing.provider": "Provider",
    "govai.testing.recording": "Records assert_recorded",
    "govai.testing.reviewing": "Reviewer approve_all",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 -- one table names them  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'govai.testing' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
