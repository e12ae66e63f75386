"""The ledger on PostgreSQL: many writers, a role that may only insert and select, a server that goes away."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import govai
from govai.core.errors import ConfigError, LedgerUnavailable
from govai.core.records import Draft
from govai.keys.roots import RootKey
from govai.ledger.store import Ledger
from govai.ledger.verify import verify_url
from tests.ledger.places import records_at

psycopg = pytest.importorskip("psycopg")


def intent(*subjects: tuple[str, ...], **body: object) -> Draft:
    return Draft("intent", "call", {"purpose": "p", "subjects": [], **body}, subjects=subjects)


def outcome(of: Draft, status: str = "completed") -> Draft:
    return Draft("outcome", "call", {"purpose": "p", "status": status}, intent_id=of.id)


def name_of(url: str) -> str:
    return url.rpartition("schema=")[2]


@pytest.fixture
def owner(postgres: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres, autocommit=True) as base:
        yield base


@pytest.fixture
def clerk(owner: psycopg.Connection, postgres: str, schema: str) -> Iterator[str]:
    """The URL of the ledger for a role that may only insert and select."""
    Ledger(schema).close()
    role, name = name_of(schema).replace("test", "clerk"), name_of(schema)
    owner.execute(f"CREATE ROLE {role} LOGIN")
    owner.execute(f"GRANT USAGE ON SCHEMA {name} TO {role}")
    owner.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {name} TO {role}")
    yield schema.replace("//postgres@", f"//{role}@")
    owner.execute(f"DROP OWNED BY {role} CASCADE")
    owner.execute(f"DROP ROLE {role}")


def test_a_role_that_may_only_insert_and_select_governs_calls(clerk: str, policy: dict) -> None:
    with govai.Governor(policy, ledger=clerk, keys=None, sinks=[memory := govai.sinks.Memory()], actor="ana") as gov:
        gov.generate("offline:echo", "Bonjour {prenom}", data={"prenom": "Zoé", "email": "zoe@example.org"}, purpose="reporting")
        assert [record.kind for record in gov.ledger.records()] == ["intent", "outcome"]
        assert gov.ledger.verify().ok
        gov.ledger.flush()
        assert [record.kind for record in memory.records] == ["intent", "outcome"]
    with psycopg.connect(clerk.partition("?")[0]) as base, pytest.raises(psycopg.errors.InsufficientPrivilege):
        base.execute(f"UPDATE {name_of(clerk)}.records SET kind='x'")


def test_reviews_and_kept_replies_need_two_tables_more(owner: psycopg.Connection, clerk: str) -> None:
    policy = {"govai": 1, "name": "t", "extends": "eu-marketing", "people": {"marketing": ["lea"]}, "reviews": [{"id": "publish", "purpose": ["newsletter"], "on": "output", "role": "marketing"}]}
    with govai.Governor(policy, ledger=clerk, actor="ana") as gov:
        with pytest.raises(govai.ReviewPending) as caught:
            gov.generate("offline:echo", "Bonjour", purpose="newsletter")
        with pytest.raises(govai.LedgerUnavailable):
            gov.bind(actor="lea").reviews.approve(caught.value.ticket_id)
        with pytest.raises(govai.LedgerUnavailable):
            gov.generate("offline:echo", "Bonjour", purpose="reporting", key="k")
        name, role = name_of(clerk), clerk.partition("@")[0].rpartition("/")[2]
        owner.execute(f"GRANT UPDATE, DELETE ON {name}.tickets, {name}.kept_replies TO {role}")
        gov.bind(actor="lea").reviews.approve(caught.value.ticket_id)
        assert gov.resume(caught.value.ticket_id).text == "Bonjour"
        assert [gov.generate("offline:echo", "Bonjour", purpose="reporting", key="k").text for _ in range(2)] == ["Bonjour"] * 2
        assert gov.ledger.verify().ok
@pytest.mark.parametrize("position", [2**62, 2**63 - 1, 0, -5])
def test_a_writer_does_not_choose_a_position_and_so_puts_no_record_before_or_far_beyond_what_sinks_read(clerk: str, position: int) -> None:
    columns = "position, chain, seq, id, time, kind, call_id, intent_id, purpose, hash, bytes"
    insert = f"INSERT INTO {name_of(clerk)}.records({columns}) OVERRIDING SYSTEM VALUE VALUES(%s, 'c', 1, 'i', '', 'note', '', '', '', '', '')"
    with psycopg.connect(clerk.partition("?")[0]) as base, pytest.raises(psycopg.errors.RaiseException, match="position"):
        base.execute(insert, (position,))


def test_the_documented_roles_are_enough(owner: psycopg.Connection, postgres: str, schema: str) -> None:
    """Every SQL block of the page runs, in its order: the first before the owner migrates, the others after."""
    page = (Path(__file__).parents[2] / "docs/how-to/postgresql.md").read_text("utf-8")
    name = name_of(schema)
    names = {"ledger_owner": f"{name}_owner", "ledger_writer": f"{name}_writer"}
    first, *later = [re.sub(r"\bledger_\w+|\bgovai\b", lambda found: names.get(found[0], name), block) for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL)]
    try:
        owner.execute(first)
        Ledger(schema.replace("//postgres@", f"//{name}_owner@")).close()
        writer = schema.replace("//postgres@", f"//{name}_writer@")
        with psycopg.connect(postgres.replace("//postgres@", f"//{name}_owner@")) as migrated:
            migrated.execute(later[0])
        with closing(Ledger(writer)) as ledger:
            ledger.commit((intent(),))
            assert ledger.verify().ok
            everything_that_a_service_does(writer)
            for table in ("heads", "open_intents", "purging", "versions", "epochs", "legal_holds", "restrictions"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    ledger.connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ledger.connection.execute("UPDATE tickets SET status='x' WHERE id='none'")
            with psycopg.connect(postgres.replace("//postgres@", f"//{name}_owner@")) as migrated:
                migrated.execute(later[1])
            ledger.connection.execute("UPDATE tickets SET status='x' WHERE id='none'")
    finally:
        owner.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        for role in names.values():
            owner.execute(f"DROP ROLE IF EXISTS {role}")


def everything_that_a_service_does(writer: str) -> None:
    """Calls about people with kept content, a review that is asked for, a checkpoint, a sink, a dead letter; leaving."""
    policy = {"govai": 1, "name": "t", "extends": "eu-marketing", "keep": "content", "people": {"marketing": ["lea"]}, "reviews": [{"id": "publish", "purpose": ["newsletter"], "on": "output", "role": "marketing"}]}
    with govai.Governor(policy, ledger=writer, actor="ana", keys=RootKey(b"k" * 32, "test"), sinks=[taking := govai.sinks.Memory()]) as gov:
        gov.generate("offline:echo", "Bonjour {prenom}", data={"prenom": "Zoé", "email": "zoe@example.org"}, purpose="reporting")
        with pytest.raises(govai.ReviewPending):
            gov.generate("offline:echo", "Bonjour", purpose="newsletter")
        assert gov.ledger.about(email="zoe@example.org").records
        assert gov.ledger.checkpoint() is not None
        gov.ledger.flush(30)
        assert {record.kind for record in taking.records} >= {"intent", "outcome", "checkpoint"}
        assert gov.ledger.verify().ok
        with gov.ledger.connection.writing():
            gov.ledger.connection.insert("dead_letters", [("slow", 1, "r", "E", 5, "")])
        counts = {table: gov.ledger.connection.execute(f"SELECT count(*) FROM {table}")[0][0] for table in ("uses", "subjects", "subject_keys", "contents", "holdings", "cursors", "dead_letters", "tickets")}
        assert all(counts.values()), counts


@pytest.mark.parametrize("change", ["UPDATE {}.records SET purpose='x'", "DELETE FROM {}.records", "TRUNCATE {}.records", "UPDATE {}.records SET bytes=''"])
def test_even_the_owner_is_refused_a_change(owner: psycopg.Connection, schema: str, change: str) -> None:
    with closing(Ledger(schema)) as ledger:
        ledger.commit((intent(),))
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            owner.execute(change.format(name_of(schema)))
        assert ledger.verify().ok


def test_tables_are_made_once_by_whoever_is_first(schema: str) -> None:
    opened: list[Ledger] = []
    threads = [threading.Thread(target=lambda: opened.append(Ledger(schema))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for ledger in opened:
        ledger.commit((intent(),))
    assert opened[0].verify().records == 8
    for ledger in opened:
        ledger.close()


def test_a_role_that_may_not_make_the_tables_is_told_who_must(owner: psycopg.Connection, schema: str) -> None:
    role = name_of(schema).replace("test", "guest")
    owner.execute(f"CREATE ROLE {role} LOGIN")
    try:
        with pytest.raises(ConfigError, match="govai ledger migrate"):
            Ledger(schema.replace("//postgres@", f"//{role}@"))
    finally:
        owner.execute(f"DROP ROLE {role}")


def test_a_later_schema_is_refused(owner: psycopg.Connection, schema: str) -> None:
    Ledger(schema).close()
    owner.execute(f"INSERT INTO {name_of(schema)}.versions VALUES(99)")
    with pytest.raises(ConfigError, match="schema version 99"):
        Ledger(schema)


def test_there_is_no_ledger_and_no_server(schema: str) -> None:
    with pytest.raises(ConfigError, match="no ledger there"):
        verify_url(schema)
    with pytest.raises(LedgerUnavailable, match="OperationalError"):
        Ledger("postgresql://postgres@127.0.0.1:1/postgres")


def test_passwords_are_not_shown() -> None:
    with pytest.raises(LedgerUnavailable) as refused:
        Ledger("postgresql://ana:s3cret@127.0.0.1:1/postgres?sslpassword=hush")
    assert "s3cret" not in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("name", ["a;b", "é", "", "1a", "x" * 70])
def test_a_schema_has_a_plain_name(name: str) -> None:
    with pytest.raises(ConfigError, match="schema"):
        Ledger(f"postgresql://postgres@127.0.0.1/postgres?schema={name}")


def test_connections_that_the_server_ended_are_replaced(owner: psycopg.Connection, schema: str) -> None:
    with closing(Ledger(schema)) as ledger:
        sent = [intent(n=n) for n in range(20)]
        for draft in sent:
            owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='govai' AND query LIKE %s", (f"%{name_of(schema)}%",))
            owner.execute("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING(pid) WHERE a.application_name='govai' AND l.locktype='relation' AND l.relation::regclass::text LIKE %s", (f"{name_of(schema)}%",))
            ledger.commit((draft,))
        assert [record.id for record in ledger.records(kind="intent")] == [draft.id for draft in sent]
        assert ledger.verify().ok


def test_a_commit_that_broke_is_written_once_or_recorded_as_never_left(owner: psycopg.Connection, schema: str) -> None:
    """The server ends our connection just before, or just after, the commit: nobody can tell which from outside."""
    with closing(Ledger(schema)) as ledger:
        ledger.commit((intent(n=-1),))
        backend = ledger.connection.execute("SELECT pg_backend_pid()")[0][0]
        owner.execute(f"CREATE FUNCTION {name_of(schema)}.cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend({backend}); RETURN NULL; END $$")
        owner.execute(f"CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON {name_of(schema)}.records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name_of(schema)}.cut()")
        cut = intent(n=0)
        ledger.commit((cut,))  # another connection wrote it: the first one's backend is gone
        assert [record.id for record in ledger.records(kind="intent")].count(cut.id) == 1
        assert ledger.verify().ok


def test_what_a_lock_held_up_is_said_and_the_next_call_goes(owner: psycopg.Connection, schema: str) -> None:
    with closing(Ledger(schema)) as ledger, psycopg.connect(schema.partition("?")[0]) as blocker:
        blocker.execute(f"LOCK TABLE {name_of(schema)}.records IN ACCESS EXCLUSIVE MODE")
        ledger.connection.execute("SET lock_timeout TO '50ms'")
        with pytest.raises(LedgerUnavailable):
            ledger.commit((intent(),))
        blocker.rollback()
        kept = intent()
        ledger.commit((kept,))
        assert [record.id for record in ledger.records(kind="intent")] == [kept.id]
        assert ledger.verify().ok


def test_tasks_share_commits_and_the_loop_goes_on_meanwhile(schema: str) -> None:
    async def main() -> None:
        ledger = Ledger(schema)
        drafts = [intent(n=n) for n in range(200)]
        await asyncio.gather(*(ledger.acommit((draft,)) for draft in drafts))
        assert {record.id for record in ledger.records()} == {draft.id for draft in drafts}
        assert ledger.verify().ok
        ledger.close()

    asyncio.run(main())


def test_a_fork_opens_a_chain_of_its_own(schema: str) -> None:
    code = """
        import os, sys
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        ledger = Ledger(sys.argv[1])
        ledger.commit((Draft("refusal", "call", {"purpose": "p"}),))
        child = os.fork()
        for _ in range(20):
            ledger.commit((Draft("refusal", "call", {"purpose": "p"}),))
        ledger.close()
        if child:
            os.waitpid(child, 0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), schema], check=True, timeout=60)
    chains = Counter(record.chain for record in records_at(schema))
    assert sorted(chains.values()) == [20, 21]
    assert verify_url(schema).ok


def test_sinks_miss_nothing_of_transactions_that_end_out_of_order(schema: str) -> None:
    """A transaction that took its positions early and ends late must not be stepped over."""
    with closing(Ledger(schema)) as slow, closing(Ledger(schema)) as quick:
        late, early = intent(n=1), intent(n=2)
        with slow.connection.writing():
            slow._writer._appender._put(slow.connection, [late])
            slow.connection.execute("SELECT 1")  # it has its position now
            quick.commit((early,))
            assert quick.rows_after(0, 10) == []
        assert [named for _position, named, _raw in quick.rows_after(0, 10)] == [late.id, early.id]
        with slow.connection.writing(), pytest.raises(ZeroDivisionError):  # noqa: PT012
            slow._writer._appender._put(slow.connection, [intent(n=3)])
            slow.connection.execute("SELECT 1")
            raise ZeroDivisionError
        slow._writer._appender._unsure = True


WORKER = """
import asyncio, sys
from govai.core.records import Draft
from govai.ledger.store import Ledger
url, count = sys.argv[1], int(sys.argv[2])
ledger = Ledger(url)
async def task():
    for _ in range(count):
        intent = Draft("intent", "call", {"purpose": "p", "subjects": []}, subjects=(("a" * 64,),))
        await ledger.acommit((intent,))
        ledger.enqueue(Draft("outcome", "call", {"purpose": "p", "status": "completed"}, intent_id=intent.id))
        print(intent.id, flush=True)
async def main():
    await asyncio.gather(*(task() for _ in range(16)))
asyncio.run(main())
ledger.close()
"""


def test_several_processes_lose_nothing_and_their_chains_verify(schema: str) -> None:
    Ledger(schema).close()
    running = [subprocess.Popen([sys.executable, "-c", WORKER, schema, "10"], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [line for one in running for line in one.communicate(timeout=120)[0].split()]
    assert [one.returncode for one in running] == [0] * 4
    kept = [record for record in records_at(schema)]
    assert sorted(record.id for record in kept if record.kind == "intent") == sorted(said)
    assert sorted(record.intent_id for record in kept if record.kind == "outcome") == sorted(said)
    assert verify_url(schema).ok


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_what_was_acknowledged_survives_a_kill_and_is_ended_when_the_lease_is_over(owner: psycopg.Connection, schema: str) -> None:
    Ledger(schema).close()
    with subprocess.Popen([sys.executable, "-c", WORKER, schema, "100000"], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        said = [worker.stdout.readline().strip() for _ in range(200)]
        os.kill(worker.pid, signal.SIGKILL)
        said += [line.strip() for line in worker.stdout if len(line) == 37]
    with closing(Ledger(schema)) as ledger:
        kept = {record.id for record in ledger.records(kind="intent")}
        assert set(said) <= kept
        assert {record.body["status"] for record in ledger.records(kind="outcome")} <= {"completed"}  # its lease still runs
        owner.execute(f"UPDATE {name_of(schema)}.writers SET alive_until=1")
        ledger.sweep()
        ended = Counter(record.intent_id for record in ledger.records(kind="outcome"))
        assert set(ended) == kept
        assert set(ended.values()) == {1}
        assert ledger.verify().ok


def test_a_role_that_may_only_insert_and_select_keeps_content_and_purges_nothing(clerk: str, policy: dict) -> None:
    with govai.Governor({**policy, "keep": "content"}, ledger=clerk, keys=None, actor="ana") as gov:
        reply = gov.generate("offline:echo", "Bonjour {prenom}", data={"prenom": "Zoé", "email": "zoe@example.org"}, purpose="reporting")
        kept = gov.ledger.content(reply.record_id)
        assert kept.prompt and kept.output
        with pytest.raises(LedgerUnavailable, match="InsufficientPrivilege"):
            gov.ledger.purge(before=datetime.now(UTC) + timedelta(days=1))
        assert gov.ledger.verify().ok
