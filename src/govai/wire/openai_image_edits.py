"""OpenAI's edits and variations of pictures: forms with a prompt, and pictures that cannot be looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Endpoint, Operation, Part, ReplySlot, ReplyView, RequestView, Usage
from govai.wire.answers import an_object, count, error_name
from govai.wire.multipart import Form, read_form
from govai.wire.openai_paths import below
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_PICTURES = {"image": "image", "mask": "image", "markup": "image"}


class OpenAIImageEdits:
    """POST /v1/images/edits, /v1/images/variations, also without /v1 and below Azure's deployments."""

    name = "openai_image_edits"
    like = "openai"
    endpoints = (Endpoint("POST", below(r"/images/(?:edits|variations)"), Operation.RENDER),)
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the form that holds text; ValueError when it is no form."""
        if not isinstance(body, Form):
            raise ValueError("it is not a form")  # noqa: TRY004 -- one error for what cannot be read
        walk = _ImageWalk()
        read_form(walk, body, _FIELDS, _PICTURES, frozenset())
        view = walk.view(body.fields(), [])
        view.stream = body.fields().get("stream", "").lower() == "true"
        return view

    def read_reply(self, body: Any) -> ReplyView:
        """Return the prompts as the provider rewrote them; pictures hold no text. ValueError when it is not an object."""
        body = an_object(body)
        usage, error, made = body.get("usage"), body.get("error"), body.get("data")
        view = ReplyView([], error=error_name(error) if error else None)
        if isinstance(usage, dict):
            view.usage = Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens")))
        for at, picture in enumerate(made if isinstance(made, list) else ()):
            text = picture.get("revised_prompt") if isinstance(picture, dict) else None
            if isinstance(text, str) and text:
                view.slots.append(ReplySlot(("data", at, "revised_prompt"), text, Channel(0, Part.REFUSAL, at)))
        return view

    def read_event(self, event: Any) -> ReplyView:
        """Return usage, and whether the picture is complete; ValueError when it is not an object."""
        view = self.read_reply(event)
        view.terminal = event.get("type") == "image_edit.completed"
        return view


class _ImageWalk(Walk):
    __slots__ = ()

    def said(self, path: Path, value: Any) -> None:
        self.message = 0
        self.prose(path, value)
        self.message = -1


_FIELDS: Table = {
    **dict.fromkeys(
        "background complexity frame_count frame_duration_ms input_fidelity n output_compression output_format "
        "partial_images quality response_format size stream svg".split(),
        Walk.word,
    ),
    **dict.fromkeys(("user", "safety_identifier"), Walk.data),
    "prompt": _ImageWalk.said,
    "model": Walk.model,
}
