"""The line of checkpoints: each numbered, signed, and naming the one before. It reads them and names what breaks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govai.core.checkpoints import Checkpoint
from govai.core.lang import say
from govai.ledger.chain import OF_KIND
from govai.ledger.fault import Fault
from govai.ledger.scanning import later, spelled
from govai.ledger.signing import is_signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from govai.core.checkpoints import Anchor
    from govai.core.database import Connection

_QUERY = f"SELECT id, bytes FROM records WHERE {OF_KIND.format('checkpoint')} ORDER BY position"  # noqa: S608 -- our words
_MOST_GONE = 100


@dataclass(slots=True)
class Line:
    """The checkpoints of a ledger by number, and the ids of their records.

    Attributes:
        unread: faults of records that spell no checkpoint, or one whose number is taken.
    """

    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    records: dict[int, str] = field(default_factory=dict)
    unread: list[Fault] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection) -> Line:
        """Read the line from a ledger."""
        line = cls()
        for record, raw in connection.stream(_QUERY):
            said = spelled(raw) if isinstance(raw, bytes) else None
            try:
                line.add(record, said and said["body"])
            except ValueError:
                line.unread.append(Fault("forged_checkpoint", record, "?"))
        return line

    def add(self, record: str, body: Any) -> None:
        """Take one checkpoint.

        Raises:
            ValueError: the body spells none.
        """
        checkpoint = Checkpoint.from_json(body)
        if checkpoint.number in self.checkpoints:
            self.unread.append(Fault("forged_checkpoint", record, str(checkpoint.number)))
            return
        self.checkpoints[checkpoint.number], self.records[checkpoint.number] = checkpoint, record

    def faults(self, trusted: Iterable[str] = ()) -> Iterator[Fault]:
        """Yield what breaks the line.

        Args:
            trusted: the public keys that may sign; none: whichever a checkpoint names.
        """
        yield from self.unread
        keys, before, covered = frozenset(trusted), None, dict[str, int]()
        numbers = sorted(self.checkpoints)
        yield from self._gone(numbers)
        for number in numbers:
            checkpoint, record = self.checkpoints[number], self.records[number]
            if not is_signed(checkpoint):
                yield Fault("forged_checkpoint", record, str(number))
            elif keys and checkpoint.key not in keys:
                yield Fault("unknown_key", record, str(number))
            elif not _goes_on(checkpoint, before, covered):
                yield Fault("forged_checkpoint", record, str(number))
            if before is not None and later(before.time, checkpoint.time):
                yield Fault("clock", record, f"{before.time} > {checkpoint.time}")
            covered.update((span.chain, span.last) for span in checkpoint.spans)
            before = checkpoint

    def notes(self, trusted: Iterable[str]) -> list[str]:
        """Return what to know of the signatures."""
        if not self.checkpoints:
            return [say("no checkpoint was signed", "aucun point de contrôle n'est signé")]
        until = self.checkpoints[max(self.checkpoints)].time
        said = [say(f"signed until {until}", f"signé jusqu'à {until}")]
        if not tuple(trusted):
            said.append(
                say(
                    "signatures were checked by the keys that the checkpoints name; --public-key says whom to trust",
                    "signatures vérifiées avec les clés que nomment les points de contrôle ; --public-key dit à qui se fier",
                )
            )
        return said

    def _gone(self, numbers: list[int]) -> Iterator[Fault]:
        left, last = _MOST_GONE, 0
        for number in numbers:
            for missing in range(last + 1, min(number, last + 1 + left)):
                left -= 1
                yield Fault("removed_checkpoint", None, str(missing))
            last = number


@dataclass(slots=True)
class Copies:
    """What anchors keep, read back.

    Attributes:
        until: the time of the latest checkpoint of the ledger's that a copy confirms. unkept: copies of checkpoints that the
            ledger no longer has as they were. faults, notes: in words and names.
    """

    until: str | None = None
    unkept: list[Checkpoint] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def compare(self, line: Line, name: str, copies: Iterable[Checkpoint], trusted: frozenset[str]) -> None:
        """Hold an anchor's copies against the line."""
        strangers = 0
        for copy in copies:
            own = line.checkpoints.get(copy.number)
            if own is not None and own.digest == copy.digest:
                self.until = max(self.until or "", own.time)
            elif not is_signed(copy) or (trusted and copy.key not in trusted):
                strangers += 1
            else:
                code = "removed_checkpoint" if own is None else "forged_checkpoint"
                self.faults.append(Fault(code, line.records.get(copy.number), str(copy.number)))
                self.unkept.append(copy)
        if strangers:
            self.notes.append(
                say(
                    f"anchor {name}: {strangers} copies are not signed by a trusted key, and count for nothing",
                    f"ancrage {name} : {strangers} copies non signées par une clé de confiance, sans valeur",
                )
            )


def confirmed(anchors: Iterable[Anchor], line: Line, receipts: Iterable[Any]) -> Iterator[tuple[str, Checkpoint]]:
    """Yield the anchors' names and checkpoints whose receipts, as `anchor` records hold them, are proof themselves."""
    proving: dict[str, Any] = {anchor.name: getattr(anchor, "confirms", None) for anchor in anchors}
    for said in receipts:
        name, number = said.get("anchor"), said.get("checkpoint")
        checkpoint = line.checkpoints.get(number) if isinstance(number, int) else None
        confirms = proving.get(str(name))
        if confirms is not None and checkpoint is not None and confirms(checkpoint, str(said.get("receipt"))):
            yield str(name), checkpoint


def untimed(anchors: Iterable[Anchor], line: Line, found: Iterable[tuple[str, Checkpoint]]) -> Iterator[str]:
    """Yield a note for each anchor whose receipts are proof themselves and do not confirm every checkpoint."""
    of: dict[str, set[int]] = {anchor.name: set() for anchor in anchors if hasattr(anchor, "confirms")}
    for name, checkpoint in found:
        of[name].add(checkpoint.number)
    total = len(line.checkpoints)
    for name, numbers in of.items():
        if len(numbers) < total:
            left = total - len(numbers)
            yield say(
                f"anchor {name}: {left} of {total} checkpoints have no proof of their time; who has the key may have made them later",
                f"ancrage {name} : {left} points de contrôle sur {total} sans preuve de date ; qui a la clé a pu les faire après",
            )


def read_back(anchors: Iterable[Anchor]) -> tuple[list[tuple[str, list[Checkpoint]]], list[str]]:
    """Return each anchor's copies by its name, and notes on those that cannot be read back."""
    found: list[tuple[str, list[Checkpoint]]] = []
    notes: list[str] = []
    for anchor in anchors:
        reading = getattr(anchor, "anchored", None)
        if reading is None and hasattr(anchor, "confirms"):
            continue
        if reading is None:
            notes.append(
                say(
                    f"anchor {anchor.name} keeps no copy that can be read back here",
                    f"l'ancrage {anchor.name} ne garde pas de copie lisible d'ici",
                )
            )
            continue
        try:
            found.append((anchor.name, list(reading())))
        except Exception as error:  # noqa: BLE001 -- any anchor: a plug-in's errors are its own
            kind = type(error).__name__
            notes.append(
                say(
                    f"anchor {anchor.name} could not be read ({kind}): nothing is confirmed by it",
                    f"ancrage {anchor.name} illisible ({kind}) : il ne confirme rien",
                )
            )
    return found, notes


def _goes_on(checkpoint: Checkpoint, before: Checkpoint | None, covered: dict[str, int]) -> bool:
    """Whether a checkpoint follows from the one before it."""
    if before is not None and before.number == checkpoint.number - 1 and checkpoint.previous != before.digest:
        return False
    if before is None and checkpoint.number == 1 and checkpoint.previous:
        return False
    if before is not None and before.number < checkpoint.number - 1:
        return True  # what it goes on from is gone, and said to be
    return all(span.first == covered.get(span.chain, 0) + 1 for span in checkpoint.spans)
