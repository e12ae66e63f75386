"""Sinks that speak to a server: each record once by its id, in order, however often it is offered, before and after the server's cuts."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

import govai
from govai.ledger.store import Ledger
from govai.sinks.opening import open_sink
from tests.sinks.services import NATS, POSTGRESQL, RABBITMQ, REDIS, needs, notes


@dataclass
class Broker:
    """A sink's string, what the server holds of it (as records' JSON, in its order), and whether the server itself drops repetitions."""

    spec: str
    read: Callable[[], list[dict]]
    once: bool = True


@pytest.fixture
def redis_() -> Iterator[Broker]:
    needs(REDIS, "redis", "redis")
    import redis

    stream = f"govai-test-{uuid.uuid4().hex}"
    client = redis.Redis.from_url(REDIS)
    try:
        yield Broker(f"{REDIS}?stream={stream}", lambda: [json.loads(fields[b"record"]) for _id, fields in client.xrange(stream)])
    finally:
        client.delete(stream, f"{{{stream}}}:seen")
        client.close()


@pytest.fixture
def rabbitmq() -> Iterator[Broker]:
    needs(RABBITMQ, "rabbitmq", "pika")
    import pika

    queue = f"govai-test-{uuid.uuid4().hex}"
    connection = pika.BlockingConnection(pika.URLParameters(RABBITMQ))
    channel = connection.channel()

    def read() -> list[dict]:
        found = []
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(json.loads(got[2]))
            assert got[1].message_id == found[-1]["id"] and got[1].delivery_mode == 2
        return found

    try:
        yield Broker(f"rabbitmq:{RABBITMQ.removeprefix('amqp:')}?queue={queue}", read, once=False)
    finally:
        channel.queue_delete(queue)
        connection.close()


@pytest.fixture
def nats_() -> Iterator[Broker]:
    needs(NATS, "nats", "nats")
    import nats

    name = f"govai-test-{uuid.uuid4().hex}"

    async def read() -> list[dict]:
        client = await nats.connect(NATS)
        context = client.jetstream()
        info = await context.stream_info(name)
        found = [json.loads((await context.get_msg(name, seq)).data) for seq in range(1, info.state.messages + 1)]
        await client.close()
        return found

    async def delete() -> None:
        client = await nats.connect(NATS)
        await client.jetstream().delete_stream(name)
        await client.close()

    try:
        yield Broker(f"{NATS}?subject={name}&stream={name}", lambda: asyncio.run(read()))
    finally:
        asyncio.run(delete())


@pytest.fixture
def postgresql() -> Iterator[Broker]:
    needs(POSTGRESQL, "postgresql", "psycopg")
    import psycopg

    table = f"govai_test_{uuid.uuid4().hex}"
    with closing(psycopg.connect(POSTGRESQL, autocommit=True)) as connection:
        try:
            yield Broker(f"{POSTGRESQL}?table={table}", lambda: [row[0] for row in connection.execute(f"SELECT record FROM {table} ORDER BY chain, seq").fetchall()])
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {table}")


@pytest.fixture
def sqlite(tmp_path) -> Broker:
    import sqlite3

    def read() -> list[dict]:
        with closing(sqlite3.connect(tmp_path / "sink.db")) as connection:
            return [json.loads(row[0]) for row in connection.execute("SELECT record FROM govai_records ORDER BY rowid")]

    return Broker(f"sqlite:///{tmp_path}/sink.db", read)


@pytest.fixture(params=["redis_", "rabbitmq", "nats_", "postgresql", "sqlite"])
def broker(request: pytest.FixtureRequest) -> Broker:
    return request.getfixturevalue(request.param)


def test_every_record_arrives_once_and_in_order(broker: Broker, tmp_path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", sinks=[open_sink(broker.spec)])
    ledger.commit(notes(1200))
    ledger.flush(60)
    written = [record.to_json() for record in ledger.records()]
    ledger.close()
    assert broker.read() == json.loads(json.dumps(written))


def test_what_is_offered_again_is_there_once_or_known_by_its_id(broker: Broker, tmp_path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.commit(notes(30))
    records = list(ledger.records())
    ledger.close()
    sink = open_sink(broker.spec)
    sink.emit(records[:20])
    sink.emit(records)
    sink.close(5)
    found = [record["n"] for record in (one["body"] for one in broker.read())]
    if not broker.once:
        assert len(found) == 50
        found = list(dict.fromkeys(found))
    assert found == list(range(30))


def test_a_connection_that_died_in_between_is_opened_anew(broker: Broker, tmp_path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.commit(notes(4))
    first, second = list(ledger.records())[:2], list(ledger.records())[2:]
    ledger.close()
    sink = open_sink(broker.spec)
    sink.emit(first)
    sink.close(5)
    sink.emit(second)
    sink.close(5)
    assert [one["body"]["n"] for one in broker.read()] == [0, 1, 2, 3]


@pytest.mark.parametrize("spec", ["redis://127.0.0.1:1/0", "amqp://guest:hidden-word@127.0.0.1:1/%2F", "nats://127.0.0.1:1", "postgresql://postgres:hidden-word@127.0.0.1:1/postgres", "sqlite:////proc/none/x.db"])
def test_a_server_that_is_not_there_delays_nobody_and_no_password_is_shown(spec: str, caplog: pytest.LogCaptureFixture) -> None:
    sink = open_sink(spec)
    ledger = Ledger(":memory:", sinks=[sink])
    ledger.commit(notes(3))
    ledger.close(timeout=0.2)
    assert "hidden-word" not in sink.name + repr(sink) + caplog.text


@pytest.mark.parametrize(("spec", "says"), [
    ("rabbitmq://h/?type=qorum", "quorum"), ("nats://h?subjet=x", "subject"), ("redis://h?maxlen=many", "maxlen"), ("sqlite:///x.db?table=a;b", "table"),
    ("jsonl:x?kep=3", "keep"), ("jsonl:x?daily=1", "yes nor no"), ("webook:https://x", "webhook"), ("log:", "names no sink"), ("log:x?level=3", "name")])
def test_mistakes_name_the_nearest(spec: str, says: str) -> None:
    with pytest.raises(govai.ConfigError, match=says):
        open_sink(spec)
