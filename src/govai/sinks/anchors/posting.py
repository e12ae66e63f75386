"""One POST to a service that anchors: no redirect is followed, a plain `http:` only to this machine."""

from __future__ import annotations

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.sinks.options import is_guarded, shown

_TIMEOUT_S = 15.0
_MOST = 1_000_000  # bytes of an answer


class AnchorUnavailable(OSError):
    """The service did not take the checkpoint; it is offered again later."""


def check(kind: str, url: str) -> None:
    """Refuse a URL that is no https.

    Raises:
        ConfigError: it is none, and not of this machine.
    """
    if is_guarded(url):
        return
    raise ConfigError(
        say("an anchor's URL begins with https://", "l'URL d'un ancrage commence par https://"),
        where="anchors=",
        todo=f"{kind}:https://host/path",
    )


def post(url: str, content: bytes, kind: str) -> bytes:
    """Return the body of a successful answer.

    Raises:
        AnchorUnavailable: there was none, or one that says no, or one that is too long.
    """
    import httpx2

    try:
        with (
            httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client,
            client.stream("POST", url, content=content, headers={"content-type": kind}) as answer,
        ):
            status, body = answer.status_code, b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _MOST:
                    break
    except httpx2.HTTPError as error:
        problem = type(error).__name__
    else:
        if 200 <= status < 300 and len(body) <= _MOST:  # noqa: PLR2004 -- HTTP's own numbers
            return body
        problem = f"HTTP {status}"
    raise AnchorUnavailable(f"{shown(url)}: {problem}")
