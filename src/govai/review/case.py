"""What a ticket keeps of its call, and what verdicts make of it: roles, quorum, self-review. Pure; it knows no database."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, PolicyError
from govai.core.lang import say
from govai.review.tickets import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.core.protocols import Verdict
    from govai.review.tickets import Filing


@dataclass(frozen=True, slots=True)
class Case:
    """All of a ticket that verdicts rest on. The desk stores it encrypted, so nobody changes it without the key.

    Attributes:
        created, expires: seconds since the epoch. self_review: the requester may decide.
        approvals: (role, actor) pairs, in the order given. rejected_by: who said no, or "".
    """

    on: str
    text: str = field(repr=False)
    roles: tuple[str, ...]
    self_review: bool
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    requester: str
    purpose: str
    job: str
    template: str
    digests: Mapping[str, str]
    created: float
    expires: float
    approvals: tuple[tuple[str, str], ...] = ()
    rejected_by: str = ""
    edited: bool = False
    note: str = field(default="", repr=False)
    record_id: str = ""

    @property
    def status(self) -> Status:
        """What the verdicts amount to: pending, approved or rejected."""
        if self.rejected_by:
            return Status.REJECTED
        return Status.PENDING if self.missing else Status.APPROVED

    @property
    def missing(self) -> tuple[str, ...]:
        """The roles that have not approved."""
        given = {role for role, _actor in self.approvals}
        return tuple(role for role in self.roles if role not in given)

    @property
    def decided_by(self) -> tuple[str, ...]:
        """Who decided, in order, each once."""
        names = [actor for _role, actor in self.approvals]
        return tuple(dict.fromkeys([*names, self.rejected_by] if self.rejected_by else names))

    def to_bytes(self) -> bytes:
        """Return the case as bytes, to be encrypted."""
        return json.dumps(asdict(self) | {"digests": dict(self.digests)}).encode("ascii")

    @classmethod
    def from_bytes(cls, raw: bytes) -> Case:
        """Read what `to_bytes` wrote."""
        kept: dict[str, Any] = json.loads(raw)
        for name in ("roles", "reasons", "sources"):
            kept[name] = tuple(kept[name])
        kept["approvals"] = tuple((role, actor) for role, actor in kept["approvals"])
        return cls(**{one.name: kept[one.name] for one in fields(cls) if one.name in kept})


def opened(filing: Filing, now: float) -> Case:
    """Return the case of what is filed: each role once, the earliest expiry of its needs.

    Raises:
        ConfigError: no review is needed at all, so nobody could ever decide.
    """
    if not filing.needs:
        raise ConfigError(
            say("a ticket needs a role that may decide", "un ticket a besoin d'un rôle qui décide"),
            where="reviews",
            todo=say("name one: role: …", "nommez-en un : role: …"),
        )
    return Case(
        on=filing.on,
        text=filing.text,
        roles=tuple(sorted({need.role for need in filing.needs})),
        self_review=all(need.self_review for need in filing.needs),
        reasons=tuple(filing.reasons),
        sources=tuple(filing.sources),
        requester=filing.requester,
        purpose=filing.purpose,
        job=filing.job,
        template=filing.template,
        digests=filing.digests,
        created=now,
        expires=now + min(need.expires_s for need in filing.needs),
        record_id=filing.record_id,
    )


def decided(case: Case, actor: str, roles: Sequence[str], verdict: Verdict, *, where: str = "") -> Case:
    """Return the case after one verdict. Each role must approve; one rejection rejects.

    An edited text drops earlier approvals: whoever gave them saw another text.

    Args:
        actor: who decides. roles: those the actor holds. where: the ticket, for errors.

    Raises:
        PolicyError: the requester decides on their own request, the role is another, or the role has decided already.
    """
    held = _held(case, actor, roles, where)
    note = verdict.note or case.note
    if not verdict.approved:
        return replace(case, rejected_by=actor, note=note)
    edited = verdict.text is not None and verdict.text != case.text
    before = () if edited else case.approvals
    given = {role for role, _actor in before}
    added = tuple((role, actor) for role in held if role not in given)
    if not added:
        raise PolicyError(
            say(f"this waits for {', '.join(case.missing)}", f"en attente de {', '.join(case.missing)}"),
            where=where,
            todo=say("your role has approved it already", "votre rôle l'a déjà approuvé"),
        )
    text = verdict.text if edited and verdict.text is not None else case.text
    return replace(case, approvals=before + added, text=text, edited=case.edited or edited, note=note)


def _held(case: Case, actor: str, roles: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the roles of the case that this actor may decide for."""
    if not actor:
        raise PolicyError(
            say("nobody is named who decides", "personne n'est nommé pour décider"),
            where=where,
            todo="gov.bind(actor=…)",
        )
    if _same(actor, case.requester):
        if case.self_review:
            return case.roles
        raise PolicyError(
            say("no one approves their own request", "personne n'approuve sa propre demande"),
            where=where,
            todo=say(
                "have someone else decide: gov.bind(actor=…)", "faites décider quelqu'un d'autre : gov.bind(actor=…)"
            ),
        )
    held = tuple(role for role in case.roles if role in roles)
    if held:
        return held
    needed = ", ".join(case.roles)
    people = f"people: {{{case.roles[0]}: [{actor}, …]}}"
    raise PolicyError(
        say(f"this needs the role '{needed}'", f"il faut le rôle « {needed} »"),
        where=where,
        todo=say(f"{people} in the policy", f"{people} dans la politique"),
    )


def _same(one: str, other: str) -> bool:
    """Whether two names are spellings of one: case, width and outer blanks do not make another person."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
