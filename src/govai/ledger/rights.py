"""Rights: what a person may ask of the ledger: access, erasure, restriction, rectification (GDPR art. 15 to 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.records import Draft, now
from govai.ledger.about import among, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from govai.core.database import Connection, Database
    from govai.core.people import Identity, People
    from govai.ledger.access import Access
    from govai.ledger.erasing import Receipt

T = TypeVar("T")
P = ParamSpec("P")
_TELLING = 3  # characters; shorter values stand in any text
_EPOCH = "UPDATE epochs SET value=value+1 WHERE name='subjects' RETURNING value"


class Rights:
    """The rights of data subjects. All take identifying values by the name of a column (`email="…"`, `customer_id="…"`), or a
    mapping from names or categories (`{"user.contact.email": "…"}`). No value is kept.

    - about: every call that used someone's data. erase: what leads to them is destroyed.
    - restrict, unrestrict: their data may not be used until further notice. rectify: a field of theirs is wrong.
    """

    database: Database
    people: People | None

    def guarded(self, step: Callable[[Connection], T]) -> T:
        """Run a step on the ledger's connection."""
        raise NotImplementedError

    def append_alone(self, make: Callable[[Connection], Sequence[Draft]]) -> int:
        """Append what `make` returns, alone."""
        raise NotImplementedError

    def flush(self, timeout: float = 5.0) -> None:
        """Write what is queued."""
        raise NotImplementedError

    def about(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> Access:
        """Return every call that used someone's data (GDPR art. 15).

        Args:
            given, identifiers: values that identify one person, by column or category.

        Raises:
            ConfigError: a column that identifies nobody. LedgerUnavailable: the ledger cannot be read.
        """
        identities, people = self._named(given, identifiers)
        self.flush()
        return self.guarded(lambda on: look(on, identities, people.retention_days))

    def erase(
        self, given: Mapping[str, object] | None = None, /, *, dry_run: bool = False, **identifiers: object
    ) -> Receipt:
        """Destroy what leads to someone, and all that is kept of them (GDPR art. 17); records stay and verify.

        Args:
            given, identifiers: values that identify one person, by column or category. dry_run: only say what would be.

        Raises:
            PolicyError: a legal hold stands in the way. ConfigError: a column that identifies nobody, or a role that may not
            delete. LedgerUnavailable: nothing was erased.
        """
        from govai.ledger.erasing import Eraser

        identities, people = self._named(given, identifiers)
        self.flush()
        eraser = Eraser(identities, people.retention_days, self.database.remote, self.database.errors)
        if dry_run:
            return self.guarded(eraser.survey)
        receipts: list[Receipt] = []

        def make(on: Connection) -> list[Draft]:
            receipt, draft = eraser.erase(on)
            receipts[:] = [receipt]
            return [draft]

        self.append_alone(make)
        self.guarded(lambda on: on.wipe())
        return receipts[0]

    def restrict(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> str:
        """Have calls about someone refused from now on, by every process (GDPR art. 18); return the record's id.

        It holds for the values given; whoever is known by others too is to be named by all of them.

        Raises:
            ConfigError: a column that identifies nobody. LedgerUnavailable: it is not restricted.
        """
        identities, _people = self._named(given, identifiers)
        lookups = sorted({digest for one in identities for digest in one.digests})

        def mark(on: Connection) -> None:
            on.insert("restrictions", [(one, now()) for one in lookups], ignore=True)
            on.execute(_EPOCH)

        return self._recorded("restriction", {"state": "restricted"}, identities, mark)

    def unrestrict(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> str:
        """Take a restriction back; the person is to be told before (GDPR art. 18(3)). Returns the record's id."""
        identities, _people = self._named(given, identifiers)
        lookups = sorted({digest for one in identities for digest in one.digests})

        def lift(on: Connection) -> None:
            among(on, "DELETE FROM restrictions WHERE lookup IN ({}) RETURNING 1", lookups)
            on.execute(_EPOCH)

        return self._recorded("restriction", {"state": "lifted"}, identities, lift)

    def rectify(
        self, given: Mapping[str, object] | None = None, /, *, field: str, note: str = "", **identifiers: object
    ) -> str:
        """Record that a field of someone's is wrong, and was corrected at its source (GDPR art. 16); return the record's id.

        Args:
            field: `source.field` or the field's name, of one that a call about them used. note: the id of a file elsewhere, or "".

        Raises:
            ConfigError: a column that identifies nobody; a field that no call about them used; a note that is no id.
        """
        identities, _people = self._named(given, identifiers)
        given_values = [str(one) for one in {**(given or {}), **identifiers}.values() if one is not None]
        used = {one for call in self.about(given, **identifiers).calls for one in call.fields}
        _refuse_unused(field, {name for one in used for name in (one.name, one.field) if name})
        _refuse_words(note, given_values)
        return self._recorded("rectification", {"field": field, "note": note}, identities, lambda _on: None)

    async def aabout(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> Access:
        """The asyncio twin of `about`."""
        return await _in_thread(self.about, given, **identifiers)

    async def aerase(
        self, given: Mapping[str, object] | None = None, /, *, dry_run: bool = False, **identifiers: object
    ) -> Receipt:
        """The asyncio twin of `erase`."""
        return await _in_thread(self.erase, given, dry_run=dry_run, **identifiers)

    async def arestrict(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> str:
        """The asyncio twin of `restrict`."""
        return await _in_thread(self.restrict, given, **identifiers)

    async def aunrestrict(self, given: Mapping[str, object] | None = None, /, **identifiers: object) -> str:
        """The asyncio twin of `unrestrict`."""
        return await _in_thread(self.unrestrict, given, **identifiers)

    async def arectify(
        self, given: Mapping[str, object] | None = None, /, *, field: str, note: str = "", **identifiers: object
    ) -> str:
        """The asyncio twin of `rectify`."""
        return await _in_thread(self.rectify, given, field=field, note=note, **identifiers)

    def is_restricted(self, people: Iterable[tuple[str, ...]]) -> bool:
        """Whether one of the people, given by their digests, asked that their data not be used."""
        digests = sorted({digest for person in people for digest in person})
        return bool(self.guarded(lambda on: among(on, "SELECT 1 FROM restrictions WHERE lookup IN ({})", digests)))

    def _named(
        self, given: Mapping[str, object] | None, more: Mapping[str, object]
    ) -> tuple[tuple[Identity, ...], People]:
        if self.people is None:
            raise ConfigError(
                say(
                    "this ledger was opened without keys: it recognises nobody",
                    "registre ouvert sans clés : il ne reconnaît personne",
                ),
                todo="govai.Governor(…).ledger",
            )
        return self.people.identities({**(given or {}), **more}), self.people

    def _recorded(
        self, kind: str, body: dict[str, Any], identities: Sequence[Identity], change: Callable[[Connection], None]
    ) -> str:
        asked = [one.category for one in identities]
        draft = Draft(kind, "", {"purpose": "", **body, "asked": asked, "subjects": []})
        draft.subjects = tuple(sorted({one.person for one in identities}))

        def make(on: Connection) -> list[Draft]:
            change(on)
            return [draft]

        self.append_alone(make)
        return draft.id


def _refuse_unused(field: str, known: set[str]) -> None:
    """Refuse what is no field of the person's calls; the text given is repeated nowhere, it may be a value."""
    if field not in known:
        from govai.core.names import did_you_mean

        raise ConfigError(
            say("no call about this person used this field", "aucun appel sur cette personne n'a utilisé ce champ"),
            where="field=",
            todo=did_you_mean(field, known),
        )


def _refuse_words(note: str, values: Sequence[str]) -> None:
    from govai.ledger.holds import is_file_id

    said = note.casefold()
    if note and (not is_file_id(note) or any(len(one) >= _TELLING and one.casefold() in said for one in values)):
        raise ConfigError(
            say(
                "note= is recorded: the id of a file elsewhere, no value",
                "note= est enregistré : l'identifiant d'un dossier, aucune valeur",
            ),
            where="note=",
            todo=say("letters, digits, . _ / -; never a name: DSR-2026-17", "jamais un nom : DSR-2026-17"),
        )


async def _in_thread(step: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    import asyncio  # 25 ms that a program without tasks need not pay

    return await asyncio.to_thread(step, *given, **named)
