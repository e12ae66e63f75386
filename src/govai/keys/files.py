"""Files of secrets: read only what nobody else may read, made and replaced whole and durably. It knows not what is in them."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_POSIX = os.name == "posix"
_MOST = 1 << 16  # bytes: no file of keys is as long


def read_private(path: Path) -> str:
    """Return the text of a file (a link is followed) that belongs to this user or root and that only its owner may touch.

    What is checked is the opened file itself, not its name. On Windows, rights are the folder's and are not checked.

    Raises:
        ConfigError: there is none, others may read or write it, or it is no such file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            problem = _problem(os.fstat(file.fileno()))
            if not problem:
                return file.read(_MOST).decode("ascii")
    except FileNotFoundError:
        problem = say("it is not there", "il n'existe pas")
    except OSError as error:
        problem = _said(error)
    except UnicodeDecodeError:
        problem = say("it is not text", "ce n'est pas du texte")
    raise unusable(path, problem)


def unusable(path: Path, problem: str) -> ConfigError:
    """Return the error of a key file that cannot be used."""
    return ConfigError(
        say(f"the key file cannot be used: {problem}", f"fichier de clé inutilisable : {problem}"),
        where=f"file:{path}",
        todo=say(
            "bring back the one that belongs here, chmod 600 it, or where there never was one: govai keys new FILE",
            "remettez celui d'origine, chmod 600, ou s'il n'y en a jamais eu : govai keys new FICHIER",
        ),
    )


def create(path: Path, text: str) -> bool:
    """Write a new file of mode 0600, whole and durable; False where there is one already, which then stays as it is.

    Of two processes that create it at once, both end with the same one.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        _make_folder(path.parent)
        with _draft(path, text) as draft:
            try:
                os.link(draft, path)
            except FileExistsError:
                return False
            _sync_folder(path.parent)
    except OSError as error:
        problem = _said(error)
    else:
        return True
    raise unusable(path, problem)


def change(path: Path, make: Callable[[str], str]) -> None:
    """Replace a private file by what `make` makes of its text: whole and durable, or not at all. One process at a time.

    Raises:
        ConfigError: it cannot be read or written; it is as it was.
    """
    path = path.resolve()  # or a link would be replaced by a file
    with _locked(path) as owner:
        text = make(read_private(path))
        try:
            with _draft(path, text) as draft:
                if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                    os.chown(draft, owner.st_uid, owner.st_gid)  # rotated by root, still the service's
                draft.replace(path)
                _sync_folder(path.parent)
        except OSError as error:
            problem = _said(error)
        else:
            return
    raise unusable(path, problem)


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _problem(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return say("it is not a regular file", "ce n'est pas un fichier ordinaire")
    if not _POSIX:
        return ""
    if stat.S_IMODE(found.st_mode) & 0o077:
        return say("others may read it", "d'autres peuvent la lire")
    if found.st_uid not in (os.geteuid(), 0):
        return say("it belongs to someone else", "il appartient à quelqu'un d'autre")
    return ""


@contextmanager
def _draft(path: Path, text: str) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[os.stat_result]:
    """Hold the file that bears this name: of what was replaced while it was waited for, nobody has the use."""
    if not _POSIX:
        raise unusable(path, say("it is changed by hand on Windows", "il se change à la main sous Windows"))
    import fcntl

    while True:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            problem = _said(error)
            break
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            held = os.fstat(handle)
            if _is_still(path, held):
                yield held
                return
        finally:
            os.close(handle)
    raise unusable(path, problem)


def _is_still(path: Path, held: os.stat_result) -> bool:
    try:
        return os.path.samestat(held, path.stat())
    except FileNotFoundError:
        return False


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == ".govai":  # a folder of our own ignores itself in git
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _sync_folder(folder: Path) -> None:
    if _POSIX:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
