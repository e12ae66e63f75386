"""From a request to the names that hold while it is served: why, who asks, about whom. Who asks is claimed, never vouched for here."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, PolicyError
from govai.core.lang import say
from govai.core.names import nearest
from govai.core.scope import Scope
from govai.governor.default import default
from govai.web.connection import Connection

if TYPE_CHECKING:
    from govai.governor.governor import Governor

Named = str | Callable[[Connection], str | None]
AsyncNamed = str | Callable[[Connection], str | Awaitable[str | None] | None]


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of every request: a string, or a callable that reads it from the connection.

    Attributes:
        governor: whose policy knows the purposes; None: the default one.
        purpose, actor, subject, job, session: as for `govai.scope`. What a callable does not find stays unset.

    Raises:
        ConfigError: the policy has no such purpose.
    """

    governor: Governor | None = None
    purpose: AsyncNamed = ""
    actor: AsyncNamed = ""
    subject: AsyncNamed = ""
    job: AsyncNamed = ""
    session: AsyncNamed = ""

    def __post_init__(self) -> None:
        if self.governor is not None and isinstance(self.purpose, str) and self.purpose:
            self.governor.policy.purpose(self.purpose)

    async def read(self, connection: Connection) -> Scope:
        """Return the scope of a request; PolicyError when it names a purpose that the policy does not have."""
        found: dict[str, Any] = {}
        for name, value in self._asked(connection):
            found[name] = _text(name, await value if inspect.isawaitable(value) else value)
        return self._scope(found)

    def read_now(self, connection: Connection) -> Scope:
        """The twin of `read` where nothing can be awaited."""
        return self._scope({name: _text(name, value) for name, value in self._asked(connection)})

    def _asked(self, connection: Connection) -> list[tuple[str, Any]]:
        named = ("purpose", "actor", "subject", "job", "session")
        said = ((name, getattr(self, name)) for name in named)
        return [(name, value(connection) if callable(value) else value) for name, value in said]

    def _scope(self, found: dict[str, Any]) -> Scope:
        purpose = found["purpose"]
        if purpose and callable(self.purpose):
            known = (self.governor or default()).policy.purposes
            if purpose in known:
                return Scope(**found)
            close = nearest(purpose, known)
            raise PolicyError(
                say(
                    "the request names a purpose that the policy does not have",
                    "la requête nomme une finalité que la politique n'a pas",
                )
                + (say(f"; did you mean '{close}'?", f" ; vouliez-vous dire « {close} » ?") if close else ""),
                todo=say("name one of the policy's purposes", "nommez une des finalités de la politique"),
            )
        return Scope(**found)


def _text(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if inspect.iscoroutine(value):
        value.close()
    raise ConfigError(
        say(
            f"{name}= gave a {type(value).__name__}, not a text",
            f"{name}= a donné un {type(value).__name__}, pas un texte",
        ),
        where=f"{name}=",
        todo=say("return a str, or None where there is none", "renvoyez un str, ou None s'il n'y en a pas"),
    )
