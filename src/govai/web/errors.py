"""govai's errors as HTTP answers: a status, and a body in problem+json (RFC 9457) with the stable code; never a raw value.

What is the service's own affair (500 and above) says no more than its code. The log `govai.web` has all of it: where, and
what to do, which speaks to the service's author.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from govai.core import errors
from govai.core.errors import GovaiError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("govai.web")

# The status of a class counts for those below it in the tree.
_STATUS: dict[type[GovaiError], HTTPStatus] = {
    GovaiError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.PolicyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Blocked: HTTPStatus.FORBIDDEN,
    errors.Ungoverned: HTTPStatus.FORBIDDEN,
    errors.ReviewPending: HTTPStatus.ACCEPTED,
    errors.ReviewRejected: HTTPStatus.CONFLICT,
    errors.ReviewExpired: HTTPStatus.CONFLICT,
    errors.LedgerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SinkUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,  # never raised to a caller: no call waits for a sink
    errors.ProviderError: HTTPStatus.BAD_GATEWAY,  # also a missing or wrong key: it is the service's, not the caller's
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ContextTooLong: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ContentFiltered: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ProviderTimeout: HTTPStatus.GATEWAY_TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer to send: `status`, `headers` (with the content type), and the `body`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def problem(error: GovaiError, *, ticket_url: str = "") -> Problem:
    """Return the answer that an error makes. A review that is waited for is no problem: 202, plain JSON with `ticket_id`.

    Args:
        error: any error of govai. ticket_url: with `{ticket_id}`: the `Location` of a 202 (`ReviewPending`).
    """
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    said: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": error.code}
    own = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    _log.log(logging.ERROR if own else logging.INFO, "%s: %s", type(error).__name__, error)
    if not own:
        said["detail"] = error.what
    headers = {"Content-Type": "application/json" if status is HTTPStatus.ACCEPTED else MEDIA_TYPE}
    if isinstance(error, errors.Blocked) and error.decision is not None:
        said["rules"] = list(error.decision.rules)
    if isinstance(error, errors.ReviewPending):
        said["ticket_id"] = error.ticket_id
        if ticket_url:
            headers["Location"] = ticket_url.format(ticket_id=error.ticket_id)
    if isinstance(error, errors.ProviderError) and error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return Problem(int(status), headers, orjson.dumps(said))


def install(app: Any, *, ticket_url: str = "") -> None:
    """Have a FastAPI, Starlette or Flask application answer govai's errors with `problem`. Arguments as there."""
    if hasattr(app, "add_exception_handler"):
        from starlette.responses import Response

        async def answer(_request: Any, error: Any) -> Response:
            made = problem(error, ticket_url=ticket_url)
            return Response(made.body, made.status, made.headers)

        app.add_exception_handler(GovaiError, answer)
        return

    def flask_answer(error: GovaiError) -> tuple[bytes, int, dict[str, str]]:
        made = problem(error, ticket_url=ticket_url)
        return made.body, made.status, made.headers

    app.register_error_handler(GovaiError, flask_answer)
