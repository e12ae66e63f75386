"""Replace attributes of other libraries and put them back: at once where a library is loaded, else when it is imported.

Knows neither HTTP nor providers.
"""

from __future__ import annotations

import importlib
import sys
import threading
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Patch:
    """One attribute of a class or module, replaced.

    Putting it back never touches what somebody else put there since: then ours stays below theirs, and what it does there
    is for ours to know.

    Args:
        owner: the class or module. name: of its attribute. make: makes the new value from the one that is found.
    """

    def __init__(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._owner, self._name = owner, name
        self._found, self._own = getattr(owner, name), name in vars(owner)
        self._ours = make(self._found)
        setattr(owner, name, self._ours)

    def undo(self) -> None:
        """Put back what was found."""
        if vars(self._owner).get(self._name) is not self._ours:
            return
        if self._own:
            setattr(self._owner, self._name, self._found)
        else:
            delattr(self._owner, self._name)


class Patches:
    """What is done to modules, now or when they are imported, until `undo`.

    Args:
        tasks: for each module's full name, what makes its patches from it.
    """

    def __init__(self, tasks: dict[str, Callable[[ModuleType], list[Patch]]]) -> None:
        self._tasks, self._done = tasks, dict[str, list[Patch]]()
        self._lock = threading.RLock()
        self._finder = _Finder(self)

    def apply(self) -> None:
        """Patch what is loaded, and watch for the rest."""
        sys.meta_path.insert(0, self._finder)  # first, so that nothing loads between the two
        for name in self._tasks:
            if sys.modules.get(name) is not None:
                self.patch(name, importlib.import_module(name))  # waits for a thread that is still loading it

    def nothing_in(self) -> frozenset[str]:
        """Return the modules that are loaded, and in which there was nothing to patch."""
        return frozenset(name for name, patches in self._done.items() if not patches)

    def watches(self, name: str) -> bool:
        """Whether a module is to be patched when it is loaded."""
        return name in self._tasks and name not in self._done

    def patch(self, name: str, module: ModuleType) -> None:
        """Patch a module, once."""
        with self._lock:
            if self.watches(name) and self._finder in sys.meta_path:
                self._done[name] = self._tasks[name](module)

    def undo(self) -> None:
        """Put everything back, the last one first."""
        with self._lock:
            if self._finder in sys.meta_path:
                sys.meta_path.remove(self._finder)
            for patches in reversed(list(self._done.values())):
                for patch in reversed(patches):
                    patch.undo()
            self._done.clear()


class _Finder(MetaPathFinder):
    """Finds nothing by itself: it has the watched modules patched once they are loaded."""

    def __init__(self, patches: Patches) -> None:
        self._patches = patches

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self._patches.watches(fullname):
            return None
        spec = self._found(fullname, path, target)
        if spec is not None and spec.loader is not None:
            _after_loading(spec.loader, fullname, self._patches.patch)
        return spec

    def _found(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None and (spec := find(fullname, path, target)) is not None:
                return spec  # type: ignore[no-any-return]
        return None


def _after_loading(loader: Any, name: str, then: Callable[[str, ModuleType], None]) -> None:
    """Have `then` called when this loader has loaded that module; the loader is itself again afterwards."""
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        if module.__name__ != name:  # a loader may serve several modules
            load(module)
            return
        vars(loader).pop("exec_module", None)
        load(module)
        then(name, module)

    loader.exec_module = exec_module
