"""OpenAI's image generation: a prompt in, images back, and what the provider made of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Endpoint, Operation, Part, ReplySlot, ReplyView, Usage
from govai.wire.answers import count, error_name
from govai.wire.openai_paths import below
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView

_DONE = "image_generation.completed"


class OpenAIImages:
    """POST /v1/images/generations, also without /v1 and below Azure's prefixes."""

    name = "openai_images"
    like = "openai"
    endpoints = (Endpoint("POST", below("/images/generations"), Operation.GENERATE),)
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        walk = _ImagesWalk()
        walk.fields((), body, _TOP)
        return walk.view(body, [{"role": "user", "content": body.get("prompt")}])

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        view, images = _about(body), body.get("data")
        for at, image in enumerate(images if isinstance(images, list) else ()):
            text = image.get("revised_prompt") if isinstance(image, dict) else None
            if isinstance(text, str) and text:
                view.slots.append(ReplySlot(("data", at, "revised_prompt"), text, Channel(0, Part.REFUSAL, at)))
        return view

    def read_event(self, event: Any) -> ReplyView:
        """Return what one stream event says; it holds no text. `event` may be the str `[DONE]`."""
        if event == "[DONE]":
            return ReplyView([], terminal=True)
        if not isinstance(event, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        view = _about(event)
        view.terminal = event.get("type") == _DONE
        return view


class _ImagesWalk(OpenAIWalk):
    __slots__ = ()

    def prompt(self, path: Path, value: Any) -> None:
        self.message = 0
        self.prose(path, value)
        self.message = -1


def _about(body: dict[str, Any]) -> ReplyView:
    view, usage = ReplyView([]), body.get("usage")
    if isinstance(usage, dict):
        view.usage = Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens")))
    if body.get("error"):
        view.error = error_name(body["error"])
    elif body.get("type") == "error":
        view.error = error_name(body)
    return view


_TOP: Table = {
    **dict.fromkeys(
        "background complexity moderation output_format quality response_format size style".split(), Walk.word
    ),
    **dict.fromkeys(
        "stream n frame_count frame_duration_ms output_compression partial_images".split(),
        Walk.number,
    ),
    **dict.fromkeys("user safety_identifier".split(), Walk.data),
    "prompt": _ImagesWalk.prompt,
    "model": Walk.model,
    "svg": lambda walk, path, value: walk.fields(path, value, {"model": Walk.model, "reasoning": Walk.settings}),
}
