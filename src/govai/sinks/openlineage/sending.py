"""Send events through openlineage-python's own transports. It is given finished events, and imports the client only when used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from govai.core.errors import ConfigError, SinkRefused, SinkUnavailable
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.sinks.openlineage.facets import Event

ENDPOINT = "api/v1/lineage"  # where Marquez, and what imitates it, listens
# The ledger's feed waits and offers again, longer than any client would: waiting twice would only hide how a receiver is.
_ONCE = {"total": 0, "connect": 0, "read": 0, "status_forcelist": [], "allowed_methods": ["POST"]}
_NEVER = frozenset({400, 413, 415, 422})  # of the event's own making


class Receiver(Protocol):
    """Where events go. `send` returns once they are taken, else raises SinkUnavailable."""

    def send(self, event: Event) -> None:
        """Hand one event over."""
        ...

    def settle(self) -> None:
        """Make sure that what was handed over stays."""
        ...

    def close(self, timeout: float) -> None:
        """Release what is held."""
        ...


class Http:
    """A receiver over HTTP: one POST for each event; anything but 2xx is a failure, a redirect too."""

    def __init__(self, url: str, api_key: str, timeout: float) -> None:
        import requests
        from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

        parts = urlsplit(url)
        session = requests.Session()
        session.max_redirects = 0  # followed, a POST becomes a GET, which loses the event and looks well
        config = HttpConfig(
            url=f"{parts.scheme}://{parts.netloc}",
            endpoint=parts.path.lstrip("/") or ENDPOINT,
            timeout=timeout,
            auth=ApiKeyTokenProvider({"api_key": api_key}) if api_key else TokenProvider({}),
            session=session,
            retry=_ONCE,
        )
        self._transport, self._host = HttpTransport(config), parts.netloc

    def send(self, event: Event) -> None:
        """POST an event; an error names the status or the kind of failure, and no content.

        Raises:
            SinkRefused: what was sent is wrong in its eyes, and always will be. SinkUnavailable: anything else.
        """
        try:
            self._transport.emit(cast("Any", event))
        except OSError as error:  # what requests raises
            answer = getattr(error, "response", None)
            status = None if answer is None else int(answer.status_code)
            how = type(error).__name__ if status is None else f"HTTP {status}"
            kind = SinkRefused if status in _NEVER else SinkUnavailable
            what = say(f"the OpenLineage receiver: {how}", f"récepteur OpenLineage : {how}")
            raise kind(what, status=status, where=self._host) from None

    def settle(self) -> None:
        """It answered: the event is its own now."""

    def close(self, timeout: float) -> None:
        """Close the connections."""
        self._transport.close(timeout)


class File:
    """JSON lines in a file (created with mode 0600), on disk before the cursor moves."""

    def __init__(self, path: Path) -> None:
        from openlineage.client.transport.file import FileConfig, FileTransport

        self._path = path
        self._transport = FileTransport(FileConfig(log_file_path=str(path), append=True))

    def send(self, event: Event) -> None:
        """Append a line; raises SinkUnavailable."""
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
            self._transport.emit(cast("Any", event))
        except (OSError, RuntimeError) as error:  # the latter is how the client says that it could not write
            raise self._lost(error) from None

    def settle(self) -> None:
        """Return once what was written is on disk."""
        if not self._path.exists():
            return
        try:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise self._lost(error) from None

    def close(self, timeout: float) -> None:
        """Nothing is held open."""

    def _lost(self, error: Exception) -> SinkUnavailable:
        how = type(error.__cause__ or error).__name__
        return SinkUnavailable(say(f"cannot write: {how}", f"écriture impossible : {how}"), where=str(self._path))


class Configured:
    """What the standard client's own configuration says: $OPENLINEAGE_URL, `openlineage.yml`, …, its filters included.

    Raises:
        ConfigError: nothing is configured, or a transport that cannot say whether an event arrived.
    """

    def __init__(self) -> None:
        from openlineage.client import OpenLineageClient

        where = "$OPENLINEAGE_URL, openlineage.yml"
        try:
            self._client = OpenLineageClient()
            transport = self._client.config.transport or {}
        except Exception as error:  # noqa: BLE001 -- whatever its configuration does; its words may hold a key
            raise ConfigError(
                say(
                    f"the OpenLineage client refuses its configuration ({type(error).__name__})",
                    f"le client OpenLineage refuse sa configuration ({type(error).__name__})",
                ),
                where=where,
            ) from None
        kind = self._client.transport.kind or ""
        if kind == "console" and transport.get("type") != "console":
            raise ConfigError(
                say("no OpenLineage receiver is configured", "aucun récepteur OpenLineage n'est configuré"),
                where=where,
                todo="openlineage:http://127.0.0.1:5000, openlineage:/path/lineage.jsonl",
            )
        if kind == "async_http":
            raise ConfigError(
                say(
                    "the transport 'async_http' does not tell whether an event arrived",
                    "le transport « async_http » ne dit pas si un événement est arrivé",
                ),
                where=where,
                todo=say("use 'http': nobody waits for a sink", "prenez « http » : personne n'attend une destination"),
            )

    def send(self, event: Event) -> None:
        """Hand an event to the configured transport, unless a configured filter keeps it."""
        typed = _typed(event)
        if self._client.filter_event(typed) is None:
            return
        try:
            self._client.transport.emit(typed)
        except Exception as error:  # noqa: BLE001 -- each transport raises its own library's, whose words may hold anything
            what = f"OpenLineage {self._client.transport.kind}: {type(error).__name__}"
            raise SinkUnavailable(what) from None

    def settle(self) -> None:
        """The transport took it."""

    def close(self, timeout: float) -> None:
        """Close the transport."""
        self._client.close(timeout)


def receiver(place: str, api_key: str, timeout: float) -> Receiver:
    """Return where a sink's place leads: a URL, a file, or "" for what the standard client is configured with."""
    if not place:
        return Configured()
    if urlsplit(place).scheme in ("http", "https"):
        return Http(place, api_key, timeout)
    return File(path_of(place))


def path_of(place: str) -> Path:
    """Return the file that `file:///path` or a path names."""
    parts = urlsplit(place)
    if parts.scheme != "file":
        return Path(place)
    from urllib.request import url2pathname

    return Path(url2pathname(parts.path))


def _typed(event: Event) -> Any:
    """Return an event as the client's own class: some transports look into it."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

    def datasets(kind: Any, found: Sequence[dict[str, Any]]) -> list[Any]:
        return [kind(**one) for one in found]

    return RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=RunState(event["eventType"]),
        run=Run(**event["run"]),
        job=Job(**event["job"]),
        inputs=datasets(InputDataset, event["inputs"]),
        outputs=datasets(OutputDataset, event["outputs"]),
    )
