"""What holds in a notebook: its governor, the purpose of its cells, and the clients of the process. It knows no IPython."""

from __future__ import annotations

from typing import Any

from govai.core.lang import say
from govai.governor.default import configure, default

EXPLORATION = "exploration"  # the purpose of a notebook that has said none; a policy without it gives none


class Session:
    """A governed notebook, from `%load_ext govai` on.

    Attributes:
        governor: the default governor, bound to what `%govai` said: module-level functions use it, and so do the clients
            of the process.
    """

    def __init__(self) -> None:
        self._base = default()
        self._said: dict[str, str] = {}
        self._before: dict[str, str] | None = None
        self._coverage: Any = None
        self.governor = self._base
        self._hold({})

    def say(self, words: dict[str, str]) -> None:
        """Set purpose, actor or subject from here on; governs again after `stop`.

        Raises:
            ConfigError: no such purpose; nothing changed.
        """
        self._hold({**self._said, **words})
        self._before = None

    def say_once(self, words: dict[str, str]) -> None:
        """Set them until `forget_once`, for one cell; errors as for `say`."""
        before = self._said
        self._hold({**before, **words})
        self._before = before

    def forget_once(self) -> None:
        """Take back what was said for one cell."""
        if self._before is not None:
            before, self._before = self._before, None
            self._hold(before)

    def follow(self) -> None:
        """Take up a default governor that the notebook configured since."""
        if self._coverage is not None and default() is not self.governor:
            self._base = default()
            self._hold(self._said)

    def stop(self) -> None:
        """Govern the process no more. Clients that were wrapped stay governed."""
        if self._coverage is not None:
            self._coverage.undo()
            self._coverage = None
            if default() is self.governor:
                configure(self._base)

    def line(self) -> str:
        """Return in one short line what is covered and the purpose in force."""
        if self._coverage is None:
            return say("govai · off (%govai purpose=… governs again)", "govai · arrêté (%govai purpose=… reprend)")
        purpose = self.governor.purpose or say(
            "none, personal data is refused", "aucune, données personnelles refusées"
        )
        covered = ", ".join(name for name in self.governor.policy.providers if name != "offline")
        for word, french in (("actor", "acteur"), ("subject", "personne concernée")):
            if word in self._said:
                purpose += say(f" · {word}: {self._said[word]}", f" · {french} : {self._said[word]}")
        return say(f"govai · purpose: {purpose} · covers {covered}", f"govai · finalité : {purpose} · couvre {covered}")

    def state(self) -> str:
        """Return all that holds: the line, who asks, under which policy, into which ledger."""
        governor = self.governor
        about = say(
            f"actor: {governor.actor} · policy: {governor.policy.name} · ledger: {governor.ledger.url}",
            f"acteur : {governor.actor} · politique : {governor.policy.name} · registre : {governor.ledger.url}",
        )
        return f"{self.line()}\n        {about}"

    def _hold(self, words: dict[str, str]) -> None:
        said: dict[str, Any] = dict(words)
        if not said.get("purpose") and not self._base.purpose and EXPLORATION in self._base.policy.purposes:
            said["purpose"] = EXPLORATION
        governor = self._base.bind(**said)  # raises before anything changes
        before, self._coverage = self._coverage, governor.instrument(quiet=True)  # the last one is in effect: no gap
        if before is not None:
            before.undo()
        configure(governor)
        self.governor, self._said = governor, words
