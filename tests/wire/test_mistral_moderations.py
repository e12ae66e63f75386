"""Moderation and classification: every text and message that leaves is seen."""

from __future__ import annotations

from typing import Any

import pytest

from govai.core.exchange import Operation, SlotKind
from govai.wire.formats import endpoint_of
from govai.wire.mistral_moderations import MistralModerations

WIRE = MistralModerations()
ANA = {"role": "user", "content": "Ana"}
ZOE = {"role": "assistant", "content": [{"type": "text", "text": "Zoé"}]}


@pytest.mark.parametrize(("given", "texts"), [
    ("Ana", [("Ana", 0)]), (["Ana", "Zoé"], [("Ana", 0), ("Zoé", 1)]), ([ANA, ZOE], [("Ana", 0), ("Zoé", 1)]), ([[ANA], [ZOE]], [("Ana", 0), ("Zoé", 1)]),
    ({"messages": [ANA, ZOE]}, [("Ana", 0), ("Zoé", 1)]), ([{"messages": [ANA]}, {"messages": [ZOE]}], [("Ana", 0), ("Zoé", 1)]),
])
def test_each_text_and_message_is_seen(given: Any, texts: list) -> None:
    view = WIRE.read_request({"model": "mistral-moderation-latest", "input": given})
    assert [(slot.text, slot.message) for slot in view.slots if slot.kind is SlotKind.TEXT] == texts
    assert [slot for slot in view.slots if slot.kind is SlotKind.KEY] == []
    assert (view.model, view.opaque) == ("mistral-moderation-latest", [])


def test_what_is_not_text_is_opaque() -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": "https://exemple.fr/zoe.png"}]}
    assert WIRE.read_request({"input": [image]}).opaque == [("image", "input[0].content[0]")]
    assert WIRE.read_request({"input": 5}).opaque == [("tokens", "input")]


@pytest.mark.parametrize("body", [None, [], "Zoé", {}, {"inputs": "Zoé"}])
def test_what_has_no_input_is_refused_without_repeating_it(body: Any) -> None:
    with pytest.raises(ValueError, match="^it has no input$"):
        WIRE.read_request(body)


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = "Zoé"
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deep"):
        WIRE.read_request({"input": deep})


@pytest.mark.parametrize("path", ["/v1/moderations", "/v1/chat/moderations", "/v1/classifications", "/v1/chat/classifications"])
def test_where_they_are_asked_for(path: str) -> None:
    found = endpoint_of("mistral", "POST", path)
    assert found is not None and (found[0].name, found[1].operation) == (WIRE.name, Operation.COUNT)
    assert endpoint_of("mistral", "GET", path) is None
