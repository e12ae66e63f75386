"""Making checkpoints: what moved since the last one, signed, and written so that no two processes go on from the same one."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from govai.core.checkpoints import Checkpoint, Span
from govai.core.errors import ConfigError, GovaiError
from govai.core.keys import all_keys
from govai.core.lang import say
from govai.core.records import Draft, now
from govai.ledger.chain import OF_KIND
from govai.ledger.signing import USE, Signer, public_key

if TYPE_CHECKING:
    from govai.core.database import Connection
    from govai.ledger.store import Ledger

_log = logging.getLogger("govai.ledger")
EVERY_COMMITS = 10_000  # at least as many records
_LOOK_S = 5.0
EVERY_S = 600.0
_MOST = 100_000  # records that one checkpoint covers: what a verification holds in memory is bounded by it
_OWN = frozenset({"checkpoint", "anchor"})  # a ledger in which nothing else happens needs no further checkpoint
_OURS = OF_KIND.format("checkpoint")
_SINCE = f"SELECT position, bytes FROM records WHERE {_OURS} AND position>? ORDER BY position"  # noqa: S608 -- our words
_SPAN = "SELECT hash, kind FROM records WHERE chain=? AND seq>? AND seq<=? ORDER BY seq LIMIT ?"


class Maker:
    """Makes the checkpoints of one ledger. It remembers where the line stood, and reads on from there."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = weakref.proxy(ledger)
        self._lock, self._process = threading.Lock(), os.getpid()
        self._signer: Signer | None = None
        self._position, self._last = 0, (0, "")
        self._covered: dict[str, int] = {}

    def signer(self) -> Signer:
        """Return what signs.

        Raises:
            ConfigError: the ledger was opened without keys.
        """
        if self._signer is None:
            if self._ledger.keys is None:
                raise ConfigError(
                    say("this ledger was opened without keys", "ce registre a été ouvert sans clés"),
                    where="Ledger(keys=)",
                    todo="Governor(keys=…)",
                )
            self._signer = Signer(self._ledger.keys)
        return self._signer

    def public_keys(self) -> tuple[str, ...]:
        """Return the public keys that checkpoints may be signed by: today's, and those of before a rotation."""
        keys = self._ledger.keys
        if keys is None:
            return ()
        retired = (public.hex() for public in getattr(keys, "retired", {}).values())
        return (*(public_key(seed) for seed in all_keys(keys, USE)), *retired)

    def make(self) -> Checkpoint | None:
        """Make a checkpoint of all that is durable now and return it; None when nothing happened since the last.

        Raises:
            ConfigError: no keys. LedgerUnavailable: it cannot be written.
        """
        signer = self.signer()
        if self._process != os.getpid():  # forked while the parent's thread was making one
            self._lock, self._process = threading.Lock(), os.getpid()
        with self._lock:
            while True:
                made: Checkpoint | None = self._ledger.read_apart(lambda connection: self._drawn_up(connection, signer))
                if made is None or self._ledger.append_alone(lambda c, made=made: self._still(c, made)):
                    return made

    def _drawn_up(self, connection: Connection, signer: Signer) -> Checkpoint | None:
        """Return a signed checkpoint of what moved; it is not written yet."""
        self._read_on(connection)
        spans, busy, left = [], False, _MOST
        heads = connection.execute("SELECT chain, seq FROM heads ORDER BY chain")
        for chain, seq in heads:
            first = self._covered.get(chain, 0) + 1
            rows = connection.execute(_SPAN, (chain, first - 1, seq, left)) if seq >= first and left else []
            if rows:
                left -= len(rows)
                busy = busy or any(kind not in _OWN for _, kind in rows)
                spans.append(_span(chain, first, [digest for digest, _ in rows]))
        if not busy:
            return None
        number, previous = self._last
        return signer.sign(Checkpoint(number + 1, now(), previous, tuple(spans), signer.key))

    def _read_on(self, connection: Connection) -> None:
        from govai.ledger.scanning import spelled

        for position, raw in connection.execute(_SINCE, (self._position,)):
            self._position = position
            said = spelled(raw) if isinstance(raw, bytes) else None
            try:
                one = Checkpoint.from_json(said and said["body"])
            except ValueError:
                continue  # verifying names it; the line goes on from the last that can be read
            self._last = (one.number, one.digest)
            self._covered.update((span.chain, span.last) for span in one.spans)

    def _still(self, connection: Connection, made: Checkpoint) -> list[Draft]:
        """Return the draft of a checkpoint, [] where another process was faster. Called while alone with the ledger."""
        if connection.execute(_SINCE + " LIMIT 1", (self._position,)):
            return []
        return [Draft("checkpoint", "", made.to_json())]


class Pacer:
    """Has a checkpoint made every so many commits or seconds, in a thread of its own. Nobody waits for it.

    Args:
        maker: makes them. commits: since the last one. seconds: the longest time between two while anything is written.
    """

    def __init__(self, maker: Maker, *, commits: int = EVERY_COMMITS, seconds: float = EVERY_S) -> None:
        self._maker = weakref.ref(maker)
        self._commits, self._seconds = commits, seconds
        self._bell: SimpleQueue[bool] = SimpleQueue()  # True: one is due, False: the end
        self._count, self._process = 0, 0
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Something became durable."""
        self._count += 1
        if self._process != os.getpid():
            self._start()
        if self._count % self._commits == 0:
            self._bell.put(True)

    def close(self) -> None:
        """Make no more, once the one in the making is done."""
        self._bell.put(False)
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(10)

    def _start(self) -> None:
        self._process, self._bell = os.getpid(), SimpleQueue()
        self._thread = threading.Thread(
            target=_pace, args=(self._maker, self._bell, self._seconds), name="govai-checkpoints", daemon=True
        )
        self._thread.start()


def _pace(alive: weakref.ref[Maker], bell: SimpleQueue[bool], seconds: float) -> None:
    due, deadline = False, time.monotonic() + seconds
    while True:
        try:
            due = bell.get(timeout=_LOOK_S)
            if not due:
                return
        except Empty:
            if alive() is None:
                return
        if due or time.monotonic() >= deadline:
            due, deadline = False, time.monotonic() + seconds
            _made(alive())


def _made(maker: Maker | None) -> None:
    """Make one. What fails is logged, and tried again when the next is due; verifying says how far the checkpoints reach."""
    try:
        if maker is not None:
            maker.make()
    except ReferenceError:
        pass  # the ledger is gone
    except Exception as error:  # noqa: BLE001 -- a database's own errors too: the thread must live to try again
        why = str(error) if isinstance(error, GovaiError) else type(error).__name__  # others may quote what they read
        _log.warning(
            say(
                "no checkpoint could be made; it is tried again: %s", "point de contrôle impossible, réessai prévu : %s"
            ),
            why,
        )


def _span(chain: str, first: int, digests: list[str]) -> Span:
    from govai.ledger.merkle import root_of

    root = root_of([bytes.fromhex(one) for one in digests]).hex()
    return Span(chain, first, first + len(digests) - 1, digests[-1], root)
