"""What a request says beside its body, in its path, query and headers: all of it is looked at, but for the protocols' own words.

What would take a request elsewhere than its URL says, or have it read otherwise than it was, is refused. Knows HTTP; knows
no bodies, no policy and no SDK.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from govai.core.errors import Ungoverned
from govai.core.exchange import Slot, SlotKind
from govai.core.lang import say

if TYPE_CHECKING:
    import httpx2

# The words of all endpoints' paths; whatever else stands in a path is a name or an id, and is looked at.
_WORDS = frozenset(
    "v1 v1beta v1beta1 v1alpha openai deployments projects locations publishers google anthropic mistralai endpoints models "
    "tunedModels generateContent streamGenerateContent countTokens embedContent batchEmbedContents batchGenerateContent "
    "predict rawPredict streamRawPredict chat agents fim completions responses input_tokens input_items compact cancel images "
    "generations edits variations messages count_tokens batches results embeddings moderations classifications audio "
    "transcriptions translations speech files content batch jobs".split()
)
# Words of endpoints that no format knows, which a refusal may repeat; any other word may be somebody's name.
_REFUSED = frozenset(
    "assistants threads runs vector_stores uploads parts containers evals fine_tuning conversations items realtime sessions "
    "skills ocr libraries documents cachedContents caches interactions upload rerank api generate complete organization".split()
)
_AUTH = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization"})
_KEY = re.compile(
    r"(?:(?:Bearer|Basic) )?(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9._~+/=-]{16,}"
)  # RFC 6750 §2.1, as long as keys are
_CODING = r"(?:gzip|deflate|br|zstd|identity|x-gzip)"
_NUMBER = r"\d{1,5}(?:\.\d{1,3})?"
_VERSION = r"\d{1,4}(?:\.\d{1,4}){1,3}(?:(?:a|b|rc|\.dev|\.post)\d{1,3})?"
_STAINLESS = {
    "lang": "python",
    "package-version": _VERSION,
    "os": "Linux|MacOS|Windows|iOS|Android|FreeBSD|OpenBSD|Unknown",
    "arch": "x64|x32|arm64|arm|unknown",
    "runtime": "CPython|PyPy",
    "runtime-version": _VERSION,
    "async": "false|async:(?:asyncio|trio)",
    "retry-count": r"\d{1,3}",
    "read-timeout": _NUMBER,
    "timeout": _NUMBER,
    "raw-response": "true|stream",
    "poll-helper": "true",
    "custom-poll-interval": _NUMBER,
    "custom-event-handler": "true|false",
    "helper-method": r"(?:beta\.)?(?:chat\.completions|responses|messages)\.(?:stream|parse)",
    "stream-helper": r"(?:beta\.)?(?:chat\.completions|responses|messages)",
}
_WRITTEN_BY_SDKS = {  # headers as HTTP libraries and SDKs write them, word for word
    name: re.compile(pattern)
    for name, pattern in {
        "accept": r"\*/\*|(?:application/json|text/event-stream|application/octet-stream|application/binary|audio/mpeg)"
        r"(?:, ?(?:application/json|text/event-stream|\*/\*))*",
        "accept-encoding": rf"{_CODING}(?:, ?{_CODING})*",
        "connection": "keep-alive|close",
        "content-encoding": _CODING,
        "content-length": r"\d{1,12}",
        "content-type": r"(?i:application/json(?:; *charset=\"?utf-8\"?)?|multipart/form-data)",
        "transfer-encoding": "chunked",
        "anthropic-version": r"20\d\d-\d\d-\d\d|vertex-20\d\d-\d\d-\d\d",
        "x-server-timeout": _NUMBER,
        "user-agent": r"(?:Async)?(?:Azure|Bedrock)?(?:OpenAI|Anthropic(?:Vertex|Foundry|AWS|BedrockMantle|GoogleCloud)?)/Python [\w.]+"
        r"|mistral-client-python/[\w.]+|python-httpx2?/[\w.]+|google-genai-sdk/[\w.+-]+ gl-python/[\w.+-]+",
        "x-goog-api-client": r"google-genai-sdk/[\w.+-]+ gl-python/[\w.+-]+",
        "idempotency-key": r"stainless-python-retry-[0-9a-f-]{36}",
        **{f"x-stainless-{name}": pattern for name, pattern in _STAINLESS.items()},
    }.items()
}
_BOUNDARY = re.compile(r"(?<=^multipart/form-data); *boundary=.*", re.IGNORECASE)  # a form leaves with one of ours
# Servers and proxies that heed these take the request for another one than was looked at.
_DETOURS = frozenset(
    "x-http-method-override x-http-method x-method-override x-original-url x-original-uri x-rewrite-url x-forwarded-host "
    "x-forwarded-path x-forwarded-prefix forwarded x-host".split()
)


def refuse_detours(request: httpx2.Request) -> None:
    """Refuse what would take a request elsewhere than its method and URL say: other hosts, targets, methods.

    Raises:
        Ungoverned: it names one.
    """
    host = request.url.netloc.decode("ascii").rpartition("@")[2].lower()
    extensions = request.extensions
    sni = extensions.get("sni_hostname")
    headers = request.headers.multi_items()
    hosts = [value.lower() for name, value in headers if name == "host"]
    if any(other != host for other in hosts) or (sni and str(sni).lower() != request.url.host.lower()):
        what = "Host"
    elif "target" in extensions:
        what = "extensions[target]"
    else:
        what = next((name for name, _value in headers if name in _DETOURS), "")
    if what:
        raise Ungoverned(
            say(
                f"'{what}' would take the request elsewhere than its URL says",
                f"« {what} » mènerait la requête ailleurs que ne le dit son URL",
            ),
            where=host,
            todo=say("leave it out", "retirez-le"),
        )


def places_beside(request: httpx2.Request, match: re.Match[str]) -> list[Slot]:
    """Return what a request says beside its body that is not the protocols' own, to be looked at.

    Args:
        match: of the endpoint's pattern, whose groups are names and ids.
    """
    return [*_in_query(request), *_in_path(request, match), *_in_headers(request)]


def presentable(method: str, path: str) -> str:
    """Return a method and a path for a refusal to show: words that are not an API's may be somebody's."""
    known = _WORDS | _REFUSED
    steps = "".join(step if step in known or step in ("/", ":") else "…" for step in re.split(r"([/:])", path) if step)
    return f"{method if method in _METHODS else '…'} {steps}"


_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())


def _in_query(request: httpx2.Request) -> list[Slot]:
    slots: list[Slot] = []
    query = request.url.query.decode("ascii", "replace")
    for number, pair in enumerate(query.split("&") if query else ()):
        name, _, value = pair.partition("=")
        slots.append(Slot(("query", number, "name"), unquote_plus(name), SlotKind.CONTROL))
        slots.append(Slot(("query", number), unquote_plus(value), SlotKind.CONTROL))
    return slots


def _in_path(request: httpx2.Request, match: re.Match[str]) -> list[Slot]:
    named = {group: unquote_plus(text) for group, text in match.groupdict().items() if text}
    kinds = {"model": SlotKind.MODEL}
    slots = [Slot(("path", group), text, kinds.get(group, SlotKind.CONTROL)) for group, text in named.items()]
    path = request.url.raw_path.decode("ascii", "replace").partition("?")[0]
    for number, step in enumerate(re.split("[/:]", path)):
        if step and step not in _WORDS and (said := unquote_plus(step)) not in named.values():
            slots.append(Slot(("path", number), said, SlotKind.CONTROL))
    return slots


def _in_headers(request: httpx2.Request) -> list[Slot]:
    slots: list[Slot] = []
    for number, (name, value) in enumerate(request.headers.multi_items()):
        if _KEY.fullmatch(value) if name in _AUTH else _is_dull(name, value):
            continue
        slots.append(Slot(("headers", number), value, SlotKind.CONTROL))
        if name not in _AUTH and name not in _WRITTEN_BY_SDKS:
            slots.append(Slot(("headers", number, "name"), name, SlotKind.CONTROL))
    return slots


@lru_cache(maxsize=1024)
def _is_dull(name: str, value: str) -> bool:
    """Whether a header is one that SDKs write, with what they write into it; `host` was compared with the URL's."""
    if name == "host":
        return True
    written = _WRITTEN_BY_SDKS.get(name)
    value = _BOUNDARY.sub("", value) if name == "content-type" else value
    return written is not None and written.fullmatch(value) is not None
