"""The provider of a test: it answers every wire format as scripted, in process or on a local port, and keeps what arrived."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from govai.core.lang import say
from govai.testing.answering import Answer, Scripted, resolve
from govai.testing.leaks import assert_never_saw
from govai.testing.replying import KEPT, WIRES, Sent, fetched, own, refused, sent, wire_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    import httpx2

    from govai.testing.arriving import Request
    from govai.testing.serving import Server


class Provider:
    """Answers OpenAI, Anthropic, Mistral and Google requests without a network; unscripted, it says what the user said last.

    Safe between threads and tasks. A context manager: leaving it stops its local server.

    Args:
        chunk: characters in each piece of a stream; few, so that placeholders come cut.
        hosts: more hosts to answer for when installed, and the wire each speaks: `{"ai.example.org": "openai"}`.
        keep: how many requests to keep, the newest; None: all.
    """

    def __init__(self, *, chunk: int = 8, hosts: Mapping[str, str] | None = None, keep: int | None = None) -> None:
        if chunk < 1:
            raise ValueError("chunk counts the characters of a piece: 1 or more")
        self.chunk = chunk
        self._hosts: dict[str, tuple[str, ...]] = {}
        for host, like in (hosts or {}).items():
            self.answer_for(host, like)
        self._arrived: deque[Request] = deque(maxlen=keep)
        self._count = 0
        self._next: deque[Scripted] = deque()
        self._standing: Scripted | None = None
        self._responses: dict[int, tuple[Request, Answer]] = {}
        self._lock = threading.Lock()
        self._server: Server | None = None

    def __repr__(self) -> str:
        return f"<govai.testing.Provider {self._count} requests, {len(self._next)} answers left>"

    # Scripting

    def answer(self, *answers: Scripted) -> Self:
        """Script the next answers: each request takes one, in order; then the standing answer holds again.

        Args:
            answers: a text, an Answer, or a function of the Request that returns one.
        """
        self._check(answers)
        with self._lock:
            self._next.extend(answers)
        return self

    def always(self, answer: Scripted) -> Self:
        """Script the answer that holds whenever no next one is scripted; by default the provider echoes."""
        self._check((answer,))
        with self._lock:
            self._standing = answer
        return self

    def reset(self) -> Self:
        """Forget all answers and requests."""
        with self._lock:
            self._next.clear()
            self._arrived.clear()
            self._responses.clear()
            self._standing, self._count = None, 0
        return self

    def answer_for(self, host: str, like: str) -> None:
        """Answer for one more host when installed, in the wire of a family; a host may speak several.

        Args:
            host: with its port, if it has one. like: `openai`, `anthropic`, `mistral` or `google`.
        """
        if like not in WIRES:
            raise ValueError(f"'{like}' is none of {', '.join(WIRES)}")
        known = self._hosts.get(host.lower(), ())
        self._hosts[host.lower()] = (*(name for name in known if name != like), like)

    # What arrived

    @property
    def requests(self) -> list[Request]:
        """What arrived, oldest first."""
        with self._lock:
            return list(self._arrived)

    @property
    def last(self) -> Request:
        """What arrived last; AssertionError when nothing did."""
        __tracebackhide__ = True
        if not (arrived := self.requests):
            raise AssertionError(say("nothing arrived at the provider", "rien n'est arrivé chez le fournisseur"))
        return arrived[-1]

    def assert_never_saw(self, *values: str) -> None:
        """Assert that no value arrived in any request: in body, keys, path, query or headers, plain, escaped or in base64.

        The error says where, never what. Upper case and Unicode forms make no difference.

        Raises:
            AssertionError: one arrived, or requests were not kept. ValueError: a value is empty.
        """
        __tracebackhide__ = True
        assert_never_saw(self.requests, self._count, values)

    # Plugging in

    def http_client(self, **options: Any) -> httpx2.Client:
        """Return an `httpx2.Client` that this provider answers: `OpenAI(http_client=provider.http_client(), api_key="test")`.

        Args:
            options: of `httpx2.Client`.
        """
        import httpx2

        from govai.testing.transports import transport

        return httpx2.Client(transport=transport(self, httpx2), **options)

    def async_http_client(self, **options: Any) -> httpx2.AsyncClient:
        """Return the asyncio twin of `http_client`."""
        import httpx2

        from govai.testing.transports import transport

        return httpx2.AsyncClient(transport=transport(self, httpx2), **options)

    def installed(self) -> AbstractContextManager[Provider]:
        """Answer, inside the `with` block, every request of this process to the providers' hosts, whoever makes it.

        Those of httpx2 and httpx are answered in process, those of aiohttp by a local server; over any other stack
        they raise RealCallForbidden. It holds for all threads; of several installed providers the latest answers.
        """
        from govai.testing.intercepting import installed

        return installed(self)

    def serve(self) -> str:
        """Start a local HTTP server, if it does not run, and return its URL, for clients that take only a URL.

        Whose wire a request speaks is seen by its path and headers; `url + "/mistral"` says it where they cannot.
        """
        from govai.testing.serving import Server

        with self._lock:
            if self._server is None:
                self._server = Server(self)
            return self._server.url

    @property
    def serving(self) -> bool:
        """Whether the local server runs."""
        return self._server is not None

    def close(self) -> None:
        """Stop the local server."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Answering

    def answers(self, host: str) -> bool:
        """Whether it answers for a host (with its port, if it has one) when installed."""
        return bool(self._likes(host))

    def reply(self, request: Request) -> Sent:
        """Answer a request; what a transport calls."""
        with self._lock:
            self._count += 1
            request = replace(request, number=self._count)
            wire = wire_of(request, self._likes(request.host))
            request = replace(request, wire=wire.name)
            self._arrived.append(request)
            route = wire.route(request)
            scripted: Scripted | None = None
            if route is not None and route.scripted:
                scripted = self._next.popleft() if self._next else self._standing
        if route is None:
            return refused(wire, request)
        if route.earlier:
            return fetched(wire, request, self._responses)
        answer = resolve(scripted, request, self.chunk)
        if request.path.endswith("/responses"):
            self._remember(request, answer)
        return sent(wire, request, answer, route.shape)

    def _remember(self, request: Request, answer: Answer) -> None:
        """Keep what a later GET of a response may ask for."""
        with self._lock:
            self._responses[request.number] = (request, answer)
            for number in list(self._responses)[:-KEPT]:
                del self._responses[number]

    def _likes(self, host: str) -> tuple[str, ...]:
        return self._hosts.get(host.lower()) or own(host)

    @staticmethod
    def _check(answers: tuple[Any, ...]) -> None:
        for one in answers:
            if not isinstance(one, (str, Answer)) and not callable(one):
                raise TypeError(
                    f"an answer is a str, an Answer or a function of the Request, not a {type(one).__name__}"
                )
