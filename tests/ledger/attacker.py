"""Someone with the database (and perhaps the key): what stops a client from altering rows does not stop them."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

import orjson

from govai.core.canonical import canonical
from govai.core.checkpoints import Checkpoint
from govai.core.records import SCHEMA, new_id, now

COLUMNS = ("position", "chain", "seq", "id", "time", "kind", "call_id", "intent_id", "purpose", "hash", "bytes")


class Attacker:
    """Reads all rows, alters them as it likes, writes them back without constraints or triggers."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            self._base: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self._mark = "?"
        else:
            import psycopg

            place, _, schema = url.partition("?schema=")
            self._base = psycopg.connect(place, autocommit=True)
            self._base.execute(f"SET search_path TO {schema}")
            self._mark = "%s"
        found = self._base.execute(f"SELECT {','.join(COLUMNS)} FROM records ORDER BY position").fetchall()
        self.rows = [dict(zip(COLUMNS, row)) for row in found]
        self.heads = {chain: [seq, head] for chain, seq, head in self._base.execute("SELECT chain, seq, hash FROM heads")}

    def write(self) -> None:
        for statement in ("CREATE TABLE altered AS SELECT * FROM records", "DROP TABLE records", "ALTER TABLE altered RENAME TO records", "DELETE FROM records", "DELETE FROM heads"):
            self._base.execute(statement)
        marks = ",".join([self._mark] * len(COLUMNS))
        for row in self.rows:
            self._base.execute(f"INSERT INTO records({','.join(COLUMNS)}) VALUES({marks})", [row[name] for name in COLUMNS])
        for chain, (seq, head) in self.heads.items():
            self._base.execute(f"INSERT INTO heads VALUES({','.join([self._mark] * 3)})", (chain, seq, head))
        self._base.close()

    def chain(self, name: str) -> list[dict[str, Any]]:
        return sorted((row for row in self.rows if row["chain"] == name), key=lambda row: row["seq"])

    @property
    def chains(self) -> list[str]:
        return sorted({row["chain"] for row in self.rows})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["kind"] == kind]

    def after(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        return [other for other in self.chain(row["chain"]) if other["seq"] > row["seq"]]

    def covered(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.of("checkpoint"):
            for span in orjson.loads(row["bytes"])["body"]["chains"]:
                found[span["chain"]] = max(found.get(span["chain"], 0), span["to"])
        return found

    def say(self, row: dict[str, Any], **said: Any) -> None:
        """Have a row's bytes and columns say something else; its digest too."""
        spelled = {**orjson.loads(row["bytes"]), **said}
        row["bytes"] = canonical(spelled)
        row["hash"] = hashlib.sha256(row["bytes"]).hexdigest()
        for name in ("seq", "id", "time", "kind", "call_id", "intent_id"):
            row[name] = spelled[name]
        row["purpose"] = str(spelled["body"].get("purpose", ""))

    def rehash(self, chain: str) -> None:
        """Number and link a chain anew, as if it had always been so."""
        head = ""
        rows = self.chain(chain)
        for seq, row in enumerate(rows, start=1):
            self.say(row, seq=seq, prev=head)
            head = row["hash"]
        self.heads[chain] = [len(rows), head]

    def append(self, chain: str, kind: str, body: dict[str, Any], intent_id: str = "", identity: str = "") -> dict[str, Any]:
        """Append a well-formed record to a chain."""
        last = self.chain(chain)[-1]
        spelled = {"schema": SCHEMA, "id": identity or new_id(), "chain": chain, "seq": last["seq"] + 1, "time": now(), "kind": kind, "call_id": "", "intent_id": intent_id, "body": body, "prev": last["hash"]}
        raw = canonical(spelled)
        row = {**{name: spelled[name] for name in COLUMNS if name in spelled}, "position": max(r["position"] for r in self.rows) + 1, "purpose": "", "bytes": raw, "hash": hashlib.sha256(raw).hexdigest()}
        self.rows.append(row)
        self.heads[chain] = [row["seq"], row["hash"]]
        return row

    def raw(self, row: dict[str, Any], content: bytes) -> None:
        """Put bytes into the last row of a chain, its digest and the head as they must be."""
        row["bytes"], row["hash"] = content, hashlib.sha256(content).hexdigest()
        self.heads[row["chain"]][1] = row["hash"]

    def remove(self, rows: list[dict[str, Any]]) -> None:
        gone = {id(row) for row in rows}
        self.rows = [row for row in self.rows if id(row) not in gone]

    def resign(self, signer: Any) -> None:
        """Make all checkpoints anew over what stands there now."""
        from govai.ledger.merkle import root_of

        previous = ""
        for row in self.of("checkpoint"):
            said = Checkpoint.from_json(orjson.loads(row["bytes"])["body"])
            body = said.to_json()
            for span in body["chains"]:
                digests = [one["hash"] for one in self.chain(span["chain"]) if span["from"] <= one["seq"] <= span["to"]]
                span["head"], span["root"] = digests[-1], root_of([bytes.fromhex(one) for one in digests]).hex()
            made = signer.sign(Checkpoint.from_json({**body, "previous": previous}))
            previous = made.digest
            self.say(row, body=made.to_json())
            self.rehash(row["chain"])
