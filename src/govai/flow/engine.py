"""What one governor is made of: the parts that every call of it shares. It holds no state of any call."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.canonical import canonical
from govai.core.keys import all_keys
from govai.flow.derived import Answers
from govai.flow.people import lookups

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
    _keyed: dict[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def key(self, use: str) -> bytes:
        """Return the 32-byte key to write with for one use, derived once."""
        return self._keys(use)[0]

    def commitment(self, use: str, raw: bytes) -> str:
        """Return a keyed digest (HMAC-SHA256) of `raw`: proves what it was to who holds the key, tells nothing else."""
        return _commitment(self.key(use), raw)

    def proves(self, use: str, raw: bytes, commitment: str) -> bool:
        """Whether a commitment, of today or from before a rotation, is one to `raw`."""
        wanted = commitment.encode("utf-8", "replace")
        return any(hmac.compare_digest(_commitment(key, raw).encode(), wanted) for key in self._keys(use))

    def subject(self, category: str, value: str) -> str:
        """Return the keyed digest by which the ledger looks up a person known by an identifying value."""
        return self.subjects(category, value)[0]

    def subjects(self, category: str, value: str) -> tuple[str, ...]:
        """Return every digest that a person may be looked up by: today's, then those from before each rotation."""
        return lookups(self._keys("subjects"), category, value)

    def fingerprint(self, parts: Mapping[str, str]) -> str:
        """Return the keyed digest that names a call for its tickets and kept replies."""
        return self.fingerprints(parts)[0]

    def fingerprints(self, parts: Mapping[str, str]) -> tuple[str, ...]:
        """Return every name that a call may have been kept under: today's, then those from before each rotation."""
        named = canonical(dict(parts))
        return tuple(hmac.digest(key, named, hashlib.sha256).hex() for key in self._keys("fingerprints"))

    def _keys(self, use: str) -> tuple[bytes, ...]:
        found = self._keyed.get(use)
        if found is None:
            found = self._keyed[use] = all_keys(self.keys, use)
        return found


def _commitment(key: bytes, raw: bytes) -> str:
    return "hmac-sha256:" + hmac.digest(key, raw, "sha256").hex()
