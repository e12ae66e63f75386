"""Provider failures in one tree, by status and by the provider's own error codes; never by its message.

The native error is not kept: it holds the request as the caller wrote it.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from govai.core import errors
from govai.core.lang import say
from govai.flow.stacks import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.flow.asked import Trace

_UNAUTHORISED, _TIMEOUT, _TOO_LARGE, _TOO_MANY, _SERVER = (401, 403), (408, 504), 413, 429, 500
_RETRIED_409 = 409
_AT_FAULT = (  # how codes begin that say, without a status, that the request itself is wrong
    "invalid_",
    "image_",
    "unsupported_",
    "empty_",
    "bio_policy",
    "misalignment_",
    "data_residency_",
)
_TODO = {
    errors.AuthenticationFailed: (
        "check the API key named in the policy",
        "vérifiez la clé d'API nommée dans la politique",
    ),
    errors.RateLimited: ("wait, or give a fallback model", "attendez, ou donnez un modèle de repli"),
    errors.ContextTooLong: ("shorten the prompt", "raccourcissez le texte"),
    errors.ContentFiltered: ("reword the prompt", "reformulez le texte"),
    errors.ProviderUnavailable: ("try again, or give a fallback model", "réessayez, ou donnez un modèle de repli"),
    errors.ProviderTimeout: ("raise timeout=, or give a fallback model", "augmentez timeout=, ou donnez un repli"),
}


def by_status(
    status: int | None,
    provider: str,
    *,
    word: str = "",
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> errors.ProviderError:
    """Return the error for an HTTP status and the provider's own error code `word`."""
    kind = _kind(status, word)
    shown = word if re.fullmatch(r"[a-z_]{1,60}", word) else ""
    answered = say(f"{provider} answered {status}", f"{provider} a répondu {status}")
    failed = say(f"{provider} failed while answering", f"{provider} a échoué en répondant")
    what = ": ".join(filter(None, (answered if status else failed, shown)))
    todo = _TODO.get(kind, ("check the request's arguments", "vérifiez les arguments de la requête"))
    return kind(
        what,
        status=status,
        provider=provider,
        request_id=request_id,
        retry_after=retry_after(headers or {}),
        todo=say(*todo),
    )


def below_the_sdk(error: BaseException, provider: str) -> errors.ProviderError | None:
    """Return what an error is that an SDK lets through: of its HTTP library, or of its parsing of an answer; None for any other."""
    for library in filter(None, map(sys.modules.get, LIBRARIES)):
        if isinstance(error, library.TimeoutException):
            return timed_out(provider)
        if isinstance(error, library.TransportError):
            return unreachable(provider)
        if isinstance(error, (library.RequestError, library.StreamError)):  # of its decoding, of a body read too late
            return unreadable(provider)
    import pydantic

    unread = (json.JSONDecodeError, UnicodeDecodeError, pydantic.ValidationError)  # these show what they could not read
    return unreadable(provider) if isinstance(error, unread) else None


def unheard(trace: Trace, provider: str) -> errors.ProviderError | None:
    """Return why an answer that came with status 200, to its end, is none; None when it is one.

    Some SDKs say nothing of an error inside an answer, of a stream that stops short, or of a body that is not theirs.
    """
    if trace.error in ("unreadable", "empty", "cut"):
        return unreadable(provider)
    if trace.error:
        return by_status(None, provider, word=trace.error)
    said = trace.text or trace.protected or trace.aside or trace.tools or trace.finish_reason or trace.pending
    return None if said else unreadable(provider)


def unreadable(provider: str) -> errors.ProviderUnavailable:
    """Return the error for an answer that is none: cut, empty, or not in the provider's own format."""
    what = say(f"{provider}'s answer cannot be read", f"la réponse de {provider} est illisible")
    return errors.ProviderUnavailable(what, provider=provider, todo=say(*_TODO[errors.ProviderUnavailable]))


def unreachable(provider: str) -> errors.ProviderUnavailable:
    """Return the error for a connection that failed."""
    what = say(f"{provider} cannot be reached", f"{provider} est injoignable")
    return errors.ProviderUnavailable(what, provider=provider, todo=say(*_TODO[errors.ProviderUnavailable]))


def timed_out(provider: str) -> errors.ProviderTimeout:
    """Return the error for an answer that did not come in time."""
    what = say(f"{provider} did not answer in time", f"{provider} n'a pas répondu à temps")
    return errors.ProviderTimeout(what, provider=provider, todo=say(*_TODO[errors.ProviderTimeout]))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a provider asks to wait (`Retry-After`, RFC 9110 §10.2.3, in seconds), if it does."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        return None


def transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: 408, 409, 429, 5xx, connection errors."""
    if not isinstance(error, errors.ProviderError):
        return False
    kinds = (errors.RateLimited, errors.ProviderUnavailable, errors.ProviderTimeout)
    return isinstance(error, kinds) or error.status == _RETRIED_409


def word_of(body: Any) -> str:
    """Return the provider's own code of an error body, or ""."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return ""
    return str(inner.get("code") or inner.get("type") or "")


def _kind(status: int | None, word: str) -> type[errors.ProviderError]:
    if word == "context_length_exceeded" or status == _TOO_LARGE:
        return errors.ContextTooLong
    if word in ("content_filter", "content_policy_violation"):
        return errors.ContentFiltered
    if status in _UNAUTHORISED or word.startswith("api_key_"):
        return errors.AuthenticationFailed
    if status in _TIMEOUT:
        return errors.ProviderTimeout
    if status == _TOO_MANY or word in ("insufficient_quota", "rate_limit_error", "rate_limit_exceeded"):
        return errors.RateLimited
    if status is None and word.startswith(_AT_FAULT):
        return errors.InvalidRequest
    if status is None or status >= _SERVER or word in ("overloaded_error", "api_error", "server_error"):
        return errors.ProviderUnavailable
    return errors.InvalidRequest
