"""Embeddings: what leaves text by text, and that only numbers come back."""

from __future__ import annotations

from typing import Any

import pytest

from govai.core.exchange import RequestView, SlotKind, Usage, spell
from govai.wire.embeddings import MistralEmbeddings, OpenAIEmbeddings
from govai.wire.formats import endpoint_of

WIRES = [OpenAIEmbeddings(), MistralEmbeddings()]


def texts(view: RequestView) -> dict[str, tuple[str, int]]:
    return {spell(slot.path): (slot.text, slot.message) for slot in view.slots if slot.kind is SlotKind.TEXT}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("given", "found"), [
    ("Zoé", {"input": ("Zoé", 0)}), (["Zoé", "Ana"], {"input[0]": ("Zoé", 0), "input[1]": ("Ana", 1)}), ([], {}), (None, {}),
])
def test_each_text_is_looked_at_by_itself(wire: OpenAIEmbeddings, given: Any, found: dict) -> None:
    view = wire.read_request({"model": "m", "input": given, "encoding_format": "base64", "dimensions": 256, "output_dimension": 8, "output_dtype": "float"})
    assert texts(view) == found
    assert (view.model, view.stream, view.first_user, view.opaque) == ("m", False, "", [] if given != [] else [("tokens", "input")])


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("given", [[1, 2], [[1, 2], [3]], 5, {"a": "Zoé"}, ["Zoé", [1, 2]]])
def test_token_ids_are_opaque(wire: OpenAIEmbeddings, given: Any) -> None:
    assert [name for name, _place in wire.read_request({"model": "m", "input": given}).opaque] == ["tokens"]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("body", [None, [], "Zoé", {}, {"messages": []}, {"inputs": "Zoé"}])
def test_what_has_no_input_is_refused_without_repeating_it(wire: OpenAIEmbeddings, body: Any) -> None:
    with pytest.raises(ValueError, match="^it has no input$"):
        wire.read_request(body)


def test_what_stands_beside_the_input_is_seen() -> None:
    view = WIRES[0].read_request({"model": "m", "input": "x", "user": "zoe", "metadata": {"de": "Ana"}, "autre": "Léo"})
    assert texts(view) == {"input": ("x", 0), "user": ("zoe", -1), "metadata.de": ("Ana", -1), "autre": ("Léo", -1)}
    assert [slot.text for slot in view.slots if slot.kind is SlotKind.KEY] == ["de", "autre"]


@pytest.mark.parametrize("embedding", [[0.25, -1.0], "AAAAPw=="])
def test_an_answer_gives_usage_and_model_and_no_text(embedding: Any) -> None:
    view = WIRES[0].read_reply({"object": "list", "model": "m-1", "data": [{"index": 0, "embedding": embedding}], "usage": {"prompt_tokens": 5, "total_tokens": 5}})
    assert (view.slots, view.model, view.usage) == ([], "m-1", Usage(5, None))


@pytest.mark.parametrize(("like", "path"), [
    ("openai", "/v1/embeddings"), ("openai", "/embeddings"), ("openai", "/openai/deployments/ada/embeddings"), ("mistral", "/v1/embeddings"),
])
def test_where_they_are_asked_for(like: str, path: str) -> None:
    found = endpoint_of(like, "POST", path)
    assert found is not None and found[0].name == like + "_embeddings"
    assert endpoint_of(like, "GET", path) is None
    assert endpoint_of(like, "POST", path + "/x") is None


def test_the_sdks_have_no_parameter_that_these_formats_do_not_know() -> None:
    from mistralai.client.models import EmbeddingRequest
    from openai.types.embedding_create_params import EmbeddingCreateParams

    mistral = {field.alias or name for name, field in EmbeddingRequest.model_fields.items()}
    for wire, names in zip(WIRES, (set(EmbeddingCreateParams.__annotations__), mistral), strict=True):
        view = wire.read_request(dict.fromkeys(names))
        assert [slot for slot in view.slots if slot.kind is SlotKind.KEY] == []
