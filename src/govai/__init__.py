"""govai: governed AI calls. Only the data the policy allows leaves, a person checks what must be checked, a record proves it.

Three words carry a newcomer: **purpose** (why), **data** (about whom), **policy** (what may leave).

    import govai

    gov = govai.Governor()
    reply = gov.generate("offline:demo", "Écris à {prenom}", data={"prenom": "Ana"}, purpose="win_back")

Names are imported when first used, so `import govai` costs almost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.version import VERSION as __version__  # noqa: N811 -- the name that packages have

if TYPE_CHECKING:
    from govai import sinks as sinks
    from govai.core.checkpoints import Anchor as Anchor
    from govai.core.data import Finding as Finding
    from govai.core.decisions import Decision as Decision
    from govai.core.errors import AuthenticationFailed as AuthenticationFailed
    from govai.core.errors import Blocked as Blocked
    from govai.core.errors import ConfigError as ConfigError
    from govai.core.errors import ConsentRequired as ConsentRequired
    from govai.core.errors import ContentFiltered as ContentFiltered
    from govai.core.errors import ContextTooLong as ContextTooLong
    from govai.core.errors import GovaiError as GovaiError
    from govai.core.errors import InvalidRequest as InvalidRequest
    from govai.core.errors import LedgerUnavailable as LedgerUnavailable
    from govai.core.errors import PolicyError as PolicyError
    from govai.core.errors import ProviderError as ProviderError
    from govai.core.errors import ProviderTimeout as ProviderTimeout
    from govai.core.errors import ProviderUnavailable as ProviderUnavailable
    from govai.core.errors import PurposeRequired as PurposeRequired
    from govai.core.errors import RateLimited as RateLimited
    from govai.core.errors import ReviewExpired as ReviewExpired
    from govai.core.errors import ReviewPending as ReviewPending
    from govai.core.errors import ReviewRejected as ReviewRejected
    from govai.core.errors import SinkRefused as SinkRefused
    from govai.core.errors import SinkUnavailable as SinkUnavailable
    from govai.core.errors import Ungoverned as Ungoverned
    from govai.core.messages import Message as Message
    from govai.core.messages import Reply as Reply
    from govai.core.messages import ToolCall as ToolCall
    from govai.core.protocols import Detector as Detector
    from govai.core.protocols import KeyStore as KeyStore
    from govai.core.protocols import ReviewDetails as ReviewDetails
    from govai.core.protocols import Sink as Sink
    from govai.core.protocols import Verdict as Verdict
    from govai.core.records import Record as Record
    from govai.core.scope import carry as carry
    from govai.core.tags import Tag as Tag
    from govai.core.taxonomy import Sensitivity as Sensitivity
    from govai.data.annotations import tag as tag
    from govai.data.sealed import Sealed as Sealed
    from govai.data.sealing import reveal as reveal
    from govai.data.sources import source as source
    from govai.decorators.asking import ask as ask
    from govai.decorators.scoping import block as block
    from govai.decorators.scoping import field as field
    from govai.decorators.scoping import governed as governed
    from govai.decorators.scoping import lineage as lineage
    from govai.decorators.scoping import require_review as require_review
    from govai.decorators.scoping import scope as scope
    from govai.detect.pattern import Pattern as Pattern
    from govai.doors.sealing import prompt as prompt
    from govai.doors.sealing import seal as seal
    from govai.doors.tools import Tool as Tool
    from govai.doors.tools import tool as tool
    from govai.governor.default import aembed as aembed
    from govai.governor.default import agenerate as agenerate
    from govai.governor.default import astream as astream
    from govai.governor.default import configure as configure
    from govai.governor.default import embed as embed
    from govai.governor.default import explain as explain
    from govai.governor.default import generate as generate
    from govai.governor.default import instrument as instrument
    from govai.governor.default import resume as resume
    from govai.governor.default import stream as stream
    from govai.governor.default import wrap as wrap
    from govai.governor.governor import Governor as Governor
    from govai.ledger.verify import Verification as Verification
    from govai.policy.policy import Policy as Policy
    from govai.review.tickets import Ticket as Ticket


_ERRORS = (
    "AuthenticationFailed Blocked ConfigError ConsentRequired ContentFiltered ContextTooLong GovaiError InvalidRequest "
    "LedgerUnavailable PolicyError ProviderError ProviderTimeout ProviderUnavailable PurposeRequired RateLimited "
    "ReviewExpired ReviewPending ReviewRejected SinkRefused SinkUnavailable Ungoverned"
)
_HOMES = {
    "govai.core.data": "Finding",
    "govai.core.decisions": "Decision",
    "govai.core.errors": _ERRORS,
    "govai.core.messages": "Message Reply ToolCall",
    "govai.core.checkpoints": "Anchor",
    "govai.core.protocols": "Detector KeyStore ReviewDetails Sink Verdict",
    "govai.core.records": "Record",
    "govai.core.scope": "carry",
    "govai.core.tags": "Tag",
    "govai.core.taxonomy": "Sensitivity",
    "govai.data.annotations": "tag",
    "govai.data.sealed": "Sealed",
    "govai.data.sealing": "reveal",
    "govai.data.sources": "source",
    "govai.decorators.asking": "ask",
    "govai.decorators.scoping": "block field governed lineage require_review scope",
    "govai.detect.pattern": "Pattern",
    "govai.doors.sealing": "prompt seal",
    "govai.doors.tools": "Tool tool",
    "govai.governor.default": "aembed agenerate astream configure embed explain generate instrument resume stream wrap",
    "govai.governor.governor": "Governor",
    "govai.ledger.verify": "Verification",
    "govai.policy.policy": "Policy",
    "govai.review.tickets": "Ticket",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", "sinks", *sorted(_HOME)]  # noqa: PLE0604 -- one table names them  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "sinks":
        return import_module("govai.sinks")
    if name not in _HOME:
        raise AttributeError(f"module 'govai' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext govai` calls: govern this notebook."""
    from govai.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext govai` calls."""
    from govai.notebook.extension import unload

    unload(shell)


def __dir__() -> list[str]:
    return sorted(__all__)
