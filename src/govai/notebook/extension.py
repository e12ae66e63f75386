"""What `%load_ext govai` puts into IPython: the magic, the card under each cell, short tracebacks, reviews in the notebook."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.flow.asked import watching
from govai.notebook.arguments import read_line
from govai.notebook.card import Card
from govai.notebook.reviewing import NotebookReviews
from govai.notebook.session import Session
from govai.notebook.showing import show
from govai.notebook.tracebacks import ShortTracebacks

_MAGIC = "govai"
_ONE = "govai_one_cell"  # what `%%govai` becomes, see `one_cell`
_loaded: dict[int, Extension] = {}


class Extension:
    """govai in one IPython shell.

    Args:
        shell: the running IPython, in a kernel or a terminal.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._session = Session()
        self._undo = ExitStack()
        self._calls = self._undo.enter_context(watching())
        self._reviews = NotebookReviews(shell, lambda: self._session.governor)
        self._undo.callback(self._reviews.undo)
        self._undo.callback(ShortTracebacks(shell).undo)
        for event, hear in (("pre_run_cell", self._before_cell), ("post_run_cell", self._after_cell)):
            shell.events.register(event, hear)
            self._undo.callback(shell.events.unregister, event, hear)
        shell.input_transformers_cleanup.append(one_cell)
        self._undo.callback(shell.input_transformers_cleanup.remove, one_cell)
        shell.register_magic_function(self.for_all, "line", _MAGIC)
        shell.register_magic_function(self.for_one, "cell", _MAGIC)
        shell.register_magic_function(self.for_one, "line", _ONE)
        print(self._session.line())  # noqa: T201 -- said under the cell that loads it

    def unload(self) -> None:
        """Take everything out again."""
        self._session.stop()
        self._undo.close()
        for kind, name in (("line", _MAGIC), ("cell", _MAGIC), ("line", _ONE)):
            self._shell.magics_manager.magics[kind].pop(name, None)

    def for_all(self, line: str) -> None:
        """Set purpose, actor or subject for the cells that follow: `%govai purpose=NAME [actor=NAME] [subject=NAME]`.

        `%govai` alone says what holds, `%govai reviews` shows the tickets that wait, `%govai off` stops; `%%govai …` at the head of a cell is for that cell only.
        """
        said = read_line(line)
        if said.order == "reviews":
            self._reviews.offer_all()
            return
        if said.order == "off":
            self._session.stop()
        elif said.words:
            self._session.say(said.words)
        print(self._session.line() if line.strip() else self._session.state())  # noqa: T201 -- what a magic says under its cell

    def for_one(self, line: str, cell: str = "") -> None:
        """Set purpose, actor or subject for one cell: `%%govai purpose=NAME` at its head."""
        said = read_line(line)
        if not said.words:
            raise ConfigError(
                say("nothing is said for this cell", "rien n'est dit pour cette cellule"),
                where="%%govai",
                todo="%%govai purpose=NAME",
            )
        self._session.say_once(said.words)
        if cell.strip():  # asked for by name, not written in a cell: `one_cell` leaves the code where it stands
            self._shell.run_cell(cell)

    def _before_cell(self, _info: Any) -> None:
        self._session.follow()

    def _after_cell(self, _result: Any) -> None:
        calls = self._calls[:]
        del self._calls[: len(calls)]
        self._session.forget_once()
        if calls:
            show(Card(calls))
            self._reviews.offer([asked.trace.ticket for asked in calls if asked.trace.ticket])


def one_cell(lines: list[str]) -> list[str]:
    """Turn `%%govai …` at the head of a cell into a call, so that the code below stays an ordinary cell: it may await,
    its errors name its own lines, its last value is shown."""
    if not lines or not lines[0].startswith(f"%%{_MAGIC}"):
        return lines
    said = lines[0].removeprefix(f"%%{_MAGIC}").strip()
    return [f"get_ipython().run_line_magic({_ONE!r}, {said!r})\n", *lines[1:]]


def load(shell: Any) -> None:
    """Load the extension; loading it again does nothing."""
    if id(shell) not in _loaded:
        _loaded[id(shell)] = Extension(shell)


def unload(shell: Any) -> None:
    """Unload the extension: the process is governed no more."""
    extension = _loaded.pop(id(shell), None)
    if extension is not None:
        extension.unload()
