"""OpenAI's legacy completions, which many local servers still speak: a prompt to go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Endpoint, Operation, Part, ReplySlot, ReplyView, Usage
from govai.wire.answers import count, error_name, text_or_none
from govai.wire.openai_paths import below
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView


class OpenAICompletions:
    """POST /v1/completions, also without /v1 and below Azure's prefixes."""

    name = "openai_completions"
    like = "openai"
    endpoints = (Endpoint("POST", below("/completions"), Operation.GENERATE),)
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        walk = _CompletionsWalk()
        walk.fields((), body, _TOP)
        return walk.view(body, [{"role": "user", "content": body.get("prompt")}])

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        return _answer(body, whole=True)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; `event` is the str `[DONE]` at the end."""
        if isinstance(event, dict):
            return _answer(event, whole=False)
        if event == "[DONE]":
            return ReplyView([], terminal=True)
        raise ValueError("it is not an object")


class _CompletionsWalk(OpenAIWalk):
    __slots__ = ()

    def prompt(self, path: Path, value: Any) -> None:
        """A text, texts that are each gone on from, or token ids."""
        self.message = 0
        self.content(path, value)
        self.message = -1


def _answer(body: dict[str, Any], *, whole: bool) -> ReplyView:
    usage, error, choices = body.get("usage"), body.get("error"), body.get("choices")
    view = ReplyView([], model=text_or_none(body.get("model")), id=text_or_none(body.get("id")))
    if isinstance(usage, dict):
        view.usage = Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
    if error:
        view.error = error_name(error)
    for at, choice in enumerate(choices if isinstance(choices, list) else ()):
        if not isinstance(choice, dict):
            continue
        index = count(choice.get("index"))
        number, text = at if index is None else index, choice.get("text")
        if number == 0:
            view.finish_reason = text_or_none(choice.get("finish_reason"))
        if isinstance(text, str) and text:
            view.slots.append(ReplySlot(("choices", at, "text"), text, Channel(number, Part.TEXT), whole=whole))
    return view


_TOP: Table = {
    **dict.fromkeys(
        "stream n seed temperature top_p max_tokens presence_penalty frequency_penalty logprobs best_of echo".split(),
        Walk.number,
    ),
    **dict.fromkeys("user stop".split(), Walk.data),
    "prompt": _CompletionsWalk.prompt,
    "suffix": _CompletionsWalk.prompt,
    "model": Walk.model,
    "stream_options": Walk.settings,
    "logit_bias": OpenAIWalk.logit_bias,
}
