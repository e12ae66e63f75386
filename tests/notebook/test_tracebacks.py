"""govai errors in a cell: one block, the cell's line, none of the library's frames; `%tb` has them all."""

from __future__ import annotations

from collections.abc import Callable

import govai
from govai.core.errors import Ungoverned
from govai.flow.sdk_errors import as_sdk_error
from tests.notebook.conftest import Shown

Cell = Callable[[str], Shown]
BLOCKED = "def write(row):\n    return govai.generate('offline:echo', 'About {sante}', data=row)\n\nwrite({'sante': chr(100) + 'iabète'})"


def test_one_block_with_the_line_of_the_cell(loaded: Cell) -> None:
    shown = loaded(BLOCKED)
    assert isinstance(shown.error, govai.Blocked)
    assert "Blocked [GOVAI-P03]" in shown.out and "floor-special-category" in shown.out and "messages[0].content" in shown.out
    assert "line 2: return govai.generate" in shown.out
    assert "govai/doors" not in shown.out and "Traceback" not in shown.out and len(shown.out.splitlines()) <= 5
    assert "diabète" not in shown.all


def test_tb_gives_all_of_it(loaded: Cell) -> None:
    loaded(BLOCKED)
    whole = loaded("%tb").out
    assert "Traceback" in whole and "attempting.py" in whole


def test_errors_that_are_an_sdk_s_too_are_ours(loaded: Cell, shell: object) -> None:
    class Base(Exception):
        pass

    shell.user_ns["both"] = as_sdk_error(Ungoverned("it cannot be looked into", where="images", todo="leave it out"), Base)
    shown = loaded("raise both")
    assert isinstance(shown.error, Base) and "Ungoverned [GOVAI-W01] it cannot be looked into" in shown.out and "leave it out" in shown.out


def test_errors_of_others_stay_as_they_are(loaded: Cell) -> None:
    assert "Traceback" in loaded("{}['x']").out


def test_a_handler_that_was_there_still_handles_its_own_and_is_back_after(cell: Cell, shell: object) -> None:
    heard = []
    shell.set_custom_exc((KeyError,), lambda self, kind, error, trace, tb_offset=None: heard.append(kind))
    cell("import govai\n%load_ext govai")
    cell("{}['x']")
    assert "[GOVAI-P03]" in cell(BLOCKED).out
    cell("%unload_ext govai")
    cell("{}['x']")
    assert heard == [KeyError, KeyError] and "Traceback" in cell("raise govai.Ungoverned('no')").out
