"""Where the text stands in a Responses request. Knows nothing of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import spell
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.responses_items import ItemsWalk
from govai.wire.responses_tools import ToolsWalk
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView


def read_request(body: Any) -> RequestView:
    """Return every place of the request that holds text.

    Raises:
        ValueError: not an object, nested too deep.
    """
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    given = body.get("input")
    said = given if isinstance(given, list) else [{"role": "user", "content": given}]
    walk = _ResponsesWalk()
    walk.fields((), body, _TOP)
    return walk.view(body, [item for item in said if isinstance(item, dict)])


class _ResponsesWalk(ItemsWalk):
    __slots__ = ()

    def instructions(self, path: Path, value: Any) -> None:
        self.message = 0
        self.input(path, value)
        self.message = -1

    def items(self, path: Path, value: Any) -> None:
        if isinstance(value, list):
            ids = False
            for index, item in enumerate(value):
                self.message = index + 1
                ids = ids or not isinstance(item, (dict, str))
                self.item((*path, index), item)
            if ids:
                self.opaque.append(("tokens", spell(path)))
        else:
            self.message = 1
            self.prose(path, value)
        self.message = -1

    def input(self, path: Path, value: Any) -> None:
        """A text, or items of the same conversation turn."""
        if isinstance(value, list):
            self.each(path, value, _ResponsesWalk.item)
        else:
            self.prose(path, value)

    def conversation(self, path: Path, value: Any) -> None:
        if value is not None:
            self.references.append(("conversation", spell(path)))
        if isinstance(value, dict):
            self.fields(path, value, {"id": Walk.word})
        else:
            self.word(path, value)

    def stored_prompt(self, path: Path, value: Any) -> None:
        if value is not None:
            self.references.append(("stored_prompt", spell(path)))
        self.fields(path, value, _PROMPT)

    def variables(self, path: Path, value: Any) -> None:
        """What is filled into a stored prompt: texts, or content parts."""
        self.by_name(path, value, _ResponsesWalk.variable)

    def variable(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.part(path, value)
        else:
            self.prose(path, value)


_TOP: Table = {
    **dict.fromkeys(
        "include service_tier truncation prompt_cache_retention personality".split(),
        Walk.words,
    ),
    **dict.fromkeys(
        "access_programs context_management image prompt_cache_options reasoning stream_options".split(),
        Walk.settings,
    ),
    **dict.fromkeys(
        "stream background max_output_tokens max_tool_calls parallel_tool_calls temperature top_logprobs top_p "
        "presence_penalty frequency_penalty".split(),
        Walk.number,
    ),
    **dict.fromkeys("metadata user safety_identifier prompt_cache_key".split(), Walk.data),
    **dict.fromkeys(("previous_response_id", "store"), OpenAIWalk.reference),
    "background_options": lambda walk, path, value: walk.fields(path, value, _BACKGROUND),
    "conversation": _ResponsesWalk.conversation,
    "prompt": _ResponsesWalk.stored_prompt,
    "input": _ResponsesWalk.items,
    "instructions": _ResponsesWalk.instructions,
    "model": Walk.model,
    "text": _ResponsesWalk.text_settings,
    "tools": ToolsWalk.tools,
    "tool_choice": ToolsWalk.choice,
    "moderation": OpenAIWalk.moderation,
}
_BACKGROUND: Table = {"completion_window": Walk.word, "continuation_id": Walk.data}
_PROMPT: Table = {"id": Walk.word, "version": Walk.word, "variables": _ResponsesWalk.variables}
