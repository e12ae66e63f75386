"""What stands on a governed client where an SDK would leave the governed transport: a websocket, a client of its own."""

from __future__ import annotations

from typing import Any

from govai.core.errors import Ungoverned
from govai.core.lang import say


class Closed:
    """Refuses every use of a route, and says what to do; inspecting it (`repr`, `hasattr('__…__')`) is harmless."""

    def __init__(self, route: str) -> None:
        self._route = route

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        raise Ungoverned(
            say(
                f"'{self._route}' opens connections of its own (a websocket or another client) that go around govai",
                f"« {self._route} » ouvre ses propres connexions, qui contournent govai",
            ),
            where=self._route,
            todo=say(
                "use the plain HTTP endpoints, or an unwrapped client knowingly", "utilisez les points d'accès HTTP"
            ),
        )


def close(client: Any, routes: tuple[str, ...]) -> None:
    """Close dotted `routes` of a governed client, where its class has them: `realtime`, `responses.connect`, …

    Raises:
        Ungoverned: one cannot be closed.
    """
    for route in routes:
        *way, last = route.split(".")
        part = client
        for step in way:
            part = getattr(part, step) if part is not None and _has(part, step) else None
        if part is None or not _has(part, last):
            continue
        part.__dict__[last] = part.__dict__["_" + last] = Closed(route)  # a property keeps what it made under `_`
        if not isinstance(getattr(part, last), Closed):
            raise Ungoverned(
                say(f"'{route}' cannot be closed in this version of the SDK", f"« {route} » ne peut être fermé"),
                where="wrap()",
                todo=say("use a version of the SDK that govai supports", "utilisez une version du SDK prise en charge"),
            )


def _has(part: Any, name: str) -> bool:
    """Whether a client, or a part of one, has an attribute; nothing is imported or made to find out."""
    return hasattr(type(part), name) or name in vars(part) or name in getattr(part, "_sub_sdk_map", ())
