"""Legacy completions: what each place of a request is, and where answers and their events hold text."""

from __future__ import annotations

from typing import Any

import pytest

from govai.core.exchange import Channel, Part, ReplySlot, SlotKind, Usage, spell
from govai.wire.openai_completions import OpenAICompletions

WIRE = OpenAICompletions()


def read(prompt: Any, **extra: Any) -> Any:
    return WIRE.read_request({"model": "m", "prompt": prompt, **extra})


def slots(view: Any, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


@pytest.mark.parametrize(("prompt", "seen", "first"), [("Zoé", {"prompt": "Zoé"}, "Zoé"), (["Zoé", "Ana"], {"prompt[0]": "Zoé", "prompt[1]": "Ana"}, "Zoé\nAna")])
def test_prompts_are_text(prompt: Any, seen: dict[str, str], first: str) -> None:
    view = read(prompt, suffix="fin", user="qui", stop=["FIN"], max_tokens=5, stream=True, echo=True, logit_bias={"50256": -100})
    assert slots(view, SlotKind.TEXT) == {**seen, "suffix": "fin", "user": "qui", "stop[0]": "FIN"}
    assert {slot.message for slot in view.slots if slot.path[0] in ("prompt", "suffix")} == {0}
    assert (view.model, view.stream, view.first_user, view.opaque, slots(view, SlotKind.KEY)) == ("m", True, first, [], {})


@pytest.mark.parametrize("prompt", [[1, 2, 3], [[1, 2], [3]], ["Zoé", 4], 5])
def test_token_ids_are_opaque(prompt: Any) -> None:
    assert [name for name, _ in read(prompt).opaque] == ["tokens"]


def test_the_sdk_has_no_parameter_that_this_format_does_not_know() -> None:
    from openai.types.completion_create_params import CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming

    names = {*CompletionCreateParamsStreaming.__annotations__, *CompletionCreateParamsNonStreaming.__annotations__, "best_of", "suffix", "logprobs"} - {"prompt", "model"}
    assert slots(read("x", **dict.fromkeys(names)), SlotKind.KEY) == {}


def test_an_answer_and_its_events() -> None:
    body = {"id": "cmpl-1", "model": "m-1", "choices": [{"index": 1, "text": "Ana", "finish_reason": "length"}, {"index": 0, "text": "Zoé", "finish_reason": "stop", "logprobs": None}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    view = WIRE.read_reply(body)
    assert view.slots == [ReplySlot(("choices", 0, "text"), "Ana", Channel(1, Part.TEXT)), ReplySlot(("choices", 1, "text"), "Zoé", Channel(0, Part.TEXT))]
    assert (view.id, view.model, view.finish_reason, view.usage, view.terminal) == ("cmpl-1", "m-1", "stop", Usage(3, 4), False)
    piece = WIRE.read_event({"choices": [{"index": 0, "text": "Zo", "finish_reason": None}]})
    assert piece.slots == [ReplySlot(("choices", 0, "text"), "Zo", Channel(0, Part.TEXT), whole=False)]
    assert WIRE.read_event("[DONE]").terminal
    assert WIRE.read_event({"error": {"code": "server_error", "message": "Zoé"}}).error == "server_error"


@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_request, WIRE.read_reply, WIRE.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


@pytest.mark.parametrize("body", [{}, {"choices": 3}, {"choices": [None, {}, {"text": 3, "index": "x"}]}])
def test_an_answer_of_a_strange_shape_holds_no_text(body: dict[str, Any]) -> None:
    assert WIRE.read_reply(body).slots == []
