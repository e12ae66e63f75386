"""Edits and variations of pictures: what a form says beside the pictures, and what comes back beside them."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from openai.types import image_create_variation_params, image_edit_params

from govai.core.exchange import Part, SlotKind, Usage
from govai.wire.multipart import Form
from govai.wire.openai_image_edits import OpenAIImageEdits

WIRE = OpenAIImageEdits()
PICTURE = {"filename": "zoé.png", "type": "image/png", "bytes": b"\x89PNG"}


def form(*parts: dict[str, Any], **fields: str) -> Form:
    return Form([{"name": name, "value": value} for name, value in fields.items()] + list(parts))


def test_a_form_with_pictures() -> None:
    view = WIRE.read_request(form({**PICTURE, "name": "image[]"}, {**PICTURE, "name": "image[]"}, {**PICTURE, "name": "mask"}, model="gpt-image-1", prompt="Portrait de Zoé", user="ana", n="2", stream="true"))
    assert [slot.text for slot in view.slots if slot.kind is SlotKind.TEXT] == ["Portrait de Zoé", "ana", "zoé.png", "zoé.png", "zoé.png"]
    assert view.opaque == [("image", "image"), ("image", "image"), ("image", "mask")]
    assert (view.model, view.stream) == ("gpt-image-1", True)


def test_the_sdk_has_no_field_that_this_format_does_not_know() -> None:
    names = {*get_type_hints(image_edit_params.ImageEditParamsBase), *get_type_hints(image_create_variation_params.ImageCreateVariationParams), "stream"}
    view = WIRE.read_request(form(**dict.fromkeys(names - {"image", "mask", "markup"}, "x")))
    assert [slot for slot in view.slots if slot.path[-1] == "name"] == []


def test_what_comes_back_beside_the_pictures() -> None:
    view = WIRE.read_reply({"created": 1, "data": [{"b64_json": "AAAA"}, {"url": "https://exemple.fr", "revised_prompt": "Zoé"}, None], "usage": {"input_tokens": 3, "output_tokens": 4}})
    assert [(slot.path, slot.text, slot.channel.part) for slot in view.slots] == [(("data", 1, "revised_prompt"), "Zoé", Part.REFUSAL)]
    assert view.usage == Usage(3, 4)
    assert [WIRE.read_event({"type": kind, "b64_json": "AAAA"}).terminal for kind in ("image_edit.partial_image", "image_edit.completed")] == [False, True]


@pytest.mark.parametrize("body", [None, [], "Zoé", {"prompt": "Zoé"}])
def test_what_is_no_form_is_refused_without_repeating_it(body: Any) -> None:
    with pytest.raises(ValueError, match="^it is not a form$"):
        WIRE.read_request(body)
