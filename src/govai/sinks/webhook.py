"""Records POSTed to a URL, signed as Standard Webhooks say. It follows no redirect and keeps no answer.

Source: https://www.standardwebhooks.com (webhook-id, webhook-timestamp, webhook-signature `v1`, HMAC-SHA256).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from govai.core.errors import ConfigError, SinkRefused, SinkUnavailable
from govai.core.lang import say
from govai.sinks.linking import Taken
from govai.sinks.options import is_guarded, need, shown, taken, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record

_TIMEOUT_S = 10.0
_KEY_BYTES = (24, 64)  # the specification's bounds
_SKIMMED = 64 * 1024  # bytes of an answer
_VARIABLE = "env:GOVAI_WEBHOOK_SECRET"
_OWN = ("secret", "batch", "name")
# Not of the body's making: an address, a key, a quota or a moment that is wrong. What the others refuse, they always will.
_LATER = frozenset({401, 402, 403, 404, 405, 407, 408, 409, 410, 421, 423, 425, 426, 429, 451})


class Webhook:
    """POSTs `{"type": "govai.records", "timestamp": …, "data": {"records": […]}}`.

    Args:
        url: `https://…` (`http://` to this machine only). secret: `env:NAME` of a variable holding one signing secret
            (`whsec_` and 24 to 64 bytes in base64), or several set apart by spaces while they are exchanged.
        batch: at most so many records a request. With 1, the webhook-id is the record's id. name: of the cursor.

    Raises:
        ConfigError: another URL, no such secret; without the package standardwebhooks.
    """

    def __init__(self, url: str, *, secret: str = _VARIABLE, batch: int = 100, name: str = "") -> None:
        _check(url)
        need("standardwebhooks", "webhook")
        self._url, self._batch = url, max(1, batch)
        self._keys = _keys(secret)
        self._client: Any = None  # made at the first request; its pool replaces connections that died of idleness
        self._taken = Taken()
        self._offered: list[str] = []  # ids of the request that had no answer: it is sent again as it was
        self.name = name or f"webhook:{shown(url)}"

    def __repr__(self) -> str:
        return f"<Webhook {shown(self._url)}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Send the records.

        Raises:
            SinkUnavailable: no connection, or an answer that says later. SinkRefused: one that says never.
        """
        left = list(self._taken.left(records))
        while left:
            count = len(self._offered) if self._repeats(left) else min(len(left), self._batch)
            some, left = left[:count], left[count:]
            self._offered = [record.id for record in some]
            self._send(some)
            self._taken.note(some)
            self._offered = []
        self._taken.done(records)

    def close(self, timeout: float) -> None:  # noqa: ARG002 -- closing sockets waits for nobody
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _repeats(self, records: list[Record]) -> bool:
        count = len(self._offered)
        return bool(count) and [record.id for record in records[:count]] == self._offered

    def _send(self, records: list[Record]) -> None:
        content = orjson.dumps(
            {
                "type": "govai.records",
                "timestamp": records[-1].time,
                "data": {"records": [record.to_json() for record in records]},
            }
        )
        headers = self._headers(message_id(records), content)
        status = self._posted(content, headers)
        if 200 <= status < 300:  # noqa: PLR2004 -- HTTP's own numbers
            return
        what = say(f"the webhook answered {status}", f"le webhook a répondu {status}")
        if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004
            raise SinkRefused(what, status=status, where=shown(self._url))
        raise SinkUnavailable(what, status=status, where=shown(self._url))

    def _posted(self, content: bytes, headers: dict[str, str]) -> int:
        """Return the status of the answer, whose body nobody reads."""
        import httpx2

        if self._client is None:
            self._client = httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        try:
            with self._client.stream("POST", self._url, content=content, headers=headers) as answer:
                _skim(answer)
                status: int = answer.status_code
                return status
        except httpx2.HTTPError as error:
            problem = type(error).__name__
        where = shown(self._url)
        raise SinkUnavailable(
            say(f"the webhook cannot be reached ({problem})", f"webhook injoignable ({problem})"), where=where
        )

    def _headers(self, message: str, content: bytes) -> dict[str, str]:
        from standardwebhooks import Webhook as Signing

        now = datetime.now(UTC)
        signatures = [Signing(key).sign(message, now, content.decode()) for key in self._keys]
        return {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def message_id(records: Sequence[Record]) -> str:
    """Return the webhook-id: the record's id, or one made of all their ids. The same records always have the same."""
    if len(records) == 1:
        return records[0].id
    ids = ",".join(record.id for record in records)
    return f"{records[0].id}+{hashlib.sha256(ids.encode()).hexdigest()[:32]}"


def _skim(answer: Any) -> None:
    """Read an answer nobody looks at, so that its connection can serve again; one that is long costs its connection."""
    size = 0
    for piece in answer.iter_raw():
        size += len(piece)
        if size > _SKIMMED:
            return


def _check(url: str) -> None:
    if is_guarded(url):
        return
    raise ConfigError(
        say("a webhook's URL begins with https://", "l'URL d'un webhook commence par https://"),
        where="sinks=",
        todo="webhook:https://host/path?secret=env:NAME",
    )


def _keys(secret: str) -> list[bytes]:
    kind, _, variable = secret.partition(":")
    texts = os.environ.get(variable, "").split() if kind == "env" else []
    keys = [_key(text) for text in texts]
    if keys and all(_KEY_BYTES[0] <= len(key) <= _KEY_BYTES[1] for key in keys):
        return keys
    make = "python -c 'import base64, secrets; print(\"whsec_\" + base64.b64encode(secrets.token_bytes(32)).decode())'"
    raise ConfigError(
        say("the webhook has no signing secret", "le webhook n'a pas de secret de signature"),
        where=secret if kind == "env" else "secret=",
        todo=say(f"secret=env:NAME; make one: {make}", f"secret=env:NOM ; créez-en un : {make}"),
    )


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix("whsec_") + "==")
    except (binascii.Error, ValueError):
        return b""


def from_string(place: str) -> Webhook:
    """Return the sink of `webhook:URL?secret=env:NAME&batch=…&name=…`; other parameters stay in the URL."""
    url, options = taken(place, _OWN)
    secret = options.get("secret", _VARIABLE)
    return Webhook(url, secret=secret, batch=whole(options, "batch", 100), name=options.get("name", ""))
