"""What a policy says of keeping: content or nothing, and for how long. Less and shorter is stricter. It keeps nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.retention import PURGEABLE, Period, Retention, Term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.policy.loading import Document, Place
    from govai.policy.model import PolicyFile

NOTHING, CONTENT = "nothing", "content"


def tightened(base: PolicyFile, file: PolicyFile, document: Document) -> str:
    """Return what a file on top of another keeps.

    Raises:
        ConfigError: it keeps content where the wider one says that nothing is kept.
    """
    if base.keep == NOTHING and CONTENT in (file.keep, *(one.keep for one in file.purposes.values())):
        raise ConfigError(
            say("a policy that extends another can only tighten it", "une politique dérivée ne peut que resserrer"),
            where=document.where(("keep",)),
            todo="keep: nothing",
        )
    return file.keep or base.keep


def check_keeping(file: PolicyFile, document: Document) -> None:
    """Check what is kept, of what, and how long.

    Raises:
        ConfigError: a purpose keeps content where the whole policy keeps nothing; a term for a purpose or a kind that is none.
    """
    for name, purpose in file.purposes.items():
        if purpose.keep == CONTENT and file.keep == NOTHING:
            raise ConfigError(
                say(
                    "the whole policy says that nothing is kept: a purpose can only tighten that",
                    "toute la politique dit de ne rien garder : une finalité ne peut que resserrer",
                ),
                where=document.where(("purposes", name, "keep")),
                todo=say("leave out the one at the top", "retirez celui du haut"),
            )
    for index, entry in enumerate(file.retention):
        _known(entry.purpose, file.purposes, document, ("retention", index, "purpose"))
        _known(entry.kind, PURGEABLE, document, ("retention", index, "kind"))


def retention_of(file: PolicyFile, document: Document) -> Retention:
    """Return the terms of a policy: those listed, and each purpose's own.

    Raises:
        ConfigError: one is no period.
    """
    listed = [
        Term(
            _period(entry.keep, document, ("retention", index, "keep")),
            frozenset(_words(entry.purpose)),
            frozenset(_words(entry.kind)),
        )
        for index, entry in enumerate(file.retention)
    ]
    own = [
        Term(_period(entry.retention, document, ("purposes", name, "retention")), frozenset([name]))
        for name, entry in file.purposes.items()
        if entry.retention
    ]
    return Retention((*listed, *own))


def _words(value: list[str] | str | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _period(text: str, document: Document, place: Place) -> Period:
    try:
        return Period.parse(text)
    except ValueError:
        pass
    raise ConfigError(
        say(f"'{text}' is not how long something is kept", f"« {text} » n'est pas une durée de conservation"),
        where=document.where(place),
        todo=say("90d, 13m (months), 3y", "90d (jours), 13m (mois), 3y (ans)"),
    )


def _known(given: list[str] | str | None, known: Iterable[str], document: Document, place: Place) -> None:
    names = sorted(known)
    for name in _words(given):
        if name not in names:
            what = "purpose" if place[-1] == "purpose" else "kind"
            raise ConfigError(
                say(
                    f"unknown {what} '{name}'",
                    f"finalité inconnue « {name} »" if what == "purpose" else f"type inconnu « {name} »",
                ),
                where=document.where(place),
                todo=did_you_mean(name, names),
            )
