"""`govai ledger purge`, holds, incidents, rescan and kept content, as a person types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.core.retention import Period, spelled
from govai.ledger.incidents import Finding, raised

POLICY = """
govai: 1
name: team
extends: eu-marketing
keep: content
retention: [{kind: content, keep: 30d}, {keep: 3y}]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "govai.yaml").write_text("policy: policy.yaml\nactor: ana\nledger: sqlite:///l.db\n")
    monkeypatch.setenv("COLUMNS", "200")

    def ran(*words: str, code: int = 0) -> str:
        found = CliRunner().invoke(app, ["ledger", *words])
        assert found.exit_code == code, (found.output, found.exception)
        return found.output

    return ran


@pytest.fixture
def record(run) -> str:
    with govai.Governor() as gov:
        return gov.generate("offline:echo", "Bonjour {prenom}", data={"prenom": "Zoé"}, purpose="newsletter").record_id


def test_kept_content_is_shown_and_the_look_recorded(run, record: str) -> None:
    out = run("show", record, "--content")
    assert "prompt:" in out
    assert "output:" in out
    assert "Zoé" not in out
    assert json.loads(run("show", "--limit", "9", "--ledger", "sqlite:///l.db").splitlines()[-1])["kind"] == "access"
    with pytest.raises(AssertionError, match="nothing readable is kept"):
        run("show", "unknown", "--content")


def test_a_purge_is_counted_first_then_done_and_holds_keep(run, record: str) -> None:
    assert "nothing is due" in run("purge", "--dry-run")
    hold = run("hold", "LIT-1", "--purpose", "newsletter").strip()
    assert hold in run("holds")
    assert f"hold {hold} keeps" in run("purge", "--before", "2100-01-01")
    assert "released" in run("release-hold", hold)
    would = json.loads(run("purge", "--before", "2100-01-01", "--dry-run", "--json"))
    did = json.loads(run("purge", "--before", "2100-01-01", "--json"))
    assert {one["kind"]: one["count"] for one in would["purged"]} == {"content": 2, "intent": 1, "outcome": 1}
    assert did["purged"] == would["purged"]
    assert did["records"]
    assert "ok" in run("verify", "--ledger", "sqlite:///l.db")
    with pytest.raises(AssertionError, match="not a date"):
        run("purge", "--before", "soon")


def test_incidents_are_listed_with_their_hours_and_an_overdue_one_is_an_error(run, record: str) -> None:
    assert "no incident" in run("incidents")
    (Path("policy.yaml")).write_text(POLICY + "rules: [{id: no-names, data: {detected: email}, effect: block}]\n")
    assert "1 looked at" not in run("rescan")
    with govai.Governor() as gov:
        fresh = raised("newsletter", [Finding(record, frozenset(["user.name"]), frozenset(["no-names"]), 1)], source="rescan", policy="p")
        late = raised("newsletter", [Finding(record, frozenset(["user.name"]), frozenset(["no-names"]), 1)], source="rescan", policy="p")
        late.body["due_at"] = spelled(Period(days=1).before(datetime.now(UTC)))
        gov.ledger.commit([fresh, late])
    out = run("incidents", code=1)
    assert "72 h" in out
    assert "-24 h" in out
    assert "notified" in run("incidents", "--notified", late.id, "--note", "CNIL 2026-1")
    found = [json.loads(line) for line in run("incidents", "--closed", late.id, "--json").splitlines()]
    assert [one["status"] for one in found] == ["open", "closed"]
