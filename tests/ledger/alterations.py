"""The corpus: each kind of alteration, by the code that must name it. An alteration takes an attacker and a source of chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson

from govai.core.records import new_id
from govai.ledger.claims import digest_of
from tests.ledger.attacker import Attacker

Alteration = Callable[[Attacker, random.Random, Any], None]
CORPUS: dict[str, tuple[str, Alteration]] = {}  # the name: the code, the alteration


def named(code: str) -> Callable[[Alteration], Alteration]:
    def keep(alteration: Alteration) -> Alteration:
        CORPUS[alteration.__name__] = (code, alteration)
        return alteration

    return keep


def inner(a: Attacker, r: random.Random) -> dict[str, Any]:
    """A record, neither first nor last of its chain."""
    return r.choice([row for chain in a.chains for row in a.chain(chain)[1:-1]])


def signed(a: Attacker, r: random.Random) -> dict[str, Any]:
    """An intent or outcome that a checkpoint covers, and that is not the last that one does."""
    covered = a.covered()
    return r.choice([row for row in a.rows if row["kind"] in ("intent", "outcome") and 1 < row["seq"] < covered.get(row["chain"], 0)])


def busy(a: Attacker) -> str:
    """The chain with an unsigned tail."""
    return max(a.chains, key=lambda chain: len(a.chain(chain)))


@named("edited")
def a_byte_flipped(a, r, s):
    row = r.choice(a.rows)
    raw = bytearray(row["bytes"])
    raw[r.randrange(len(raw))] ^= r.randrange(1, 256)
    row["bytes"] = bytes(raw)


@named("edited")
def bytes_cut(a, r, s):
    row = r.choice(a.rows)
    row["bytes"] = row["bytes"][: r.randrange(1, len(row["bytes"]))]


@named("edited")
def bytes_added(a, r, s):
    r.choice(a.rows)["bytes"] += b" "


@named("edited")
def bytes_gone(a, r, s):
    r.choice(a.rows)["bytes"] = None


@named("edited")
def a_word_changed(a, r, s):
    row = r.choice(a.of("intent"))
    row["bytes"] = row["bytes"].replace(b"ana", b"eva")


@named("edited")
def the_digest_changed(a, r, s):
    r.choice(a.rows)["hash"] = "0" * 64


@named("rewritten")
def changed_with_its_digest(a, r, s):
    row = inner(a, r)
    a.say(row, body={**orjson.loads(row["bytes"])["body"], "actor": "eva"})


@named("rewritten")
def changed_with_its_whole_chain(a, r, s):
    row = signed(a, r)
    a.say(row, body={**orjson.loads(row["bytes"])["body"], "actor": "eva"})
    a.rehash(row["chain"])


@named("columns")
def the_purpose_column(a, r, s):
    r.choice(a.of("intent"))["purpose"] = "other"


@named("columns")
def the_purpose_column_emptied(a, r, s):
    r.choice(a.of("outcome"))["purpose"] = ""


@named("columns")
def the_purpose_of_what_has_none(a, r, s):
    r.choice(a.of("note"))["purpose"] = "hidden"


@named("columns")
def the_time_column(a, r, s):
    row = r.choice(a.rows)
    row["time"] = row["time"].replace("T", "t")


@named("columns")
def the_kind_column(a, r, s):
    r.choice(a.of("intent"))["kind"] = "note"


@named("columns")
def the_kind_of_a_checkpoint(a, r, s):
    r.choice(a.of("checkpoint"))["kind"] = "note"


@named("columns")
def the_call_column(a, r, s):
    r.choice(a.of("intent"))["call_id"] = new_id()


@named("columns")
def the_intent_column(a, r, s):
    r.choice(a.of("outcome"))["intent_id"] = new_id()


@named("columns")
def the_id_column(a, r, s):
    r.choice(a.rows)["id"] = new_id()


@named("columns")
def the_chain_column(a, r, s):
    row = r.choice(a.rows)
    row["chain"] = new_id()


@named("reordered")
def the_sequence_column(a, r, s):
    r.choice(a.rows)["seq"] += 1000


@named("deleted")
def one_deleted(a, r, s):
    a.remove([inner(a, r)])


@named("deleted")
def several_deleted(a, r, s):
    rows = a.chain(busy(a))
    at = r.randrange(1, len(rows) - 5)
    a.remove(rows[at : at + 3])


@named("deleted")
def the_first_deleted(a, r, s):
    a.remove(a.chain(r.choice(a.chains))[:1])


@named("rewritten")
def deleted_and_the_chain_closed_again(a, r, s):
    row = signed(a, r)
    a.remove([row])
    a.rehash(row["chain"])


@named("rewritten")
def one_slipped_in(a, r, s):
    row = signed(a, r)
    for other in a.after(row):
        other["seq"] += 1
        other["position"] += 1000
    a.rows.append({**row, "seq": row["seq"] + 1, "position": row["position"] + 1000})
    a.say(a.rows[-1], id=new_id(), kind="note")
    a.rehash(row["chain"])


@named("reordered")
def positions_swapped(a, r, s):
    one, other = r.sample(a.chain(busy(a)), 2)
    one["position"], other["position"] = other["position"], one["position"]


@named("reordered")
def a_chain_backwards(a, r, s):
    rows = a.chain(r.choice(a.chains))
    for row, position in zip(rows, [row["position"] for row in reversed(rows)]):
        row["position"] = position


@named("reordered")
def bytes_swapped(a, r, s):
    one, other = r.sample(a.chain(busy(a)), 2)
    one["bytes"], other["bytes"] = other["bytes"], one["bytes"]


@named("reordered")
def bytes_and_digests_swapped(a, r, s):
    one, other = r.sample(a.chain(busy(a)), 2)
    for name in ("bytes", "hash"):
        one[name], other[name] = other[name], one[name]


@named("reordered")
def sequences_swapped(a, r, s):
    one, other = r.sample(a.chain(busy(a)), 2)
    one["seq"], other["seq"] = other["seq"], one["seq"]


@named("duplicated")
def a_row_twice(a, r, s):
    a.rows.append({**r.choice(a.rows), "position": a.rows[-1]["position"] + 1})


@named("duplicated")
def a_copy_at_the_end(a, r, s):
    row = r.choice(a.rows)
    a.rows.append({**row, "id": new_id(), "seq": a.chain(row["chain"])[-1]["seq"] + 1, "position": a.rows[-1]["position"] + 1})


@named("duplicated")
def a_copy_in_another_chain(a, r, s):
    row = r.choice(a.chain(a.chains[0]))
    other = a.chain(a.chains[1])[-1]
    a.rows.append({**row, "id": new_id(), "chain": other["chain"], "seq": other["seq"] + 1, "position": a.rows[-1]["position"] + 1})


@named("duplicated")
def a_copy_over_another(a, r, s):
    one, other = r.sample(a.chain(busy(a)), 2)
    for name in ("bytes", "hash"):
        one[name] = other[name]


@named("duplicated")
def an_id_used_again(a, r, s):
    a.append(busy(a), "note", {}, identity=r.choice(a.rows)["id"])


@named("cut_tail")
def the_tail_cut(a, r, s):
    rows = a.chain(busy(a))
    a.remove(rows[-r.randrange(1, 3) :])


@named("cut_tail")
def the_tail_cut_and_the_head_moved(a, r, s):
    row = signed(a, r)
    a.remove(a.after(row))
    a.heads[row["chain"]] = [row["seq"], row["hash"]]


@named("removed_chain")
def a_chain_removed(a, r, s):
    a.remove(a.chain(r.choice(a.chains)))


@named("removed_chain")
def a_chain_removed_with_its_head(a, r, s):
    chain = r.choice([chain for chain in a.chains if chain != busy(a)])
    a.remove(a.chain(chain))
    del a.heads[chain]


@named("removed_chain")
def everything_removed(a, r, s):
    a.rows, a.heads = [], {}


@named("head")
def a_head_moved(a, r, s):
    a.heads[r.choice(a.chains)][0] -= 1


@named("head")
def a_head_changed(a, r, s):
    a.heads[r.choice(a.chains)][1] = "0" * 64


@named("head")
def a_head_removed(a, r, s):
    del a.heads[r.choice(a.chains)]


@named("forged_checkpoint")
def a_checkpoint_changed(a, r, s):
    row = r.choice(a.of("checkpoint"))
    body = orjson.loads(row["bytes"])["body"]
    body["chains"][0]["root"] = "0" * 64
    a.say(row, body=body)
    a.rehash(row["chain"])


@named("forged_checkpoint")
def a_checkpoint_of_nothing(a, r, s):
    row = r.choice(a.of("checkpoint"))
    a.say(row, body={"number": 1})
    a.rehash(row["chain"])


@named("forged_checkpoint")
def a_checkpoint_copied(a, r, s):
    a.append(busy(a), "checkpoint", orjson.loads(r.choice(a.of("checkpoint"))["bytes"])["body"])


@named("unknown_key")
def all_rewritten_and_signed_with_another_key(a, r, s):
    row = signed(a, r)
    a.say(row, body={**orjson.loads(row["bytes"])["body"], "actor": "eva"})
    a.rehash(row["chain"])
    a.resign(s.stranger)


@named("forged_checkpoint")
def all_rewritten_and_signed_with_the_key(a, r, s):
    """Only an anchor's copy shows this one."""
    row = signed(a, r)
    a.say(row, body={**orjson.loads(row["bytes"])["body"], "actor": "eva"})
    a.rehash(row["chain"])
    a.resign(s.signer)


@named("removed_checkpoint")
def a_checkpoint_deleted(a, r, s):
    a.remove([r.choice(a.of("checkpoint")[:-1])])


@named("removed_checkpoint")
def the_last_checkpoint_cut_off(a, r, s):
    """Only an anchor's copy shows this one."""
    last = a.of("checkpoint")[-1]
    before = {span["chain"]: span["to"] for row in a.of("checkpoint")[:-1] for span in orjson.loads(row["bytes"])["body"]["chains"]}
    a.remove([row for row in a.rows if row["seq"] > before.get(row["chain"], 0)])
    assert last not in a.rows
    for chain in list(a.heads):
        rows = a.chain(chain)
        if rows:
            a.heads[chain] = [rows[-1]["seq"], rows[-1]["hash"]]
        else:
            del a.heads[chain]


@named("clock")
def a_record_dated_back(a, r, s):
    chain = busy(a)
    row = a.append(chain, "note", {})
    past = datetime.fromisoformat(row["time"]) - timedelta(minutes=r.randrange(6, 6000))
    a.say(row, time=past.isoformat().replace("+00:00", "Z"))
    a.heads[chain] = [row["seq"], row["hash"]]


@named("clock")
def a_record_dated_ahead(a, r, s):
    row = signed(a, r)
    future = datetime.fromisoformat(row["time"]) + timedelta(minutes=r.randrange(6, 6000))
    a.say(row, time=future.isoformat().replace("+00:00", "Z"))
    a.rehash(row["chain"])


@named("clock")
def a_time_that_is_none(a, r, s):
    row = signed(a, r)
    a.say(row, time="yesterday")
    a.rehash(row["chain"])


@named("outcome_without_intent")
def an_outcome_of_nothing(a, r, s):
    a.append(busy(a), "outcome", {"status": "completed"}, intent_id=new_id())


@named("outcome_without_intent")
def an_intent_taken_out(a, r, s):
    ended = {row["intent_id"] for row in a.of("outcome")}
    row = r.choice([row for row in a.of("intent") if row["id"] in ended])
    a.remove([row])
    a.rehash(row["chain"])


@named("outcome_twice")
def a_second_outcome(a, r, s):
    a.append(busy(a), "outcome", {"status": "failed"}, intent_id=r.choice(a.of("outcome"))["intent_id"])


@named("outcome_twice")
def a_third_outcome(a, r, s):
    for _ in range(2):
        a.append(busy(a), "outcome", {"status": "failed"}, intent_id=a.of("outcome")[0]["intent_id"])


@named("purged_silently")
def emptied(a, r, s):
    r.choice(a.rows)["bytes"] = b""


@named("purged_silently")
def emptied_beyond_what_the_purge_says(a, r, s):
    rows = a.chain(busy(a))[3:7]
    for row in rows:
        row["bytes"] = b""
    a.append(busy(a), "purge", s.signer.signed(purge(rows[:-1])))


@named("purge_mismatch")
def a_purge_with_another_digest(a, r, s):
    row = r.choice(a.of("outcome"))
    row["bytes"] = b""
    a.append(row["chain"], "purge", s.signer.signed({**purge([row]), "digest": "0" * 64}))


@named("purge_mismatch")
def an_emptied_record_with_another_digest(a, r, s):
    rows = a.chain(busy(a))[3:6]
    body = purge(rows)
    for row in rows:
        row["bytes"] = b""
    rows[1]["hash"] = "0" * 64
    a.append(busy(a), "purge", s.signer.signed(body))


def emptied_under(a, body):
    """Empty two records, and append a purge that names them; `body` makes its body of what an honest one would say."""
    rows = a.chain(busy(a))[3:5]
    said = purge(rows)
    for row in rows:
        row["bytes"] = b""
    a.append(busy(a), "purge", body(said))


@named("forged_purge")
def a_purge_that_nobody_signed(a, r, s):
    emptied_under(a, lambda said: said)


@named("forged_purge")
def a_purge_signed_by_a_stranger(a, r, s):
    emptied_under(a, s.stranger.signed)


@named("forged_purge")
def a_purge_by_a_stranger_who_names_the_key(a, r, s):
    emptied_under(a, lambda said: {**s.stranger.signed(said), "key": s.signer.key})


@named("forged_purge")
def a_purge_with_the_signature_of_another(a, r, s):
    emptied_under(a, lambda said: {**s.signer.signed({**said, "purged": []}), "purged": said["purged"]})


@named("forged_purge")
def a_purge_with_the_signature_of_a_checkpoint(a, r, s):
    one = orjson.loads(r.choice(a.of("checkpoint"))["bytes"])["body"]
    emptied_under(a, lambda said: {**one, **said})


@named("purged_silently")
def emptied_and_a_forged_purge_says_so(a, r, s):
    emptied_under(a, lambda said: {**said, "key": s.signer.key, "signature": 7})


@named("purge_undone")
def an_emptied_record_put_back(a, r, s):
    rows = a.chain(busy(a))[3:6]
    a.append(busy(a), "purge", s.signer.signed(purge(rows)))


@named("not_a_record")
def a_record_of_garbage(a, r, s):
    row = a.append(busy(a), "note", {})
    a.raw(row, row["bytes"].replace(b'{"body":{}', b'{"body":{]'))


@named("not_a_record")
def a_record_with_spaces(a, r, s):
    row = a.append(busy(a), "note", {})
    a.raw(row, row["bytes"].replace(b'{"body":', b'{"body": '))


@named("not_a_record")
def a_record_with_a_key_twice(a, r, s):
    row = a.append(busy(a), "note", {})
    a.raw(row, row["bytes"].replace(b'{"body":', b'{"body":{"a":1},"body":'))


def purge(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"purged": [{"chain": row["chain"], "from": row["seq"], "to": row["seq"]} for row in rows], "digest": digest_of(row["hash"] for row in rows)}
