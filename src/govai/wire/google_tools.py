"""Where the text stands in Google's tools: the caller's functions and their schemas, and what Google runs itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import spell
from govai.wire.google_contents import GoogleWalk
from govai.wire.google_spelling import both, inside, items, several, snake
from govai.wire.walker import SCHEMA, Table, Walk, named

if TYPE_CHECKING:
    from govai.core.exchange import Path
    from govai.wire.walker import Reader


class ToolsWalk(GoogleWalk):
    """Gathers what stands in tools too."""

    __slots__ = ()

    def schema(self, path: Path, value: Any) -> None:
        """Note a schema, in JSON Schema's words or in Google's own."""
        if isinstance(value, dict):
            self.fields(path, value, _SCHEMA)
        elif isinstance(value, list):
            self.each(path, value, ToolsWalk.schema)
        else:
            self.data(path, value)

    def schemas_by_name(self, path: Path, value: Any) -> None:
        """Note such schemas under names that the caller chose."""
        self.by_name(path, value, ToolsWalk.schema)

    def tools(self, path: Path, tools: Any) -> None:
        """Note the tools."""
        for here, tool in items(path, tools):
            self.tool(here, tool)

    def tool(self, path: Path, tool: Any) -> None:
        """Note a tool: the caller's own functions, or something that Google runs or asks."""
        if not isinstance(tool, dict):
            self.data(path, tool)
            return
        for name, value in tool.items():
            if snake(name) == "function_declarations":
                _FUNCTIONS(self, (*path, name), value)
            elif value is not None:
                self.recipients.append((named(snake(name), "tool"), spell(path)))
                self.fields(path, {name: value}, _TOOLS)


_OURS: dict[Reader, Reader] = {Walk.schema: ToolsWalk.schema, Walk.schemas_by_name: ToolsWalk.schemas_by_name}
_SCHEMA: Table = both(
    {
        **{word: _OURS.get(reader, reader) for word, reader in SCHEMA.items()},
        "propertyOrdering": Walk.data,
        "ref": Walk.words,
        "defs": ToolsWalk.schemas_by_name,
    }
)
_FUNCTIONS = several(
    {
        **dict.fromkeys(("name", "description"), Walk.data),
        **dict.fromkeys("parameters parametersJsonSchema response responseJsonSchema".split(), ToolsWalk.schema),
        "behavior": Walk.word,
    }
)
_TOOLS: Table = both(
    dict.fromkeys(
        "googleSearch googleSearchRetrieval codeExecution urlContext googleMaps computerUse fileSearch retrieval mcpServers "
        "enterpriseWebSearch parallelAiSearch exaAiSearch".split(),
        Walk.data,
    )
)
TOOL_CONFIG: Table = {
    "functionCallingConfig": inside(
        {
            **dict.fromkeys(("mode", "streamFunctionCallArguments"), Walk.word),
            "allowedFunctionNames": Walk.data,
        }
    ),
    "retrievalConfig": inside(
        {
            "latLng": inside(dict.fromkeys(("latitude", "longitude"), Walk.data)),
            "languageCode": Walk.word,
        }
    ),
    "includeServerSideToolInvocations": Walk.word,
}
