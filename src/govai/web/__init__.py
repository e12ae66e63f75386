"""Services: what a web request or a task says (who asks, why, about whom) holds for the AI calls made while it is served.

    from govai.web import GovernMiddleware

    app = GovernMiddleware(app, purpose="support", actor=lambda conn: conn.headers.get("x-user"))

Names are imported when first used: the middleware needs no framework; `governor` and `streaming` need Starlette, `django` needs Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govai.web import tasks as tasks
    from govai.web.asgi import GovernMiddleware as GovernMiddleware
    from govai.web.connection import Connection as Connection
    from govai.web.dependency import governor as governor
    from govai.web.errors import Problem as Problem
    from govai.web.errors import install as install
    from govai.web.errors import problem as problem
    from govai.web.responses import streaming as streaming
    from govai.web.wsgi import WsgiMiddleware as WsgiMiddleware
    from govai.web.wsgi import pieces as pieces

_HOME = {
    "Connection": "connection",
    "GovernMiddleware": "asgi",
    "Problem": "errors",
    "WsgiMiddleware": "wsgi",
    "governor": "dependency",
    "install": "errors",
    "pieces": "wsgi",
    "problem": "errors",
    "streaming": "responses",
    "tasks": "",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 -- one table names them  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'govai.web' has no attribute '{name}'")
    if not _HOME[name]:
        return import_module(f"govai.web.{name}")
    value = globals()[name] = getattr(import_module(f"govai.web.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
