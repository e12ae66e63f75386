"""Google's embeddings: one content, a batch of them, or Vertex AI's instances. Each text is a group of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation, ReplyView, RequestView
from govai.wire.google_contents import GoogleWalk
from govai.wire.google_paths import name_with, paths
from govai.wire.google_spelling import both, inside, items, several
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_EMBEDDING = name_with(r"[^/:]*embedding")  # what else `predict` does is not known
_OF_WHAT = ("requests", "content", "contents", "instances")


class GoogleEmbeddings:
    """POST …/models/M:embedContent, :batchEmbedContents; :predict of Vertex AI's embedding models."""

    name = "google_embeddings"
    like = "google"
    endpoints = (
        *(Endpoint("POST", path, Operation.EMBED) for path in paths("embedContent")),
        *(Endpoint("POST", path, Operation.EMBED) for path in paths("batchEmbedContents")),
        *(Endpoint("POST", path, Operation.EMBED) for path in paths("predict", _EMBEDDING)),
    )
    request_id_headers: tuple[str, ...] = ()

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        if not any(name in body for name in _OF_WHAT):
            raise ValueError("it has nothing to embed")
        walk = _EmbeddingWalk()
        walk.fields((), body, _TOP)
        return walk.view({}, [])

    def read_reply(self, body: Any) -> ReplyView:  # noqa: ARG002 -- vectors hold no text
        """Return that the answer holds no text."""
        return ReplyView([])

    def read_event(self, event: Any) -> ReplyView:
        """Return that an event holds no text: there are none."""
        return self.read_reply(event)


class _EmbeddingWalk(GoogleWalk):
    __slots__ = ()

    def next_content(self, path: Path, content: Any) -> None:
        self.message += 1
        self.content(path, content)

    def next_contents(self, path: Path, contents: Any) -> None:
        for here, content in items(path, contents):
            self.next_content(here, content)

    def instances(self, path: Path, instances: Any) -> None:
        for here, instance in items(path, instances):
            self.message += 1
            self.fields(here, instance, _INSTANCE)


_SETTINGS: Table = {
    **dict.fromkeys("taskType autoTruncate documentOcr audioTrackExtraction mimeType".split(), Walk.word),
    **dict.fromkeys(("outputDimensionality", "dimension"), Walk.number),
    "title": Walk.data,
}
_REQUEST: Table = both(
    {
        **_SETTINGS,
        "model": Walk.model,
        "content": _EmbeddingWalk.next_content,
        "embedContentConfig": inside(_SETTINGS),
    }
)
_INSTANCE: Table = both(
    {
        **_SETTINGS,
        **dict.fromkeys(("content", "text"), Walk.prose),
        **dict.fromkeys(("image", "video"), GoogleWalk.media),
    }
)
_TOP: Table = both(
    {
        **_REQUEST,
        "contents": _EmbeddingWalk.next_contents,
        "requests": several(_REQUEST),
        "instances": _EmbeddingWalk.instances,
        "parameters": inside(_SETTINGS),
        "labels": Walk.data,
    }
)
