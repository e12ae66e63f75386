"""Put a governor together from settings: policy, ledger, sinks, detectors, keys, review desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.protocols import Detector
from govai.core.scope import Scope
from govai.core.version import VERSION
from govai.detect.look import Lookout
from govai.flow.engine import Engine
from govai.flow.people import KnownPeople
from govai.flow.reviewing import read_mode
from govai.governor.configuration import DEFAULT_LEDGER, KEYS, claimed_actor, discover
from govai.keys.opening import open_keys
from govai.ledger.store import Ledger
from govai.policy.policy import Policy
from govai.review.desk import Desk
from govai.review.reviews import Reviews
from govai.sinks.anchors.opening import open_anchor
from govai.sinks.opening import open_sink
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.review.tickets import Ticket

_MODES = ("enforce", "observe")


@dataclass(frozen=True, slots=True)
class Parts:
    """A governor's parts. `origin`: where its settings came from, for its repr."""

    engine: Engine
    defaults: Scope
    origin: str


def assemble(given: dict[str, Any]) -> Parts:
    """Return the parts for the given arguments over what is discovered."""
    found = discover()
    settings = {**found.values, **given}
    for key in settings:
        if key not in KEYS:
            raise ConfigError(
                say(f"unknown setting '{key}'", f"réglage inconnu « {key} »"), todo=did_you_mean(key, KEYS)
            )
    mode = settings.get("mode", "enforce")
    if mode not in _MODES:
        raise ConfigError(
            say(f"unknown mode '{mode}'", f"mode inconnu « {mode} »"), todo=did_you_mean(str(mode), _MODES)
        )
    policy = Policy.load(settings.get("policy"))
    detectors = _detectors(settings.get("detectors", ()))
    sinks = [open_sink(sink) for sink in settings.get("sinks", ())]
    anchors = [open_anchor(one) for one in settings.get("anchors", ())]
    review = read_mode(settings.get("review"))
    url = settings.get("ledger", DEFAULT_LEDGER)
    beside = open_database(url).path or DEFAULT_LEDGER.removeprefix("sqlite:///")
    keys = open_keys(settings.get("keys"), beside)  # before the ledger: one that is there without its key is refused
    ledger = Ledger(url, sinks=sinks, keys=keys, people=KnownPeople(keys, policy))
    ledger.retention = policy.retention
    for anchor in anchors:
        ledger.anchor(anchor)
    engine = Engine(
        policy=policy,
        lookout=Lookout(detectors),
        ledger=ledger,
        desk=Desk(ledger.database, keys),
        keys=keys,
        observe=mode == "observe",
        version=f"govai/{VERSION}",
    )
    actor = settings.get("actor")
    defaults = Scope(actor=str(actor or claimed_actor()), review=review)
    origin = found.found or say("built-in settings", "réglages intégrés")
    return Parts(engine, defaults, origin)


def reviews(engine: Engine, defaults: Scope) -> Reviews:
    """Return the review desk as one actor sees it."""
    from govai.flow.envelope import Envelope
    from govai.flow.releasing import check_edit

    def check(ticket: Ticket, text: str) -> None:
        kept = Envelope.from_bytes(engine.desk.envelope(ticket.id))
        provider = engine.policy.providers.get(kept.call["provider"])
        check_edit(engine, kept.tokens, text, kept.call["purpose"], provider)

    return Reviews(
        engine.desk,
        actor=defaults.actor,
        people=engine.policy.people,
        record=lambda draft: engine.ledger.commit((draft,)),
        check=check,
    )


def _detectors(given: Sequence[Any]) -> tuple[Detector, ...]:
    for one in given:
        if not isinstance(one, Detector):
            raise ConfigError(
                say(f"a {type(one).__name__} is not a detector", f"un {type(one).__name__} n'est pas un détecteur"),
                where="detectors=",
                todo='govai.Pattern("user.unique_id", r"FID-\\d{8}")',
            )
    return tuple(given)
