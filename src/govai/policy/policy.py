"""Policy: what people load and the governor asks. Immutable and cheap to share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from govai.core.canonical import canonical, digest
from govai.core.decisions import Effect, ReviewNeed
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.retention import Retention
from govai.core.taxonomy import Sensitivity
from govai.policy.judge import Match, Question, ReviewRule, Rule, Verdict, forbidden, judge
from govai.policy.keeping import CONTENT, NOTHING, check_keeping, retention_of, tightened
from govai.policy.registry import OFFLINE, Provider, locate, located, provider_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.data import Datum
    from govai.core.decisions import Decision
    from govai.policy.loading import Document
    from govai.policy.model import DataFile, PolicyFile, PurposeFile

BUILTIN = "eu-marketing"
_UNITS = {"m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,5})([mhd])")
_CAUTION = ("detect", "review", "block")


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data is used. `basis`: GDPR art. 6(1). `zone`: `experiment`, or "". `keep`: `content`, or `nothing`."""

    name: str
    basis: str
    use: str = ""
    channel: str = ""
    owner: str = ""
    publish: bool = False
    zone: str = ""
    keep: str = NOTHING

    @property
    def marketing(self) -> bool:
        """Whether it is marketing: a `marketing` use, or a channel to customers."""
        return self.use.partition(".")[0] == "marketing" or bool(self.channel)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """What may leave, for which purpose, to whom. Make one with `Policy.load`."""

    name: str
    version: int
    digest: str
    unmatched: Effect
    undeclared: Literal["detect", "review", "block"]
    observe: bool
    purposes: Mapping[str, Purpose] = field(repr=False)
    providers: Mapping[str, Provider] = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)
    reviews: tuple[ReviewRule, ...] = field(repr=False)
    people: Mapping[str, tuple[str, ...]] = field(repr=False)
    allowed: Mapping[str, frozenset[str]] = field(repr=False)
    keep: str = NOTHING
    retention: Retention = field(default_factory=Retention)
    verdicts: dict[tuple[Datum, str, str, bool], Verdict] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any] | Policy | None = None) -> Policy:
        """Load a policy.

        Args:
            source: a YAML file, a mapping of the same shape, the name of a built-in policy, a Policy; None: `eu-marketing`.

        Raises:
            ConfigError: it cannot be used as written: file, line and column, nearest name.
        """
        if isinstance(source, Policy):
            return source
        document = _document(source)
        from govai.policy.checking import check_allowed, check_roles, check_self_review, check_words, checked

        file = checked(document)
        if file.extends:
            base = checked(_builtin())
            file = _extended(base, file, document)
        providers = {"offline": OFFLINE}
        for name, entry in file.providers.items():
            providers[name] = provider_of(name, entry, document.where(("providers", name)))
        check_words(file, document, file.purposes, providers)
        check_self_review(file, document)
        check_roles(file, document)
        check_allowed(file, document)
        check_keeping(file, document)
        return _policy(file, document, providers)

    def purpose(self, name: str) -> Purpose:
        """Return a purpose; ConfigError naming the nearest when the policy has none of that name."""
        if name in self.purposes:
            return self.purposes[name]
        raise ConfigError(
            say(f"unknown purpose '{name}'", f"finalité inconnue « {name} »"),
            where=say(f"policy {self.name}", f"politique {self.name}"),
            todo=did_you_mean(name, self.purposes),
        )

    def provider(self, name: str) -> Provider:
        """Return a provider entry; ConfigError naming the nearest when the policy has none of that name."""
        if name in self.providers:
            return self.providers[name]
        raise ConfigError(
            say(f"unknown provider '{name}'", f"fournisseur inconnu « {name} »"),
            where=say(f"policy {self.name}", f"politique {self.name}"),
            todo=did_you_mean(name, self.providers),
        )

    def locate(self, host: str, path: str, like: str = "") -> tuple[Provider, str] | None:
        """Return the registry's entry for a host (with its port) and the path below its base path, or None."""
        return locate(self.providers.values(), host, path, like)

    def located(self, host: str, path: str) -> list[tuple[Provider, str]]:
        """Return all entries that `locate` chooses from by `like`, in the order of the policy."""
        return located(self.providers.values(), host, path)

    def permits(self, group: str, name: str) -> bool:
        """Whether the policy allows by name what cannot be looked into: `opaque`, `references` or `recipients`."""
        allowed = self.allowed[group]
        return name in allowed or "*" in allowed

    def keeps_content(self, purpose: str) -> bool:
        """Whether prompts and outputs for a purpose are kept, encrypted; for calls without one, what the whole says."""
        known = self.purposes.get(purpose)
        return (known.keep if known else self.keep) == CONTENT

    def forbids(self, datum: Datum, purpose: str, provider: Provider | None, *, observe: bool = False) -> str:
        """Return the rule that forbids data wherever it goes, the floor's or one that blocks; "" when none does.

        Args:
            observe: only the floor counts, as where calls are only observed.
        """
        return forbidden(self, datum, self.purposes.get(purpose), provider, observe=observe or self.observe)

    def judge(self, question: Question) -> Decision:
        """Decide on what was seen; see `judge.judge`."""
        return judge(self, question)


def _document(source: str | Path | Mapping[str, Any] | None) -> Document:
    from govai.policy.loading import Document, read_document

    if source is None or source == BUILTIN:
        return _builtin()
    if isinstance(source, (str, Path)):
        return read_document(Path(source), (BUILTIN,))
    if not hasattr(source, "items"):
        raise ConfigError(
            say(f"a {type(source).__name__} is not a policy", f"un {type(source).__name__} n'est pas une politique"),
            where="policy=",
            todo=say("give a path, a mapping or a Policy", "donnez un chemin, un dictionnaire ou une Policy"),
        )
    return Document(dict(source), say("inline policy", "politique en ligne"))


def _builtin() -> Document:
    from importlib.resources import files

    from govai.policy.loading import read_text

    return read_text(files("govai.policy").joinpath(f"builtin/{BUILTIN}.yaml").read_text(encoding="utf-8"), BUILTIN)


def _extended(base: PolicyFile, file: PolicyFile, document: Document) -> PolicyFile:
    """Return `file` on top of the built-in policy: entries are added, and what decides can only tighten."""
    from govai.policy.checking import words

    if Effect[file.unmatched.upper()] < Effect[base.unmatched.upper()] and "unmatched" in file.model_fields_set:
        raise ConfigError(
            say("a policy that extends another can only tighten it", "une politique dérivée ne peut que resserrer"),
            where=document.where(("unmatched",)),
            todo=f"unmatched: {base.unmatched}",
        )
    allow = {
        group: [*words(getattr(base.allow, group)), *words(getattr(file.allow, group))]
        for group in ("opaque", "references", "recipients")
    }
    people = {**base.people, **file.people}
    return file.model_copy(
        update={
            "unmatched": file.unmatched if "unmatched" in file.model_fields_set else base.unmatched,
            "undeclared": max(file.undeclared, base.undeclared, key=_CAUTION.index),
            "providers": {**base.providers, **file.providers},
            "purposes": {**base.purposes, **file.purposes},
            "rules": [*file.rules, *base.rules],
            "reviews": [*file.reviews, *base.reviews],
            "people": people,
            "allow": type(file.allow)(**allow),
            "keep": tightened(base, file, document),
            "retention": [*file.retention, *base.retention],
        }
    )


def _policy(file: PolicyFile, document: Document, providers: dict[str, Provider]) -> Policy:
    from govai.policy.checking import words

    rules = [
        Rule(
            rule.id,
            _match(rule.data),
            frozenset(words(rule.purpose)),
            frozenset(words(rule.provider)),
            Effect[rule.effect.upper()],
            rule.mode == "observe",
        )
        for rule in file.rules
    ]
    for key, row in file.matrix.items():
        for purpose, effect in row.items():
            rules.append(
                Rule(
                    f"matrix:{key}:{purpose}",
                    Match(place=key),
                    frozenset([purpose]),
                    frozenset(),
                    Effect[effect.upper()],
                )
            )
    reviews = [
        ReviewRule(
            ReviewNeed(
                r.id,
                r.role,
                r.on,
                _seconds(r.expires, document.where(("reviews", i, "expires"))),
                r.self_review == "allowed",
            ),
            _match(r.data) if r.data is not None else None,
            frozenset(words(r.purpose)),
        )
        for i, r in enumerate(file.reviews)
    ]
    return Policy(
        name=file.name,
        version=file.version,
        digest=digest(canonical(file.model_dump(mode="json"))),
        unmatched=Effect[file.unmatched.upper()],
        undeclared=file.undeclared,
        observe=file.mode == "observe",
        purposes={name: _purpose(name, entry, file) for name, entry in file.purposes.items()},
        providers=providers,
        rules=tuple(rules),
        reviews=tuple(reviews),
        people={role: tuple(names) for role, names in file.people.items()},
        allowed={
            group: frozenset(words(getattr(file.allow, group))) for group in ("opaque", "references", "recipients")
        },
        keep=file.keep or NOTHING,
        retention=retention_of(file, document),
    )


def _purpose(name: str, entry: PurposeFile, file: PolicyFile) -> Purpose:
    said = entry.model_dump(exclude={"retention", "keep"})
    return Purpose(name, **said, keep=entry.keep or file.keep or NOTHING)


def _match(data: DataFile) -> Match:
    from govai.policy.checking import words

    return Match(
        categories=tuple(words(data.category)),
        sensitivity=Sensitivity.parse(data.sensitivity) if data.sensitivity else None,
        source=data.source,
        field=data.field,
        detected=data.detected,
        unclassified=data.unclassified,
    )


def _seconds(text: str, where: str) -> int:
    found = _DURATION.fullmatch(text)
    if not found:
        raise ConfigError(
            say(f"'{text}' is not a duration", f"« {text} » n'est pas une durée"), where=where, todo="72h, 3d, 30m"
        )
    return int(found[1]) * _UNITS[found[2]]
