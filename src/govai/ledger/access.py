"""Access: everything the ledger knows of the use of someone's data (GDPR art. 15), as a table, JSON and a letter.

It holds no identifying value: the person who asks knows who they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from govai.core.lang import say

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 20  # calls in a table; all of them are in `calls` and `to_json()`


@dataclass(frozen=True, slots=True)
class UsedField:
    """One field of a call: `source.field`, its category, and what was done to it before it left."""

    source: str
    field: str
    category: str
    effect: str

    @property
    def name(self) -> str:
        """`source.field`, or the category where the data had none."""
        return ".".join(filter(None, (self.source, self.field))) or self.category


@dataclass(frozen=True, slots=True)
class CallAbout:
    """One attempt to use someone's data.

    Attributes:
        record_id, call_id: its record and call. time: RFC 3339, UTC. kind: `intent` (it left) or `refusal` (it did not).
        purpose, basis: why, and on which legal basis (GDPR art. 6). provider, host, region, model: who received it.
        effect: the strongest. fields: those of the whole call, which may have been about others too. outcome: how it ended.
        reviews: what people decided, as `on: verdict`. records: ids of all records about it.
    """

    record_id: str
    call_id: str
    time: str
    kind: str
    purpose: str
    basis: str
    provider: str
    host: str
    region: str
    model: str
    job: str
    effect: str
    fields: tuple[UsedField, ...]
    outcome: str
    reviews: tuple[str, ...]
    records: tuple[str, ...]

    @property
    def left(self) -> bool:
        """Whether something may have reached the provider."""
        return self.kind == "intent" and self.outcome != "abandoned"


@dataclass(frozen=True, slots=True)
class Request:
    """A right that was exercised: `restriction` or `rectification`, when, and what it says (a field's name, no value)."""

    record_id: str
    time: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """A provider that received someone's data; retention_days: how long it keeps it, None where nobody said."""

    provider: str
    host: str
    region: str
    first: str
    last: str
    calls: int
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class Access:
    """What the ledger knows of someone.

    Attributes:
        asked: the identifiers asked about, by name and category, no value. calls: oldest first. requests: rights exercised.
        recipients: who received something. restricted: their data may not be used now. since: of the ledger's oldest record.
        records: how many the ledger holds. purged: how many about them are emptied, whose time was over.
        held: what else is kept of them, by kind (tickets, replies, contents).
    """

    asked: tuple[tuple[str, str], ...]
    calls: tuple[CallAbout, ...]
    requests: tuple[Request, ...]
    recipients: tuple[Recipient, ...]
    restricted: bool
    since: str
    until: str
    records: int
    purged: int
    held: dict[str, int]

    @property
    def purposes(self) -> tuple[str, ...]:
        """The purposes, each once."""
        return tuple(dict.fromkeys(call.purpose for call in self.calls if call.purpose))

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that received something, each once."""
        return tuple(dict.fromkeys(one.provider for one in self.recipients))

    @property
    def coverage(self) -> tuple[str, ...]:
        """What this answer covers, and what it cannot."""
        return coverage(self, say)

    def report(self, path: str | Path, lang: Literal["fr", "en"] = "fr") -> Path:
        """Write the letter that answers the person (GDPR art. 15(1)), and return where it is.

        Args:
            path: `….pdf` (needs the extra `report`) or `….html`, self-contained. lang: the letter's language.

        Raises:
            ConfigError: another ending or language, fpdf2 is missing, or it cannot be written there.
        """
        from govai.ledger.letter import write_letter

        return write_letter(self, path, lang)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        asked = [{"name": name, "category": category} for name, category in self.asked]
        return {**asdict(self), "asked": asked, "purposes": self.purposes, "coverage": self.coverage}

    def __str__(self) -> str:
        heads = say("TIME  PURPOSE  PROVIDER  OUTCOME  FIELDS", "DATE  FINALITÉ  FOURNISSEUR  ISSUE  CHAMPS").split(
            "  "
        )
        rows = [heads, *self._rows()]
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        lines = [
            "  ".join([*(one.ljust(width) for one, width in zip(row, widths, strict=False)), row[4]]) for row in rows
        ]
        return "\n".join(
            [_title(self), *(lines if self.calls else ()), *self._more(), *(f"· {one}" for one in self.coverage)]
        )

    def _repr_html_(self) -> str:
        from govai.core import rendering

        heads = say("time,purpose,provider,outcome,fields", "date,finalité,fournisseur,issue,champs").split(",")
        table = rendering.table(heads, self._rows()) if self.calls else ""
        notes = "".join(f"<div>{rendering.quiet(one)}</div>" for one in (*self._more(), *self.coverage))
        return rendering.box(rendering.title(_title(self)) + table + notes)

    def _rows(self) -> list[list[str]]:
        return [
            [
                call.time[:19],
                call.purpose or "–",
                call.provider or call.host or "–",
                call.outcome,
                ", ".join(dict.fromkeys(f"{one.name} ({one.effect})" for one in call.fields)),
            ]
            for call in self.calls[:_SHOWN]
        ]

    def _more(self) -> list[str]:
        more = len(self.calls) - _SHOWN
        return (
            [say(f"… and {more} more: .calls, .to_json()", f"… et {more} de plus : .calls, .to_json()")]
            if more > 0
            else []
        )


def _title(access: Access) -> str:
    count, by = len(access.calls), ", ".join(name for name, _category in access.asked)
    restricted = say(" · restricted", " · traitement limité") if access.restricted else ""
    return (
        say(f"calls about this person (by {by}): {count}", f"appels sur cette personne (par {by}) : {count}")
        + restricted
    )


def coverage(access: Access, say: Any) -> tuple[str, ...]:
    """Return in honest words what an answer covers; `say` chooses the language."""
    by = ", ".join(f"{name} ({category})" for name, category in access.asked)
    found = [
        say(
            f"all {access.records} records of this ledger, from {access.since or '–'} to {access.until or '–'}, looked up by {by}",
            f"les {access.records} enregistrements de ce registre, du {access.since or '–'} au {access.until or '–'}, cherchés par {by}",
        ),
        say(
            "found: calls in which these values were declared, sealed or recognised; values of other identifiers are not",
            "trouvé : les appels où ces valeurs étaient déclarées, scellées ou reconnues ; pas celles d'autres identifiants",
        ),
        say(
            "not found: free text that describes someone without an identifying value, and calls made without govai",
            "non trouvé : un texte libre qui décrit quelqu'un sans valeur identifiante, et les appels faits sans govai",
        ),
        say(
            "the fields are the call's: one about several people names the fields of all",
            "les champs sont ceux de l'appel : un appel sur plusieurs personnes nomme les champs de toutes",
        ),
    ]
    if access.purged:
        found.append(
            say(
                f"{access.purged} records about them were emptied at the end of their retention: only date, kind and purpose stand",
                f"{access.purged} enregistrements ont été vidés en fin de conservation : restent date, nature et finalité",
            )
        )
    return tuple(found)
