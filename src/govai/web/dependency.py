"""The FastAPI dependency: a governor bound to the request, within a scope that says the same. It needs Starlette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection  # noqa: TC002 -- FastAPI reads annotations at run time

from govai.core.scope import entered
from govai.governor.default import default
from govai.web.asgi import GOVERNOR
from govai.web.connection import Connection
from govai.web.naming import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from govai.governor.governor import Governor
    from govai.web.naming import AsyncNamed


def governor(
    governor: Governor | None = None,
    *,
    purpose: AsyncNamed = "",
    actor: AsyncNamed = "",
    subject: AsyncNamed = "",
    job: AsyncNamed = "",
    session: AsyncNamed = "",
) -> Callable[[HTTPConnection], AsyncIterator[Governor]]:
    """Return a dependency: `gov: Annotated[Governor, Depends(govai.web.governor(purpose="support"))]`.

    The endpoint, sync or async, its streamed body and its background tasks run in the scope that the arguments say, so
    wrapped clients and `govai.generate` follow it too.

    Args:
        governor: default: the middleware's, else the default one.
        purpose, actor, subject, job, session: as for `GovernMiddleware`; what the middleware said holds where these say nothing.

    Raises:
        ConfigError: the policy has no such purpose. PolicyError (in the request): the middleware said another purpose.
    """
    names = Names(governor, purpose, actor, subject, job, session)

    async def bound(connection: HTTPConnection) -> AsyncIterator[Governor]:
        mine = governor or connection.scope.get(GOVERNOR) or default()
        with entered(await names.read(Connection.of_asgi(connection.scope))) as held:
            yield mine.bind(
                purpose=held.purpose, actor=held.actor, subject=held.subject, job=held.job, session=held.session
            )

    return bound
