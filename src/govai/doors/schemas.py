"""Structured answers: what a provider is told of a pydantic model, and how its answer becomes one."""

from __future__ import annotations

from typing import Any

from govai.core.errors import ConfigError, ProviderError
from govai.core.lang import say


def check_schema(schema: Any) -> None:
    """Raise ConfigError unless `schema` is a pydantic model class (or None)."""
    if schema is None:
        return
    import pydantic

    if isinstance(schema, type) and issubclass(schema, pydantic.BaseModel):
        return
    raise ConfigError(
        say("schema= takes a pydantic model class", "schema= attend une classe de modèle pydantic"),
        where="schema=",
        todo="class Answer(pydantic.BaseModel): …",
    )


def strict_schema(model: Any) -> dict[str, Any]:
    """Return the model's JSON schema as strict structured outputs want it: closed objects, every property required."""
    schema: dict[str, Any] = model.model_json_schema()
    todo: list[Any] = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node:
                node["additionalProperties"] = False
                node["required"] = list(node["properties"])
            node.pop("default", None)
            todo.extend(node.values())
    return schema


def read_answer(schema: Any, text: str, provider: str, record_id: str) -> Any:
    """Return the answer as an instance of `schema`.

    Raises:
        ProviderError: it does not fit; the text of the answer is not repeated.
    """
    import pydantic

    try:
        return schema.model_validate_json(text)
    except pydantic.ValidationError as error:
        problems = [".".join(map(str, e["loc"])) + f": {e['type']}" for e in error.errors(include_input=False)[:3]]
    raise ProviderError(
        say(f"the answer does not fit {schema.__name__}", f"la réponse ne correspond pas à {schema.__name__}"),
        provider=provider,
        where="; ".join(problems),
        todo=say(f"see record {record_id}; try again or loosen the model", f"voir l'enregistrement {record_id}"),
    )
