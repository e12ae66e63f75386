"""A govai error in a cell as one block: what, where, what to do, and the line of the cell. `%tb` gives all of it."""

from __future__ import annotations

import linecache
import sys
import traceback
from typing import TYPE_CHECKING, Any

from govai.core.errors import GovaiError
from govai.core.lang import say

if TYPE_CHECKING:
    from types import TracebackType


class ShortTracebacks:
    """Shows govai errors short in one shell, and gives back what was there before.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._before = shell.custom_exceptions, shell.CustomTB
        shell.set_custom_exc((*shell.custom_exceptions, GovaiError), self._handler())

    def undo(self) -> None:
        """Give back what handled exceptions before."""
        self._shell.custom_exceptions, self._shell.CustomTB = self._before

    def _handler(self) -> Any:
        _exceptions, other = self._before

        def show(
            shell: Any,
            kind: type[BaseException],
            error: BaseException,
            trace: TracebackType,
            tb_offset: int | None = None,
        ) -> list[str] | None:
            if not isinstance(error, GovaiError):
                return other(kind, error, trace, tb_offset=tb_offset)  # type: ignore[no-any-return]
            sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace  # what %tb and %debug look at
            block = describe(shell, error, trace)
            shell._showtraceback(kind, error, block)  # noqa: SLF001 -- how each kind of shell sends an error to its front end
            return block

        return show


def describe(shell: Any, error: GovaiError, trace: TracebackType | None) -> list[str]:
    """Return the block: the code and what happened, where, what to do, the line of the cell."""
    lines = [f"{_painted(shell, '1;31', f'{type(error).__name__} [{error.code}]')} {error.what}"]
    if error.where:
        lines.append(f"  {say('where', 'où')}: {error.where}")
    if error.todo:
        lines.append(f"  {say('do', 'faire')}: {error.todo}")
    line = _of_cell(shell, trace)
    return [*lines, f"  {line}"] if line else lines


def _of_cell(shell: Any, trace: TracebackType | None) -> str:
    """Return the innermost line that stands in a cell of the notebook, "" when none does."""
    found = ""
    for frame, number in traceback.walk_tb(trace):
        name = frame.f_code.co_filename
        label = shell.compile.format_code_name(name)
        if label is not None:
            text = linecache.getline(name, number).strip()
            if text.startswith("get_ipython()."):  # a magic: its line is the cell's own first word
                continue
            found = _painted(shell, "2", f"{label[1]}, {say('line', 'ligne')} {number}:") + f" {text}"
    return found


def _painted(shell: Any, style: str, text: str) -> str:
    return text if shell.colors.lower() == "nocolor" else f"\x1b[{style}m{text}\x1b[0m"
