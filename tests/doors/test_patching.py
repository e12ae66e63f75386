"""Attributes of other libraries: replaced now or at import, put back, and never over somebody else's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from govai.doors.patching import Patch, Patches


class Base:
    def said(self) -> str:
        return "base"


class Under(Base):
    pass


def louder(found):
    return lambda self: found(self).upper()


def test_a_patch_is_undone_also_where_the_attribute_was_inherited() -> None:
    patch = Patch(Under, "said", louder)
    assert (Under().said(), Base().said()) == ("BASE", "base")
    patch.undo()
    assert "said" not in vars(Under)
    patch.undo()
    assert Under().said() == "base"


def test_what_was_put_there_since_is_left_alone() -> None:
    first = Patch(Under, "said", louder)
    second = Patch(Under, "said", lambda found: lambda self: found(self) + "!")
    first.undo()
    assert Under().said() == "BASE!"
    second.undo()
    assert Under().said() == "BASE"
    first.undo()
    assert "said" not in vars(Under)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    name = "a_library_of_tests"
    (tmp_path / f"{name}.py").write_text("def word():\n    return 'plain'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def tasks(name: str) -> dict:
    return {name: lambda module: [Patch(module, "word", lambda _found: lambda: "patched")]}


@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_module_is_patched_once_whenever_it_is_imported(library: str, imported: str) -> None:
    finders = list(sys.meta_path)
    patches = Patches(tasks(library))
    if imported == "before":
        module = __import__(library)
    patches.apply()
    module = __import__(library)
    assert module.word() == "patched"
    assert "exec_module" not in vars(module.__spec__.loader)
    assert patches.nothing_in() == frozenset()
    patches.undo()
    assert module.word() == "plain"
    assert sys.meta_path == finders


def test_nothing_is_patched_after_undo(library: str) -> None:
    import importlib.util

    patches = Patches(tasks(library))
    patches.apply()
    spec = importlib.util.find_spec(library)
    patches.undo()
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.word() == "plain"
    assert __import__(library).word() == "plain"


def test_a_module_that_fails_to_load_fails_as_it_would(library: str, tmp_path: Path) -> None:
    (tmp_path / f"{library}.py").write_text("raise ZeroDivisionError\n")
    patches = Patches(tasks(library))
    patches.apply()
    try:
        with pytest.raises(ZeroDivisionError):
            __import__(library)
        with pytest.raises(ModuleNotFoundError):
            __import__(library + "_that_is_not_there")
    finally:
        patches.undo()


def test_a_module_with_nothing_to_patch_is_named(library: str) -> None:
    __import__(library)
    patches = Patches({library: lambda _module: []})
    patches.apply()
    assert patches.nothing_in() == {library}
    patches.undo()
