"""From a request and its scripted answer to what goes back: whose wire it is, which endpoint, how the bytes look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from govai.policy.registry import HOSTS
from govai.testing.answering import Answer
from govai.testing.anthropic_wire import ANTHROPIC
from govai.testing.google_wire import GOOGLE
from govai.testing.mistral_wire import MISTRAL
from govai.testing.openai_wire import OPENAI
from govai.testing.responses_wire import CANCEL, cancelled, number_of, whole
from govai.testing.wires import Events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.testing.arriving import Request
    from govai.testing.wires import Shaper, Wire

WIRES = {wire.name: wire for wire in (OPENAI, ANTHROPIC, MISTRAL, GOOGLE)}
_OWN = {host: like for like, host in HOSTS.items()}
_ENDS = {"aiplatform.googleapis.com": ("google", "anthropic", "mistral"), ".openai.azure.com": ("openai",)}
_HEADERS = {"anthropic-version": "anthropic", "x-goog-api-key": "google"}

KEPT = 100  # responses that a later GET may ask for


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes back: the bytes in pieces, then the end, or a broken connection where `cut`. `delay`: seconds before."""

    status: int
    headers: Mapping[str, str]
    pieces: list[bytes] = field(repr=False)
    delay: float = 0.0
    cut: bool = False


def own(host: str) -> tuple[str, ...]:
    """Return the families that a provider's own host speaks, none for any other host."""
    host = host.lower()
    if host in _OWN:
        return (_OWN[host],)
    return next((likes for end, likes in _ENDS.items() if host.endswith(end)), ())


def wire_of(request: Request, likes: Sequence[str]) -> Wire:
    """Return whose wire a request speaks. `likes`: the families its host is known for, any when empty."""
    named = request.path.split("/")[1:2]
    if named and named[0] in WIRES:
        return WIRES[named[0]]
    likes = likes or tuple(WIRES)
    hinted = [like for header, like in _HEADERS.items() if header in request.headers]
    if "mistral" in request.headers.get("user-agent", ""):
        hinted.append("mistral")
    wires = [WIRES[like] for like in (*(like for like in hinted if like in likes), *likes)]
    return next((wire for wire in wires if wire.route(request)), wires[0])


def sent(wire: Wire, request: Request, answer: Answer, shape: Shaper) -> Sent:
    """Return what goes back for an answer."""
    headers = {"content-type": "application/json", wire.id_header: f"req_{request.number}"}
    status = answer.status
    if answer.body is not None:
        pieces = [answer.body]
    elif answer.failed and not (answer.late and request.stream):
        pieces = [orjson.dumps(wire.error(status, answer.error))]
    else:
        shaped = shape(request, answer)
        pieces = shaped.encoded() if isinstance(shaped, Events) else [orjson.dumps(shaped)]
        if isinstance(shaped, Events):
            headers["content-type"] = "text/event-stream; charset=utf-8"
        if answer.failed:
            pieces = [*_half(pieces), *wire.late_error(status, answer.error).encoded()]
            status = 200
    headers |= {name.lower(): value for name, value in answer.headers.items()}
    return Sent(status, headers, _half(pieces) if answer.cut else pieces, answer.delay or 0.0, answer.cut)


def refused(wire: Wire, request: Request) -> Sent:
    """Return the 404 of an endpoint that nobody here knows; it says which are known."""
    known = ", ".join(f"{route.method} …{route.path.pattern.removesuffix('$')}" for route in wire.routes)
    return _error(wire, request, f"govai.testing answers no {request.method} {request.path}: it knows {known}")


def fetched(wire: Wire, request: Request, earlier: Mapping[int, tuple[Request, Answer]]) -> Sent:
    """Return an earlier response, or what cancelling it gives."""
    number = number_of(request)
    if number not in earlier:
        return _error(wire, request, f"no response resp_{number}: the last {KEPT} are kept")
    asked, answer = earlier[number]
    shaped = cancelled(asked, answer) if request.path.endswith(CANCEL) else whole(asked, answer)
    return sent(wire, request, Answer(), lambda _request, _answer: shaped)


def _error(wire: Wire, request: Request, message: str) -> Sent:
    return sent(wire, request, Answer(status=404, error=message), lambda _request, _answer: None)


def _half(pieces: list[bytes]) -> list[bytes]:
    return pieces[: len(pieces) // 2] if len(pieces) > 1 else [pieces[0][: len(pieces[0]) // 2]]
