"""The sink: records in, OpenLineage events out. It decides on no name, no facet and no transport itself."""

from __future__ import annotations

import os
import weakref
from importlib.util import find_spec
from types import MethodType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.sinks.openlineage.events import events_of
from govai.sinks.openlineage.naming import read_names
from govai.sinks.openlineage.sending import receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from govai.core.records import Record
    from govai.sinks.openlineage.sending import Receiver

_RECENT = 2048  # intents kept, so that most outcomes need no look-up


class OpenLineage:
    """Sends what the ledger records to an OpenLineage receiver, or writes it to a file.

    Each HTTP attempt is a run: START, then exactly one of COMPLETE, FAIL, ABORT; reviews, releases and the answers of a
    batch are OTHER events of it. (run id, event type, `govai.seq`) names an event: offered again, it is the same.

    Args:
        url: of the receiver: `http://127.0.0.1:5000` (then `/api/v1/lineage`) or with its whole path; `file:///path` or a
            path, for JSON lines; "" for what openlineage-python is configured with ($OPENLINEAGE_URL, `openlineage.yml`).
        namespace: of jobs; else $OPENLINEAGE_NAMESPACE, else `govai://default`. app: in a job's name where a record has none.
        datasets: for a source (`crm.contacts`), or all below one (`crm.*`), the dataset's URL, `*` standing for the rest
            (`postgresql://db.example/crm/public.*`), or its (namespace, name).
        answers: the dataset where answers are kept, in the same spelling. api_key: `env:NAME`. timeout: seconds for one event.

    Raises:
        ConfigError: the extra `openlineage` is not installed, the key is not there, or a URL cannot be used.
    """

    def __init__(
        self,
        url: str = "",
        *,
        namespace: str = "",
        app: str = "govai",
        datasets: Mapping[str, str | tuple[str, str]] | None = None,
        answers: str | tuple[str, str] = "",
        api_key: str = "",
        timeout: float = 5.0,
    ) -> None:
        if find_spec("openlineage") is None or find_spec("openlineage.client") is None:
            raise ConfigError(
                say("openlineage-python is not installed", "openlineage-python n'est pas installé"),
                where="sinks=",
                todo="pip install openlineage-python",
            )
        _check(url)
        space = namespace or os.environ.get("OPENLINEAGE_NAMESPACE") or "govai://default"
        self._names = read_names(space, app, datasets or {}, answers)
        self._key, self._timeout, self._url = _key(api_key), timeout, url
        self._receiver: Receiver | None = None if url else receiver(url, self._key, timeout)
        self._find: Callable[[str], Record | None] = lambda _record_id: None
        self._recent: dict[str, Record] = {}
        self._taken: set[tuple[str, str]] = set()
        self.name = f"openlineage:{url}"

    def __repr__(self) -> str:
        return f"<OpenLineage {self._url or 'as configured'}>"

    def attached(self, record: Callable[[str], Record | None]) -> None:
        """Take the ledger's look-up of a record by id: an outcome's events need its intent."""
        kept = weakref.WeakMethod(record) if isinstance(record, MethodType) else lambda: record

        def find(record_id: str) -> Record | None:
            look_up = kept()  # weakly: a ledger that nobody uses any more is not kept alive by its sinks
            return look_up(record_id) if look_up is not None else None

        self._find = find

    def emit(self, records: Sequence[Record]) -> None:
        """Send what the records give. Offered again, what the receiver took before is not sent again.

        Raises:
            SinkUnavailable: the receiver does not take them now. SinkRefused: it never will.
        """
        if self._receiver is None:
            self._receiver = receiver(self._url, self._key, self._timeout)
        for record in records:
            self._remember(record)
            for event in events_of(record, self._names, self._about):
                key = (record.id, event["eventType"])
                if key not in self._taken:
                    self._receiver.send(event)
                    self._taken.add(key)
        self._receiver.settle()
        self._taken.clear()

    def close(self, timeout: float) -> None:
        """Close the connections."""
        if self._receiver is not None:
            self._receiver.close(timeout)
            self._receiver = None if self._url else self._receiver

    def _about(self, record_id: str) -> Record | None:
        return (self._recent.get(record_id) or self._find(record_id)) if record_id else None

    def _remember(self, record: Record) -> None:
        if record.kind in ("intent", "refusal"):
            self._recent[record.id] = record
            if len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]


def _check(url: str) -> None:
    if not _usable(url):
        raise ConfigError(
            say("not a receiver that can be used", "destination inutilisable"),
            where="openlineage:",
            todo=say(
                "http(s)://host:port, file:///path or a path; the key apart: OpenLineage(url, api_key='env:NAME')",
                "http(s)://hôte:port, file:///chemin ou un chemin ; la clé à part : OpenLineage(url, api_key='env:NOM')",
            ),
        )


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        reachable = bool(parts.hostname) and parts.port != 0  # reading the port checks it
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return reachable and "@" not in parts.netloc
    return parts.netloc in ("", "localhost") and (parts.scheme == "file" or "://" not in url)


def _key(spec: str) -> str:
    if not spec:
        return ""
    kind, _, name = spec.partition(":")
    key = os.environ.get(name, "") if kind == "env" and name else ""
    if not key:
        raise ConfigError(
            say("there is no key of that name", "aucune clé de ce nom"),
            where="api_key=" + (spec if kind == "env" else "…"),
            todo="api_key='env:NAME'",
        )
    return key
