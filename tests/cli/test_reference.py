"""The reference of the command line says what `--help` says: every command, every option, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from govai.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs/reference/command-line.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `govai ")]
FILTERS = re.search(r"\*\*Filters\*\*(.*?)\n\n", PAGE, re.DOTALL)


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(typer.main.get_command(app), "govai"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_named_where_the_command_is(name: str) -> None:
    rows = " ".join(row for row in ROWS if re.search(rf"`{name}(?![\w-])", row))
    assert rows, "the page does not name it"
    assert FILTERS is not None
    said = rows + (FILTERS[1] if "filters" in rows else "")
    options = {option for param in COMMANDS[name].params for option in param.opts if option.startswith("--")}
    assert [one for one in sorted(options) if one != "--ledger" and not re.search(rf"{one}(?![\w-])", said)] == []
    if rows.count("`govai ") == len(
        [row for row in ROWS if re.search(rf"`{name}(?![\w-])", row)]
    ):  # no other command in its row
        assert set(re.findall(r"--[a-z][a-z-]*", rows)) - options == set()


def test_no_command_is_named_that_is_not_there() -> None:
    assert {found for row in ROWS for found in re.findall(r"`(govai(?: [a-z][a-z-]*)+)", row)} <= set(COMMANDS)
