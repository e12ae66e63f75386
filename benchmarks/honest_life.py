"""A ledger's honest life, written by the real writer: forked writers, killed ones, sweeps, checkpoints, a purge.

python -m benchmarks.honest_life URL records     (what one process and its child write before they are killed)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from benchmarks.bench_ledger import _BODY
from govai.core.records import Draft, new_id
from govai.keys.roots import RootKey
from govai.ledger.claims import digest_of
from govai.ledger.signing import Signer
from govai.ledger.store import Ledger

KEYS = RootKey(b"k" * 32, "test")
_AT_ONCE = 250  # calls a commit: many waiters, one commit
_LIFE = 250_000  # records a process and its child write
_PURGED = 500
_OUTCOME = {"purpose": "win_back", "status": "completed", "usage": {"input": 12, "output": 30}}


def lived(url: str, records: int) -> None:
    """Write a ledger of at least so many records: two writers at a time, both killed; the next one sweeps and signs."""
    for _ in range(max(1, records // _LIFE)):
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.honest_life", url, str(min(records, _LIFE))]
        subprocess.run(command, check=False)  # noqa: S603 -- ourselves
        ledger = Ledger(url, keys=KEYS)  # sweeps
        while ledger.checkpoint() is not None:
            pass
        ledger.close()
    _purged(url)


def _life(url: str, records: int) -> None:
    ledger = Ledger(url, keys=KEYS)
    child = os.fork()
    for _ in range(records // (4 * _AT_ONCE)):
        intents = [Draft("intent", new_id(), _BODY) for _ in range(_AT_ONCE)]
        ledger.commit(intents)
        ledger.commit([Draft("outcome", one.call_id, _OUTCOME, intent_id=one.id) for one in intents])
    ledger.commit([Draft("intent", new_id(), _BODY) for _ in range(3)])  # nobody ends these
    if child:
        os.waitpid(child, 0)
    os.kill(os.getpid(), signal.SIGKILL)


def _purged(url: str) -> None:
    """Empty the oldest records, as a purge does, and say so."""
    ledger = Ledger(url, keys=KEYS)
    on = ledger.connection
    ((chain,),) = on.execute("SELECT chain FROM records ORDER BY position LIMIT 1")
    which = (chain, 1, _PURGED)
    hashes = [
        one
        for (one,) in on.execute("SELECT hash FROM records WHERE chain=? AND seq BETWEEN ? AND ? ORDER BY seq", which)
    ]
    said = {"purged": [{"chain": chain, "from": 1, "to": _PURGED}], "digest": digest_of(hashes)}
    ledger.commit([Draft("purge", "", Signer(KEYS).signed(said))])
    on.execute("INSERT INTO purging VALUES('benchmark')")
    on.execute("UPDATE records SET bytes=x'' WHERE chain=? AND seq BETWEEN ? AND ?", which)
    on.execute("DELETE FROM purging")
    ledger.close()


if __name__ == "__main__":
    _life(sys.argv[1], int(sys.argv[2]))
