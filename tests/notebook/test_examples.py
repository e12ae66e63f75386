"""The example notebooks run as they stand, show a card, and show nobody; in git they hold no output."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="needs the test group: pip install --group test")
nbclient = pytest.importorskip("nbclient", reason="needs the test group: pip install --group test")

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


def raw_values() -> list[str]:
    with (EXAMPLES / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    people = [row[name] for row in rows for name in ("customer_id", "prenom", "nom", "email")]
    return [*people, "06 39 98 41 27", "ib1987@exemple.net", "Renée", "diabète"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_shows_a_card_and_shows_nobody(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "langchain" in name:
        pytest.importorskip("langchain_openai", reason="needs LangChain: pip install --group notebook-examples")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    notebook = nbformat.read(EXAMPLES / name, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path / "examples")}}).execute()
    outputs = [str(output) for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = "\n".join(outputs)
    assert 'class="govai"' in shown and "left as placeholders" in shown and "govai · purpose:" in shown
    assert [value for value in raw_values() if value in shown] == []
    assert not re.search(r"Traceback|Error\b", shown)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_in_git_it_holds_no_output(name: str) -> None:
    notebook = nbformat.read(EXAMPLES / name, as_version=4)
    nbformat.validate(notebook)
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_there_are_three() -> None:
    assert NOTEBOOKS == ["existing_openai_langchain.ipynb", "monthly_report.ipynb", "win_back.ipynb"]
