"""What a request says, the same for ASGI and WSGI: what callables for purpose, actor and subject read. It knows no framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Headers(Mapping[str, str]):
    """Headers by name, in any case. A name sent twice gives both values, joined by a comma (RFC 9110, section 5.3)."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            known = self._values.get(name.lower())
            self._values[name.lower()] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Connection:
    """A request or a websocket, as it was opened.

    Attributes:
        method: "" for a websocket. path: decoded. headers: by name, in any case. query: the last value of each name.
        user: what an authenticator inside the server put there (ASGI `scope["user"]`, WSGI `REMOTE_USER`), else None.
        state: ASGI `scope["state"]`, else empty. scope: the ASGI scope or the WSGI environ itself.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    user: Any = field(repr=False)
    state: Any = field(repr=False)
    scope: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of_asgi(cls, scope: Mapping[str, Any]) -> Connection:
        """Return the view of an ASGI scope."""
        return cls(
            method=scope.get("method", ""),
            path=scope.get("path", ""),
            headers=Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
            query=_query(scope.get("query_string", b"").decode("latin-1")),
            user=scope.get("user"),
            state=scope.get("state", {}),
            scope=scope,
        )

    @classmethod
    def of_wsgi(cls, environ: Mapping[str, Any]) -> Connection:
        """Return the view of a WSGI environ (PEP 3333)."""
        named = ((name.removeprefix("HTTP_"), name) for name in environ if name.startswith("HTTP_"))
        own = ((name, name) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name))
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return cls(
            method=environ.get("REQUEST_METHOD", ""),
            path=path.encode("latin-1").decode("utf-8", "replace"),
            headers=Headers((header.replace("_", "-"), environ[name]) for header, name in (*named, *own)),
            query=_query(environ.get("QUERY_STRING", "")),
            user=environ.get("REMOTE_USER"),
            state={},
            scope=environ,
        )


def _query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
