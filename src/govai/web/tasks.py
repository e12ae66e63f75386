"""Tasks: scopes follow the code within a process; `pack` and `unpack` take their names along to another one, as plain JSON.

It knows no queue: the names travel as a header or an argument of the task.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, PolicyError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.scope import Scope, current, entered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = ("purpose", "actor", "subject", "session", "job", "run_id")


def pack() -> dict[str, str]:
    """Return the names that hold here: purpose, actor, subject, session, job, run_id; only those that are set.

    Raises:
        PolicyError: the scope also restricts or tracks something, which does not travel and must not be lost.
    """
    held = current()
    left = [name for name in ("block", "needs", "tracked", "sinks", "review") if getattr(held, name)]
    if left:
        raise PolicyError(
            say(
                f"a scope's {', '.join(left)} cannot travel to another process",
                f"{', '.join(left)} : cela ne passe pas d'un processus à l'autre",
            ),
            where="govai.web.tasks.pack",
            todo=say("say it inside the task, and pack outside of that scope", "dites-le dans la tâche elle-même"),
        )
    return {name: value for name in NAMES if (value := getattr(held, name))}


@contextmanager
def unpack(names: Mapping[str, str]) -> Iterator[None]:
    """Hold a scope with the names that `pack` gave: `with govai.web.tasks.unpack(names): …`.

    Raises:
        ConfigError: something else than such names. PolicyError: another purpose than the scope around it.
    """
    for name, value in names.items():
        if name not in NAMES or not isinstance(value, str):
            raise ConfigError(
                say("these are not the names of a scope", "ce ne sont pas les noms d'une portée"),
                where="govai.web.tasks.unpack",
                todo=did_you_mean(str(name), NAMES),
            )
    said: Mapping[str, Any] = names
    with entered(Scope(**said)):
        yield
