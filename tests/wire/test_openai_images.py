"""Image generation and moderations: what leaves is seen, and what the provider made of a prompt is restored."""

from __future__ import annotations

import typing
from typing import Any

import pytest

from govai.core.exchange import Channel, Part, ReplySlot, SlotKind, Usage, spell
from govai.wire.openai_images import OpenAIImages
from govai.wire.openai_moderations import OpenAIModerations

IMAGES, MODERATIONS = OpenAIImages(), OpenAIModerations()


def slots(view: Any, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def test_a_prompt_for_an_image_is_text() -> None:
    view = IMAGES.read_request({"model": "gpt-image-1", "prompt": "Zoé au bureau", "n": 2, "size": "1024x1024", "user": "qui", "stream": True, "svg": {"model": "m", "reasoning": {"effort": "low"}}})
    assert slots(view, SlotKind.TEXT) == {"prompt": "Zoé au bureau", "user": "qui"}
    assert slots(view, SlotKind.CONTROL) == {"size": "1024x1024", "svg.reasoning.effort": "low"}
    assert (view.model, view.stream, view.first_user, view.opaque) == ("gpt-image-1", True, "Zoé au bureau", [])


def test_the_sdk_has_no_parameter_that_these_formats_do_not_know() -> None:
    from openai.types.image_generate_params import ImageGenerateParamsNonStreaming, ImageGenerateParamsStreaming
    from openai.types.moderation_create_params import ModerationCreateParams

    names = {name for params in (ImageGenerateParamsNonStreaming, ImageGenerateParamsStreaming) for name in typing.get_type_hints(params)} - {"svg"}
    assert slots(IMAGES.read_request(dict.fromkeys(names)), SlotKind.KEY) == {}
    assert slots(MODERATIONS.read_request(dict.fromkeys(typing.get_type_hints(ModerationCreateParams))), SlotKind.KEY) == {}


def test_images_come_back_untouched_and_the_revised_prompt_is_beside_them() -> None:
    view = IMAGES.read_reply({"created": 1, "data": [{"b64_json": "iVBO", "revised_prompt": "Zoé, au bureau"}, {"url": "https://exemple.fr/a.png"}, None], "usage": {"input_tokens": 3, "output_tokens": 4}})
    assert view.slots == [ReplySlot(("data", 0, "revised_prompt"), "Zoé, au bureau", Channel(0, Part.REFUSAL, 0))]
    assert view.usage == Usage(3, 4)
    assert IMAGES.read_reply({"error": {"code": "moderation_blocked", "message": "Zoé"}}).error == "moderation_blocked"


def test_a_stream_of_images_ends_with_the_complete_one() -> None:
    events = [{"type": "image_generation.partial_image", "b64_json": "iV"}, {"type": "image_generation.completed", "b64_json": "iVBO", "usage": {"input_tokens": 3, "output_tokens": 4}}]
    views = [IMAGES.read_event(event) for event in events]
    assert [(view.slots, view.terminal) for view in views] == [([], False), ([], True)]
    assert IMAGES.read_event({"type": "error", "code": "server_error", "message": "Zoé"}).error == "server_error"
    assert IMAGES.read_event("[DONE]").terminal


@pytest.mark.parametrize(("given", "seen", "opaque"), [
    ("Zoé", {"Zoé"}, []), (["Zoé", "Ana"], {"Zoé", "Ana"}, []), ([{"type": "text", "text": "Zoé"}], {"Zoé"}, []),
    ([{"type": "text", "text": "Zoé"}, {"type": "image_url", "image_url": {"url": "https://exemple.fr/zoe.png"}}], {"Zoé"}, ["image"]), ([1, 2], set(), ["tokens"]),
])
def test_what_is_moderated_is_text(given: Any, seen: set[str], opaque: list[str]) -> None:
    view = MODERATIONS.read_request({"model": "omni", "input": given})
    assert set(slots(view, SlotKind.TEXT).values()) == seen
    assert [name for name, _ in view.opaque] == opaque
    assert MODERATIONS.read_reply({"results": [{"flagged": False}]}).slots == []


@pytest.mark.parametrize("wire", [IMAGES, MODERATIONS], ids=lambda wire: wire.name)
@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_no_object_is_refused_without_repeating_it(wire: Any, body: Any) -> None:
    for reader in (wire.read_request, wire.read_reply, wire.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)
