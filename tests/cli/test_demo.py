"""The demonstration: what it chooses to say, what it shows as having left, and how it looks."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

import govai
from govai.cli import demo
from govai.cli.demo import Told
from govai.cli.demo_view import Page
from govai.cli.reading import read_csv

SHIPPED = Path(demo.__file__).with_name("demo_crm.csv")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def play(monkeypatch: pytest.MonkeyPatch, *, width: int = 0, **options: object) -> str:
    """Run the demonstration; a width means a terminal, none a pipe."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, highlight=False) if width else Console(file=out, highlight=False)
    monkeypatch.setattr(demo, "Page", lambda: Page(console))
    demo.run(**{"model": "offline:demo", "data": None, "rows": 2, "purpose": "win_back", "keep": False, **options})
    return out.getvalue()


def test_no_identifier_of_the_export_stands_in_what_left(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(read_csv(SHIPPED))
    shown = play(monkeypatch, rows=len(rows))
    left = [line for line in shown.splitlines() if "what left:" in line or "    Write two warm sentences" in line]
    assert len(left) == len(rows)
    for row, line in zip(rows, left, strict=True):
        assert "Zq" in line
        for field in ("ID_Client", "Prénom", "NOM", "Email", "Téléphone", "Santé"):
            assert not row[field] or not re.search(rf"\b{re.escape(row[field])}\b", line)
    for found_in_notes in ("01 42 68 53 00", "asl@exemple.net", "FR76 3000 6000 0112 3456 7890 189"):
        assert any(found_in_notes in row["Notes"] for row in rows)
        assert found_in_notes not in "".join(left)


def test_what_came_back_names_each_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = play(monkeypatch, rows=12)
    for row in read_csv(SHIPPED):
        assert f"Hello {row['Prénom']}," in shown


def test_every_step_is_there_and_the_ledger_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = play(monkeypatch)
    assert re.findall(r"^(\d)\. [A-Z]", shown, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert "3 intent, 3 outcome, 1 refusal, 1 review, 1 release" in shown  # two rows and the reviewed text; one refusal
    assert "GOVAI-P03" in shown and "floor-special-category" in shown and "diabète" not in shown
    assert "GOVAI-R01" in shown and "GOVAI-P01" in shown


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int, language: str) -> None:
    monkeypatch.setenv("GOVAI_LANG", language)
    lines = ANSI.sub("", play(monkeypatch, width=width)).splitlines()
    assert max(map(len, lines)) <= width
    assert any("user.behavior.purchase_history " in line for line in lines)  # a category is never broken in two
    assert any("╭" in line for line in lines)


def test_piped_it_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = play(monkeypatch)
    assert not ANSI.search(shown)
    assert not set("╭│─━┃") & set(shown)


def test_another_purpose_goes_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = play(monkeypatch, purpose="exploration")
    assert "purpose: exploration" in shown and "released to ana" in shown and "Ledger verified" in shown


HEALTH = "client_id;traitement medical;notes\nC-900001;insulinotherapy;Asked twice whether insulinotherapy is paid back\n"


def test_a_row_the_policy_refuses_is_shown_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(HEALTH + "C-900002;;Asked twice for a shorter contract with us\n", encoding="utf-8")
    shown = play(monkeypatch, data=tmp_path / "own.csv")
    assert "row 1 did not leave" in shown and "Hello C-900002" in shown and "Ledger verified" in shown
    assert "released to ana" in shown and "insulinotherapy" not in shown


def test_a_file_of_nothing_but_refusals_ends_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(HEALTH, encoding="utf-8")
    shown = play(monkeypatch, data=tmp_path / "own.csv")
    assert "row 1 did not leave" in shown and "released" not in shown and "Ledger verified" in shown


def test_kept_it_can_be_verified_and_removed_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = play(monkeypatch, keep=True)
    url = next(line for line in shown.splitlines() if line.startswith("sqlite:///"))
    assert f"govai ledger verify --ledger {url}" in shown
    with govai.Governor(ledger=url) as gov:
        assert gov.ledger.verify().ok
    kept = set(Path(".govai").iterdir())
    play(monkeypatch)
    assert set(Path(".govai").iterdir()) == kept


def test_told_prefers_a_name_then_an_id_and_facts_that_say_something() -> None:
    crm = Told.over(list(read_csv(SHIPPED)))
    assert (crm.who, crm.sentences, crm.facts[-1]) == ("Prénom", "Notes", "Motif de départ")
    anonymous = Told.over([{"customerID": "7590-VHVEG", "gender": "F", "PhoneService": "No", "Contract": "One year", "MonthlyCharges": "29.85", "Churn": "No"}])
    assert anonymous.who == "customerID"
    assert anonymous.facts[0] == "Contract" and anonymous.facts[-1] == "Churn" and "gender" not in anonymous.facts
    nobody = Told.over([{"contract": "monthly"}])
    assert (nobody.who, nobody.template()) == ("", "Write two warm sentences to a customer. Known: contract: {contract}.")


def test_over_a_real_table(monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    shown = play(monkeypatch, data=shared / "data/marketing/telco_churn/Telco-Customer-Churn.csv", rows=5)
    left = [line for line in shown.splitlines() if "what left:" in line]
    assert len(left) == 4
    assert all("Contract: " in line and "Churn: " in line and not re.search(r"\b\d{4}-[A-Z]{5}\b", line) for line in left)
    assert "Hello 5575-GNVDE," in shown
