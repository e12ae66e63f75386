"""`%load_ext govai` in a real IPython: purposes, one-cell purposes, the card, errors, and back again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from openai import OpenAI

import govai
from govai.governor.default import default
from tests.notebook.conftest import Shown
from tests.server import Server

Cell = Callable[[str], Shown]
ASK = "govai.generate('offline:echo', 'Write to {name}, {email}', data={'name': 'Maëlle', 'email': 'maelle@exemple.fr'})"


def purposes(gov: govai.Governor) -> list[str]:
    return [record.body["purpose"] for record in gov.ledger.records(kind="intent")]


def test_it_says_in_one_line_what_holds(cell: Cell) -> None:
    shown = cell("%load_ext govai")
    assert shown.out.count("\n") == 1 and "exploration" in shown.out and "openai" in shown.out


def test_until_a_purpose_is_said_cells_explore_and_people_are_placeholders(loaded: Cell, gov: govai.Governor) -> None:
    shown = loaded(f"reply = {ASK}\nstr(reply).count('Maëlle')")
    assert shown.value == 1
    assert purposes(gov) == ["exploration"]
    assert "1 name and 1 e-mail left as placeholders to offline (local)" in shown.html
    assert "Maëlle" not in shown.html + shown.text and "maelle@" not in shown.html + shown.text


def test_a_purpose_holds_for_the_cells_that_follow(loaded: Cell, gov: govai.Governor) -> None:
    assert "reporting" in loaded("%govai purpose = reporting actor='Ana B.'").out
    loaded(ASK)
    loaded(ASK)
    assert purposes(gov) == ["reporting", "reporting"]
    assert [record.body["actor"]["id"] for record in gov.ledger.records(kind="intent")] == ["Ana B."] * 2
    state = loaded("%govai").out
    assert "reporting" in state and "Ana B." in state and ":memory:" in state


def test_a_purpose_for_one_cell_only(loaded: Cell, gov: govai.Governor) -> None:
    loaded("%govai purpose=reporting")
    shown = loaded(f"%%govai purpose=support\nreply = {ASK}\nreply.provider")
    assert shown.value == "offline"
    loaded(ASK)
    assert purposes(gov) == ["support", "reporting"]


def test_a_one_cell_purpose_ends_with_a_cell_that_fails_and_its_lines_keep_their_numbers(loaded: Cell, gov: govai.Governor) -> None:
    shown = loaded(f"%%govai purpose=support\n{ASK}\n1 / 0")
    assert isinstance(shown.error, ZeroDivisionError) and "line 3" in shown.out
    loaded(ASK)
    assert purposes(gov) == ["support", "exploration"]


def test_a_cell_with_a_purpose_of_its_own_may_await(loaded: Cell, gov: govai.Governor) -> None:
    assert loaded(f"%%govai purpose=support\nawait {ASK.replace('generate', 'agenerate')}").error is None
    assert purposes(gov) == ["support"]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("%govai purpose=reportin", "'reporting'"), ("%govai reporting", "%govai purpose=reporting"), ("%govai purpos=reporting", "'purpose'"),
        ("%govai purpose=", "purpose=NAME"), ("%govai purpose='x", "%govai [purpose=NAME]"), ("%govai of", "'off'"),
        ("%govai purpose=a purpose=b", "twice"), ("%govai a@b.fr", "%govai [purpose=NAME]"), ("%%govai\n1", "%%govai purpose=NAME"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_to_write_and_changes_nothing(loaded: Cell, gov: govai.Governor, line: str, advice: str) -> None:
    before = default()
    shown = loaded(line)
    assert isinstance(shown.error, govai.ConfigError) and advice in shown.out and "a@b.fr" not in shown.out
    assert default() is before
    loaded(ASK)
    assert purposes(gov) == ["exploration"]


def test_a_client_of_the_process_is_governed_by_the_purpose_in_force(loaded: Cell, server: Server, gov: govai.Governor) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key="sk-x", max_retries=0)
    server.log.clear()

    def ask() -> str:
        messages = [{"role": "user", "content": "Write to maelle.canary@exemple.fr"}]
        return client.chat.completions.create(model="echo", messages=messages).choices[0].message.content

    assert ask() == "Write to maelle.canary@exemple.fr"
    loaded("%govai purpose=support")
    assert ask() == "Write to maelle.canary@exemple.fr"
    assert purposes(gov) == ["exploration", "support"]
    assert b"maelle.canary" not in b"".join(server.bodies)
    loaded("%govai off")
    ask()
    assert b"maelle.canary" in server.bodies[-1] and len(purposes(gov)) == 2
    client.close()


def test_a_governor_configured_later_is_followed(loaded: Cell) -> None:
    with govai.Governor(ledger=":memory:", actor="tom") as other:
        loaded("%govai purpose=support")
        govai.configure(other)
        loaded(ASK)
        assert purposes(other) == ["support"]


def test_a_policy_without_exploration_gives_no_purpose(cell: Cell) -> None:
    policy = {"govai": 1, "name": "own", "unmatched": "pseudonymise", "purposes": {"care": {"basis": "contract"}}}
    with govai.Governor(policy, ledger=":memory:") as own:
        govai.configure(own)
        assert "none" in cell("import govai\n%load_ext govai").out
        assert isinstance(cell(ASK).error, govai.PurposeRequired)
        cell("%govai purpose=care")
        assert cell(ASK).error is None
        cell("%unload_ext govai")


def test_unloading_gives_everything_back(loaded: Cell, gov: govai.Governor) -> None:
    loaded("%unload_ext govai")
    assert default() is gov
    assert "govai" not in loaded(ASK).html
    assert "not found" in loaded("%govai").out
    assert "Traceback" in loaded("govai.bogus()").out
    assert loaded("%load_ext govai").error is None and "exploration" in loaded("%govai").out


def test_import_brings_no_ipython() -> None:
    import subprocess
    import sys

    code = "import sys, govai; govai.Governor; sys.exit('IPython' in sys.modules or 'govai.notebook' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_in_french(loaded: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    shown = loaded(ASK)
    assert "vers offline (local) : 1 nom et 1 e-mail sous pseudonyme" in shown.html
    assert "finalité" in loaded("%govai").out
