"""Documentation that cannot lie: every Python block runs, every YAML block loads, every link leads somewhere, every command exists."""

from __future__ import annotations

import re
import shutil
import sys
import types
from pathlib import Path

import pytest

import govai
from govai.policy.loading import read_text
from govai.policy.policy import Policy

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_every_example_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    module = types.ModuleType(page.stem)
    monkeypatch.setitem(sys.modules, page.stem, module)
    namespace = module.__dict__
    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), namespace)
    for name in ("gov", "client"):
        if hasattr(namespace.get(name), "close"):
            namespace[name].close()


def test_no_page_installs_another_project_of_that_name() -> None:
    """govai is installed from a checkout; a bare `pip install govai` would take whatever bears the name on the index."""
    texts = [*PAGES, *(ROOT / "examples").rglob("*.*"), *(ROOT / "src").rglob("*.py"), ROOT / "CONTRIBUTING.md"]
    wrong = [str(page) for page in texts if re.search(r"(?:pip install|uv add)[^\n`&]*[\s'\"=]govai\b", page.read_text("utf-8", "ignore"))]
    assert wrong == []


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "yaml")], ids=lambda p: p.name)
def test_every_policy_loads(page: Path) -> None:
    for text in blocks(page, "yaml"):
        assert Policy.load(read_text(text, page.name).value).name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_reference_names_everything_public() -> None:
    text = (ROOT / "docs/reference/python.md").read_text("utf-8")
    missing = [name for name in govai.__all__ if not re.search(rf"\b{name}\b", text) and name not in ("__version__", "Policy", "Tool", "Decision")]
    assert missing == []


def test_the_index_lists_every_page() -> None:
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "docs/README.md").read_text("utf-8")))
    assert {str(page.relative_to(ROOT / "docs")) for page in PAGES if page.parent not in (ROOT, ROOT / "docs")} - listed == set()
