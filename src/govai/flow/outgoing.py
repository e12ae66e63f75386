"""A request as it is about to leave: where to, and its parsed body. What cannot be read is refused here.

Knows HTTP; knows neither the policy's rules nor the SDKs.
"""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_plus

from govai.core.errors import Ungoverned
from govai.core.exchange import Operation, RequestView
from govai.core.lang import say
from govai.flow.addressing import places_beside, presentable, refuse_detours
from govai.policy.hosts import family_at, signed_at
from govai.wire.codec import parse
from govai.wire.formats import endpoint_of, governed_for
from govai.wire.multipart import Form, parse_form

if TYPE_CHECKING:
    import httpx2

    from govai.core.exchange import BatchFormat, Endpoint, Slot, WireFormat
    from govai.policy.policy import Policy
    from govai.policy.registry import Provider

_MAX_INFLATED = 64 * 1024 * 1024  # bytes; a compressed body beyond this is not inflated
_JSON = re.compile(r"application/json(?:; *charset=\"?utf-8\"?)?", re.IGNORECASE)  # RFC 8259 §8.1: always UTF-8
_UNREAD = frozenset(  # types and codings that an error may name; any other word may be somebody's
    "text/plain text/html application/octet-stream application/x-www-form-urlencoded application/x-ndjson application/json "
    "application/jsonl multipart/mixed gzip deflate br zstd compress".split()
)
_ASKING = (Operation.LIST, Operation.FETCH, Operation.TRACK, Operation.RESULTS)  # after what is there already


@dataclass(slots=True)
class Outgoing:
    """A readable request.

    Attributes:
        provider: the registry's entry for the host, None when there is none. host: with its port, as recorded.
        wire: the format it speaks. operation: what the endpoint does. body: parsed JSON (None without a body).
        view: its slots. extra: slots of the path, query and headers. answer_id: of the earlier answer that is fetched.
    """

    provider: Provider | None
    host: str
    wire: WireFormat
    operation: Operation
    body: Any
    view: RequestView
    extra: list[Slot]
    stream: bool
    answer_id: str = ""


def read_outgoing(policy: Policy, request: httpx2.Request, raw: bytes, like: str) -> Outgoing:
    """Read a request whose body has been loaded.

    Raises:
        Ungoverned: another protocol, an endpoint no format knows, a body that cannot be looked into.
    """
    url = request.url
    host = url.netloc.decode("ascii")
    if url.scheme not in ("http", "https") or "upgrade" in request.headers:
        raise Ungoverned(
            say("a websocket or another protocol would go around govai", "un websocket contournerait govai"),
            where=host,
            todo=say("use the plain HTTP endpoints", "utilisez les points d'accès HTTP"),
        )
    if url.userinfo:
        host = host.rpartition("@")[2]
    refuse_detours(request)
    path = url.raw_path.decode("ascii").partition("?")[0]
    like = like or _spoken(policy, request, raw, host, path)
    found = policy.locate(host, path, like)
    provider, rest = found or (None, path)
    family = provider.like if provider else like
    endpoint = endpoint_of(family, request.method, rest)
    if endpoint is None:
        raise _unknown_endpoint(host, request.method, path, family, registered=provider is not None)
    wire, place, match = endpoint
    answer_id = match.groupdict().get("id") or ""
    body = _body(request, raw)
    view = _view(wire, place.operation, body)
    _read_path(view, place, match)
    return Outgoing(
        provider,
        host,
        wire,
        _operation(wire, place, body, view, answer_id),
        body,
        view,
        places_beside(request, match),
        view.stream,
        answer_id,
    )


def _operation(wire: WireFormat, place: Endpoint, body: Any, view: RequestView, answer_id: str) -> Operation:
    """What is done: a document about a batch that holds requests submits them, and so does one that names no files."""
    if place.operation is not Operation.TRACK or body is None:
        return place.operation
    holds = cast("BatchFormat", wire).lines(body, view.model or "")
    named = answer_id or view.batches or isinstance(body, Form)
    return Operation.SUBMIT if holds or not named else Operation.TRACK


def _spoken(policy: Policy, request: httpx2.Request, raw: bytes, host: str, path: str) -> str:
    """Return the family that a request speaks where no SDK says it (a whole process is governed).

    Of the entries at its host and path it is the first, in the policy's order, whose format knows the endpoint and reads
    the body: a body that two formats read is looked into as wholly by either. Without an entry: what the host is known for.
    """
    known = [
        (provider.like, endpoint)
        for provider, rest in policy.located(host, path)
        if (endpoint := endpoint_of(provider.like, request.method, rest)) is not None
    ]
    if not known:
        return family_at(host) or ""
    for like, (wire, place, _match) in known if len(known) > 1 else ():
        with suppress(Ungoverned):
            _view(wire, place.operation, _body(request, raw))
            return like
    return known[0][0]


def _read_path(view: RequestView, place: Endpoint, match: re.Match[str]) -> None:
    """Take what the path says: some formats name the model there, or ask there for a stream."""
    named = match.groupdict().get("model")
    if named and view.model is None:
        view.model = unquote_plus(named)
    view.stream = view.stream or place.streams


def _unknown_endpoint(host: str, method: str, path: str, family: str, *, registered: bool) -> Ungoverned:
    if signed_at(host):
        return _signed(host)
    asked = presentable(method, path)
    known = say(f"the {family or 'unknown'} wire format", f"le format {family or 'inconnu'}")
    governed = ", ".join(governed_for(family))
    todo = (
        say(
            f"call what is governed there ({governed}), or use an unwrapped client knowingly",
            f"appelez ce qui y est gouverné ({governed}), ou sciemment un client non enveloppé",
        )
        if registered
        else say(
            f"register the host in the policy: providers: {{name: {{like: {family or 'openai'}, host: '{host}'}}}}",
            f"déclarez l'hôte dans la politique : providers: {{nom: {{like: {family or 'openai'}, host: '{host}'}}}}",
        )
    )
    return Ungoverned(
        say(
            f"{asked} is not an endpoint that {known} knows",
            f"{asked} n'est pas un point d'accès que connaît {known}",
        ),
        where=host,
        todo=todo,
    )


def _signed(host: str) -> Ungoverned:
    return Ungoverned(
        say(
            "requests to this host are signed before govai protects them, so the provider would reject them",
            "les requêtes vers cet hôte sont signées avant que govai les protège : il les rejetterait",
        ),
        where=host,
        todo=say("use the provider's own API, or a gateway that signs", "utilisez l'API du fournisseur"),
    )


def _body(request: httpx2.Request, raw: bytes) -> Any:
    if not raw:
        return None
    content_type = request.headers.get("content-type", "application/json")
    kind = content_type.partition(";")[0].strip().lower()
    is_json = _JSON.fullmatch(content_type) is not None
    if not is_json and kind != "multipart/form-data":
        raise _unreadable(say(f"its content type is {_plain(kind)}, not plain JSON", f"son type est {_plain(kind)}"))
    raw = _inflate(raw, request.headers.get("content-encoding", "identity").strip().lower())
    try:
        return parse(raw) if is_json else parse_form(raw, content_type)
    except ValueError as error:
        problem = say("it is not JSON", "ce n'est pas du JSON") if is_json else str(error)
    raise _unreadable(problem)


def _plain(word: str) -> str:
    return word if word in _UNREAD else "?"


def _inflate(raw: bytes, coding: str) -> bytes:
    if coding in ("", "identity"):
        return raw
    if coding in ("gzip", "x-gzip", "deflate"):
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            plain = inflater.decompress(raw, _MAX_INFLATED)
        except zlib.error:
            plain = b""
        if plain and inflater.eof and not inflater.unused_data:
            return plain
    raise _unreadable(say(f"it is encoded ({_plain(coding)})", f"il est encodé ({_plain(coding)})"))


def _unreadable(why: str) -> Ungoverned:
    return Ungoverned(
        say(f"the request's body cannot be looked into: {why}", f"le corps de la requête est illisible : {why}"),
        todo=say("send plain JSON, or a plain form", "envoyez du JSON simple, ou un formulaire simple"),
    )


def _view(wire: WireFormat, operation: Operation, body: Any) -> RequestView:
    if not body and operation in _ASKING:
        return RequestView(model=None, stream=False, slots=[])
    if operation in _ASKING and operation is not Operation.TRACK:
        raise _unreadable(say("this endpoint takes none", "ce point d'accès n'en prend pas"))
    try:
        return wire.read_request(body)
    except ValueError as error:
        problem = str(error)
    raise _unreadable(problem)
