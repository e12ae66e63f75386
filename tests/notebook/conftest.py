"""An IPython shell as notebooks have one, and what it showed."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import govai

pytest.importorskip("IPython", reason="needs IPython: pip install -e '.[notebook]'")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


@dataclass
class Shown:
    """What one cell did: `out` as printed, `html` and `text` of what it displayed, its error and last value."""

    out: str
    html: str
    text: str
    error: BaseException | None
    value: Any

    @property
    def all(self) -> str:
        return "\n".join((self.out, self.html, self.text))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gov: govai.Governor) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr("govai.governor.default._default", gov)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    made.colors = "nocolor"
    yield made
    made.run_line_magic("unload_ext", "govai") if "govai" in made.extension_manager.loaded else None
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)
    InteractiveShell.clear_instance()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)


@pytest.fixture
def cell(shell: InteractiveShell) -> Callable[[str], Shown]:
    """Run a cell and return what it showed."""

    def run(code: str) -> Shown:
        with capture_output() as captured:
            result = shell.run_cell(code, store_history=True)
        data = [output.data for output in captured.outputs]
        htmls, texts = ("\n".join(one.get(kind, "") for one in data) for kind in ("text/html", "text/plain"))
        return Shown(captured.stdout + captured.stderr, htmls, texts, result.error_in_exec or result.error_before_exec, result.result)

    return run


@pytest.fixture
def loaded(cell: Callable[[str], Shown]) -> Callable[[str], Shown]:
    """The same in a shell that loaded govai."""
    assert cell("import govai\n%load_ext govai").error is None
    return cell
