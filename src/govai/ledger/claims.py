"""Claims: what checkpoints and purges say of chains, laid out so that a scan can check them as it passes. Pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from govai.ledger.merkle import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from govai.core.checkpoints import Checkpoint, Span

TOLERANCE_S = 300  # an NTP step, a laptop that slept between making a record and writing it


class Purge(NamedTuple):
    """What a purge record says.

    Attributes:
        record: its id. ranges: (chain, first, last) of what was emptied. digest: the Merkle root of their digests, in order.
    """

    record: str
    ranges: tuple[tuple[str, int, int], ...]
    digest: str

    @classmethod
    def from_body(cls, record: str, body: Any) -> Purge:
        """Return what a purge record's body says: `{"purged": [{"chain", "from", "to"}…], "digest": …}`; who signed it is
        another question.

        Raises:
            ValueError: it says nothing of the kind.
        """
        try:
            ranges = tuple((str(r["chain"]), r["from"], r["to"]) for r in body["purged"])
            if all(type(first) is type(last) is int and 0 < first <= last for _, first, last in ranges):
                return cls(record, ranges, str(body["digest"]))
        except (TypeError, KeyError):
            pass
        raise ValueError("this spells no purge")


def digest_of(hashes: Iterable[str]) -> str:
    """Return what a purge record holds as `digest`: the Merkle root of the emptied records' digests, in order."""
    return root_of([bytes.fromhex(one) for one in hashes]).hex()


class Pledge(NamedTuple):
    """A span that a checkpoint vouches for, and which: in the ledger, or an anchor's copy of one that is not."""

    span: Span
    number: int
    time: str


@dataclass(slots=True)
class OnChain:
    """What is claimed of one chain: pledges by rising sequence, and emptied ranges, each (first, last), sorted."""

    pledges: list[Pledge] = field(default_factory=list)
    purged: list[tuple[int, int]] = field(default_factory=list)

    @property
    def covered(self) -> int:
        """The last sequence that a checkpoint vouches for."""
        return self.pledges[-1].span.last if self.pledges else 0

    def is_purged(self, seq: int) -> bool:
        """Whether a purge says that a record was emptied."""
        at = bisect_left(self.purged, (seq + 1,)) - 1
        return at >= 0 and self.purged[at][1] >= seq


class Claims:
    """Everything claimed, by chain."""

    def __init__(self, checkpoints: Iterable[Checkpoint] = (), purges: Sequence[Purge] = ()) -> None:
        self._chains: dict[str, OnChain] = {}
        for checkpoint in checkpoints:
            for span in checkpoint.spans:
                self._on(span.chain).pledges.append(Pledge(span, checkpoint.number, checkpoint.time))
        for purge in purges:
            for chain, first, last in purge.ranges:
                self._on(chain).purged.append((first, last))
        for one in self._chains.values():
            one.pledges.sort(key=lambda pledge: (pledge.span.last, pledge.span.first))
            one.purged.sort()

    def on(self, chain: str) -> OnChain:
        """Return what is claimed of a chain."""
        return self._chains.get(chain) or OnChain()

    def chains(self) -> dict[str, int]:
        """Return each chain that a checkpoint vouches for, and up to which sequence."""
        return {chain: one.covered for chain, one in self._chains.items() if one.pledges}

    def _on(self, chain: str) -> OnChain:
        return self._chains.setdefault(chain, OnChain())


def mismatches(purges: Iterable[Purge], hashes: Callable[[str, int, int], Iterable[str]]) -> Iterable[str]:
    """Yield the ids of purge records whose digest is not that of what they name; `hashes` reads a range's digests."""
    for purge in purges:
        try:
            same = digest_of(one for named in purge.ranges for one in hashes(*named)) == purge.digest
        except ValueError:  # a digest that is none
            same = False
        if not same:
            yield purge.record
