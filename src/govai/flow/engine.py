"""What one governor is made of: the parts that every call of it shares. It holds no state of any call."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.canonical import canonical
from govai.flow.derived import Answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.protocols import KeyStore
    from govai.detect.look import Lookout
    from govai.ledger.store import Ledger
    from govai.policy.policy import Policy
    from govai.review.desk import Desk


@dataclass(frozen=True, slots=True)
class Engine:
    """A governor's parts.

    Attributes:
        policy: decides. lookout: finds what leaves. ledger: remembers. desk: keeps tickets. keys: secret keys by use.
        observe: decide and record, change nothing but what the floor says. answers: earlier ones, by their passages.
    """

    policy: Policy
    lookout: Lookout
    ledger: Ledger
    desk: Desk
    keys: KeyStore
    observe: bool = False
    version: str = ""
    answers: Answers = field(default_factory=Answers, repr=False)
    _keyed: dict[str, bytes] = field(default_factory=dict, repr=False)

    def key(self, use: str) -> bytes:
        """Return the 32-byte key for one use, derived once."""
        key = self._keyed.get(use)
        if key is None:
            key = self._keyed[use] = self.keys.derive(use)
        return key

    def commitment(self, use: str, raw: bytes) -> str:
        """Return a keyed digest (HMAC-SHA256) of `raw`: proves what it was to who holds the key, tells nothing else."""
        return "hmac-sha256:" + hmac.digest(self.key(use), raw, "sha256").hex()

    def subject(self, category: str, value: str) -> str:
        """Return the keyed digest by which the ledger looks up a person known by an identifying value."""
        text = "\x1f".join((category, " ".join(value.casefold().split())))
        return hmac.digest(self.key("subjects"), text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    def fingerprint(self, parts: Mapping[str, str]) -> str:
        """Return the keyed digest that names a call for its tickets and kept replies."""
        return hmac.digest(self.key("fingerprints"), canonical(dict(parts)), hashlib.sha256).hex()
