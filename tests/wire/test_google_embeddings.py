"""Embeddings and image prompts: each text is seen in a group of its own, in every shape there is."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from govai.core.exchange import Part, RequestView, SlotKind, spell
from govai.wire.google_embeddings import GoogleEmbeddings
from govai.wire.google_images import GoogleImages

EMBED, IMAGES = GoogleEmbeddings(), GoogleImages()
BLOB = base64.b64encode(b"\x89PNG and so on, for as long as it takes to be an image").decode()


def texts(view: RequestView) -> list[tuple[str, str, int]]:
    return [(spell(slot.path), slot.text, slot.message) for slot in view.slots if slot.kind is SlotKind.TEXT]


def kinds(view: RequestView, kind: SlotKind) -> list[str]:
    return [slot.text for slot in view.slots if slot.kind is kind]


def test_one_content_a_batch_and_instances() -> None:
    one = EMBED.read_request({"content": {"parts": [{"text": "Zoé"}, {"text": "Ana"}]}, "taskType": "RETRIEVAL_QUERY", "embedContentConfig": {"outputDimensionality": 768, "autoTruncate": True}})
    assert texts(one) == [("content.parts[0].text", "Zoé", 0), ("content.parts[1].text", "Ana", 0)]
    batch = EMBED.read_request({"requests": [{"model": "models/e", "content": {"parts": [{"text": text}]}, "title": "t", "task_type": "X"} for text in ("Zoé", "Ana")]})
    assert texts(batch) == [("requests[0].content.parts[0].text", "Zoé", 0), ("requests[0].title", "t", 0), ("requests[1].content.parts[0].text", "Ana", 1), ("requests[1].title", "t", 1)]
    assert kinds(batch, SlotKind.MODEL) == ["models/e"] * 2
    some = EMBED.read_request({"instances": [{"content": "Zoé", "task_type": "X", "title": "t"}, {"content": "Ana"}], "parameters": {"autoTruncate": False, "outputDimensionality": 9}})
    assert texts(some) == [("instances[0].content", "Zoé", 0), ("instances[0].title", "t", 0), ("instances[1].content", "Ana", 1)]
    for view in (one, batch, some):
        assert (kinds(view, SlotKind.KEY), view.opaque, view.model, view.stream) == ([], [], None, False)


@pytest.mark.parametrize(("body", "opaque", "references"), [
    ({"content": {"parts": [{"inline_data": {"mime_type": "image/png", "data": BLOB}}]}}, ["image"], []), ({"instances": [{"image": {"bytesBase64Encoded": BLOB}}]}, ["image"], []),
    ({"instances": [{"video": {"gcsUri": "gs://seau/v.mp4"}}]}, ["video"], ["file_id"]), ({"instances": [{"content": [1, 2]}]}, ["tokens"], []),
])
def test_what_is_no_text_is_named(body: dict[str, Any], opaque: list[str], references: list[str]) -> None:
    view = EMBED.read_request(body)
    assert [name for name, _place in view.opaque] == opaque
    assert [name for name, _place in view.references] == references


@pytest.mark.parametrize("body", [None, [], "Zoé", {}, {"prompt": "Zoé"}])
def test_what_is_no_request_is_refused(body: Any) -> None:
    for wire in (EMBED, IMAGES):
        with pytest.raises(ValueError, match=r"^(it is not an object|it has nothing to embed|it has no instances)$"):
            wire.read_request(body)


def test_vectors_hold_no_text() -> None:
    assert EMBED.read_reply({"embeddings": [{"values": [0.1]}]}).slots == EMBED.read_event({}).slots == []


def test_an_image_prompt() -> None:
    view = IMAGES.read_request({
        "instances": [{"prompt": "Zoé à Lyon", "referenceImages": [{"referenceId": 1, "referenceType": "REFERENCE_TYPE_SUBJECT", "referenceImage": {"bytesBase64Encoded": BLOB}, "subjectImageConfig": {"subjectDescription": "Ana"}}]}, {"prompt": "Bob"}],
        "parameters": {"sampleCount": 2, "aspectRatio": "1:1", "negativePrompt": "Léa", "outputOptions": {"mimeType": "image/png", "compressionQuality": 9}, "storageUri": "gs://seau"}, "labels": {"a": "b"},
    })
    assert [(text, group) for _place, text, group in texts(view)] == [("Zoé à Lyon", 0), ("Ana", 0), ("Bob", 1), ("Léa", -1), ("gs://seau", -1), ("b", -1)]
    assert (view.first_user, kinds(view, SlotKind.KEY)) == ("Zoé à Lyon\nBob", ["a"])
    assert [name for name, _place in view.opaque] == ["image"]
    assert [name for name, _place in view.recipients] == ["storage_uri"]


def test_the_texts_beside_images() -> None:
    view = IMAGES.read_reply({"predictions": [{"bytesBase64Encoded": BLOB, "mimeType": "image/png", "prompt": "Zoé à Lyon, le soir"}, {"raiFilteredReason": "non"}, None, {"prompt": 3}]})
    assert [(spell(s.path), s.text, s.channel.part) for s in view.slots] == [("predictions[0].prompt", "Zoé à Lyon, le soir", Part.REFUSAL), ("predictions[1].raiFilteredReason", "non", Part.REFUSAL)]
    for body in ({}, {"predictions": 3}):
        assert IMAGES.read_event(body).slots == []
    with pytest.raises(ValueError, match="^it is not an object$"):
        IMAGES.read_reply([])
