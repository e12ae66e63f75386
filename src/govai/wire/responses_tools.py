"""Where the text stands in the tools of a Responses request, and who runs each. Knows nothing of its input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import spell
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.walker import Table, Walk, named

if TYPE_CHECKING:
    from govai.core.exchange import Path

_CALLERS_OWN = frozenset({"function", "custom", "namespace", "local_shell", "apply_patch"})
_EDITION = re.compile(r"(?:_preview)?(?:_\d{4}_\d{2}_\d{2})?$")  # `web_search_preview_2025_03_11` is `web_search`


class ToolsWalk(OpenAIWalk):
    """Reads tools: the caller's own, and those that the provider runs (*recipients*)."""

    __slots__ = ()
    settings_table: ClassVar[Table] = {
        **OpenAIWalk.settings_table,
        **dict.fromkeys(
            "context generate_summary context_compression completion_window prewarm comparison_response_id cyber ranker "
            "hybrid_search reasoning".split(),
            Walk.settings,
        ),
        **dict.fromkeys("compact_threshold score_threshold embedding_weight text_weight".split(), Walk.number),
    }

    def tools(self, path: Path, tools: Any) -> None:
        self.each(path, tools, ToolsWalk.tool)

    def tool(self, path: Path, tool: Any) -> None:
        kind = tool.get("type", "function") if isinstance(tool, dict) else "function"
        word = named(kind, "tool")
        if not (word in _CALLERS_OWN or _runs_here(tool, word)):
            self.recipients.append((_EDITION.sub("", word), spell(path)))
        self.fields(path, tool, _TOOL)

    def choice(self, path: Path, choice: Any) -> None:
        if isinstance(choice, dict):
            self.fields(path, choice, _CHOICE)
        else:
            self.word(path, choice)

    def filters(self, path: Path, value: Any) -> None:
        if isinstance(value, list):
            self.each(path, value, ToolsWalk.filters)
        else:
            self.fields(path, value, _FILTER)

    def approval(self, path: Path, value: Any) -> None:
        """Which of a server's tools may be called, and which of them unasked."""
        if isinstance(value, dict):
            self.fields(path, value, _APPROVAL)
        elif isinstance(value, list):
            self.data(path, value)
        else:
            self.word(path, value)

    def environment(self, path: Path, value: Any) -> None:
        """Where code runs: a container that exists already, a new one, or the caller's own machine."""
        if isinstance(value, dict):
            self.fields(path, value, _ENVIRONMENT)
            return
        if path[-1] == "container" and value is not None:
            self.references.append(("container", spell(path)))
        self.word(path, value)

    def held_by_provider(self, path: Path, value: Any) -> None:
        """Files, stores, containers and skills that the provider already holds, by their ids."""
        if value:
            key = str(path[-1]).removesuffix("s").removesuffix("_id")
            self.references.append(("file_id" if key == "file" else key, spell(path)))
        self.words(path, value)

    def network(self, path: Path, value: Any) -> None:
        self.fields(path, value, {"type": Walk.word, "allowed_domains": Walk.data, "domain_secrets": ToolsWalk.secrets})

    def secrets(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _SECRET))

    def skills(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _SKILL))

    def archive(self, path: Path, value: Any) -> None:
        """A skill given by value is a packed file."""
        self.opaque.append(("file", spell(path)))
        self.fields(path, value, {"type": Walk.word, "media_type": Walk.word, "data": Walk.blob})

    def mask(self, path: Path, value: Any) -> None:
        if value is not None:
            self.opaque.append(("image", spell(path)))
        self.fields(path, value, {"image_url": Walk.url, "file_id": ToolsWalk.held_by_provider})


def _runs_here(tool: dict[str, Any], kind: str) -> bool:
    """Whether the caller runs a tool of a kind that the provider may run too."""
    if kind == "shell":
        environment = tool.get("environment")
        return isinstance(environment, dict) and environment.get("type") == "local"
    return kind == "tool_search" and tool.get("execution") == "client"


_TOOL: Table = {
    **dict.fromkeys(
        "type strict async defer_loading execution external_web_access search_context_size connector_id tunnel_id "
        "server_url authorization action background complexity input_fidelity moderation output_format quality size".split(),
        Walk.word,
    ),
    **dict.fromkeys("allowed_callers search_content_types".split(), Walk.words),
    **dict.fromkeys("name description server_label server_description headers annotations".split(), Walk.data),
    **dict.fromkeys("parameters output_schema input_schema".split(), Walk.schema),
    **dict.fromkeys(
        "max_num_results display_width display_height frame_count frame_duration_ms output_compression partial_images".split(),
        Walk.number,
    ),
    **dict.fromkeys(("allowed_tools", "require_approval"), ToolsWalk.approval),
    **dict.fromkeys(("environment", "container"), ToolsWalk.environment),
    "ranking_options": Walk.settings,
    "vector_store_ids": ToolsWalk.held_by_provider,
    "filters": ToolsWalk.filters,
    "user_location": OpenAIWalk.location,
    "format": OpenAIWalk.grammar,
    "tools": ToolsWalk.tools,
    "model": Walk.model,
    "input_image_mask": ToolsWalk.mask,
    "svg": lambda walk, path, value: walk.fields(path, value, {"model": Walk.model, "reasoning": Walk.settings}),
}
_CHOICE: Table = {
    **dict.fromkeys(("type", "mode"), Walk.word),
    **dict.fromkeys(("name", "server_label"), Walk.data),
    "tools": ToolsWalk.tools,
}
_FILTER: Table = {
    "type": Walk.word,
    **dict.fromkeys("key value allowed_domains blocked_domains".split(), Walk.data),
    "filters": ToolsWalk.filters,
}
_APPROVAL: Table = {
    **dict.fromkeys(("always", "never"), ToolsWalk.approval),
    "read_only": Walk.word,
    "tool_names": Walk.data,
}
_ENVIRONMENT: Table = {
    **dict.fromkeys(("type", "memory_limit"), Walk.word),
    **dict.fromkeys(("file_ids", "container_id"), ToolsWalk.held_by_provider),
    "network_policy": ToolsWalk.network,
    "skills": ToolsWalk.skills,
}
_SECRET: Table = dict.fromkeys("domain name value".split(), Walk.data)
_SKILL: Table = {
    **dict.fromkeys(("type", "version"), Walk.word),
    **dict.fromkeys("name description path".split(), Walk.data),
    "skill_id": ToolsWalk.held_by_provider,
    "source": ToolsWalk.archive,
}
