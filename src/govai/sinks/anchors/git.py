"""Checkpoints as commits on a branch of their own in a git repository, by the git command: pushing it anchors them widely."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from govai.core.canonical import canonical
from govai.core.checkpoints import Checkpoint
from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

_REF = "refs/heads/govai-checkpoints"
_TIMEOUT_S = 30.0
_NAMED = {"NAME": "govai", "EMAIL": "govai@localhost"}
_TRIES = 3
_LOCAL = frozenset(  # `git rev-parse --local-env-vars`, without the ways to configure git
    f"GIT_{name}"
    for name in (
        *("DIR", "COMMON_DIR", "WORK_TREE", "INDEX_FILE", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES"),
        *(
            "GRAFT_FILE",
            "NO_REPLACE_OBJECTS",
            "REPLACE_REF_BASE",
            "PREFIX",
            "SHALLOW_FILE",
            "IMPLICIT_WORK_TREE",
            "NAMESPACE",
        ),
    )
)


class GitAnchor:
    """Commits each checkpoint, as the only file of a commit, on the branch `govai-checkpoints`. No work tree is touched.

    Args:
        repository: its folder, bare or not. One repository per ledger.

    Raises:
        ConfigError: there is none, or git is not installed.
    """

    def __init__(self, repository: str | Path) -> None:
        self._repository = Path(repository)
        self.name = f"git:{repository}"
        try:
            self._git("rev-parse", "--git-dir")
        except (OSError, subprocess.SubprocessError) as error:
            problem = type(error).__name__
        else:
            return
        raise ConfigError(
            say(f"no git repository can be used there ({problem})", f"aucun dépôt git utilisable ici ({problem})"),
            where=f"git:{repository}",
            todo="git init --bare",
        )

    def __repr__(self) -> str:
        return f"<GitAnchor {self._repository}>"

    def anchor(self, checkpoint: Checkpoint) -> str:
        """Commit the checkpoint and return the commit's id; raises OSError or SubprocessError, and it is offered again."""
        blob = self._git("hash-object", "-w", "--stdin", told=canonical(checkpoint.to_json()) + b"\n")
        tree = self._git("mktree", told=f"100644 blob {blob}\tcheckpoint.json\n".encode())
        for _ in range(_TRIES - 1):
            try:
                return self._committed(tree, checkpoint)
            except subprocess.CalledProcessError:  # another process committed meanwhile
                continue
        return self._committed(tree, checkpoint)

    def anchored(self) -> Iterator[Checkpoint]:
        """Yield the checkpoints of the branch, oldest first; raises OSError or SubprocessError."""
        if not self._head():
            return
        for commit in self._git("rev-list", "--reverse", _REF).split():
            try:
                yield Checkpoint.from_json(orjson.loads(self._git("show", f"{commit}:checkpoint.json")))
            except (ValueError, subprocess.CalledProcessError):
                continue  # someone else's commit

    def _committed(self, tree: str, checkpoint: Checkpoint) -> str:
        parent = self._head()
        onto = ["-p", parent] if parent else []
        commit = self._git("commit-tree", tree, *onto, "-m", f"govai checkpoint {checkpoint.number}")
        self._git("update-ref", "--create-reflog", _REF, commit, parent or "0" * len(commit))
        return commit

    def _head(self) -> str:
        return self._git("for-each-ref", "--format=%(objectname)", _REF)

    def _git(self, *words: str, told: bytes | None = None) -> str:
        who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _NAMED.items()}
        done = subprocess.run(  # noqa: S603 -- our own words; the repository is the caller's setting
            ["git", "-C", str(self._repository), *words],  # noqa: S607 -- git as installed
            input=told,
            stdin=None if told is not None else subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_S,
            env={**_elsewhere(), **who, "GIT_TERMINAL_PROMPT": "0"},
        )
        return done.stdout.decode("utf-8", "replace").strip()


def _elsewhere() -> dict[str, str]:
    """Return the environment without what names another repository: inside a git hook, that is the hook's own."""
    return {name: value for name, value in os.environ.items() if name not in _LOCAL}
