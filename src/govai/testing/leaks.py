"""Whether a value arrived anywhere in what was sent. Its error says where, never what."""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from govai.core.lang import say
from govai.testing.arriving import strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from govai.testing.arriving import Request

_SHORT = 4  # a value this short is looked for as a word: it stands inside too many others
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


def assert_never_saw(requests: Sequence[Request], count: int, values: Sequence[str]) -> None:
    """Raise AssertionError when a value stands in a request; see `Provider.assert_never_saw`."""
    __tracebackhide__ = True
    if count > len(requests):
        raise AssertionError(
            say(
                f"only {len(requests)} of {count} requests were kept: give the Provider a larger keep=",
                f"seules {len(requests)} requêtes sur {count} ont été gardées : donnez un keep= plus grand au Provider",
            )
        )
    for which, value in enumerate(values, 1):
        if not isinstance(value, str) or not value.strip():
            raise ValueError("give the values that must not arrive, as text")
        pattern = _pattern(value)
        for request in requests:
            place = next((place for place, text in _places(request) if pattern.search(_folded(text))), None)
            if place is not None:
                shown = "a key of the body" if pattern.search(_folded(place)) else place
                at = f"{request.method} {request.host}"
                raise AssertionError(
                    say(
                        f"a value that must not leave did: number {which} of {len(values)} ({len(value)} characters), "
                        f"in {shown} of request {request.number}: {at} (the value is not shown)",
                        f"une valeur qui ne doit pas partir est partie : la {which}e sur {len(values)} "
                        f"({len(value)} caractères), dans {shown} de la requête {request.number} : {at} "
                        "(la valeur n'est pas montrée)",
                    )
                )


def _pattern(value: str) -> re.Pattern[str]:
    found = re.escape(_folded(value))
    return re.compile(rf"(?<!\w){found}(?!\w)" if len(value) <= _SHORT else found)


def _places(request: Request) -> Iterator[tuple[str, str]]:
    yield "the path", unquote_plus(request.path)
    yield "the query", unquote_plus(request.query)
    for name, text in request.headers.items():
        yield f"header {name}", text
    for place, text in strings(request.json):
        yield place, text
        yield from ((f"base64 in {place}", plain) for plain in _decoded(text))
    yield "the body", request.body.decode("utf-8", "replace")
    yield "the body's strings, joined", "".join(text for place, text in strings(request.json) if "(key)" not in place)


def _decoded(text: str) -> Iterator[str]:
    for run in _BASE64.findall(text):
        padded = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8")
        except (ValueError, UnicodeDecodeError):
            continue


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
