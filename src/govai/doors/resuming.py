"""Go on with a call that waited for a review: its own protected request goes the same way down again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.data.rows import Declared
from govai.doors import generating
from govai.doors.schemas import check_schema
from govai.doors.stating import Statement, receives
from govai.doors.tools import read_tools
from govai.flow.asked import Asked
from govai.flow.envelope import Envelope
from govai.flow.reviewing import settled
from govai.wire.codec import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.messages import Reply
    from govai.core.scope import Scope
    from govai.doors.clients import Clients
    from govai.flow.engine import Engine

_WORDS = ("purpose", "actor", "subject", "session", "job", "run_id")


def resume(
    engine: Engine,
    clients: Clients,
    defaults: Scope,
    ticket_id: str,
    *,
    client: Any = None,
    tools: Sequence[Any] | None = None,
    schema: type[Any] | None = None,
) -> Reply:
    """Return the reply of an approved ticket: its prompt is sent now, or its answer handed out."""
    order, streamed = _order(engine, clients, defaults, ticket_id, client, tools, schema)
    if not streamed:
        return generating.generate(clients, order)
    with generating.Stream(clients, order) as stream:
        for _piece in stream:
            continue
    return stream.reply


async def aresume(
    engine: Engine,
    clients: Clients,
    defaults: Scope,
    ticket_id: str,
    *,
    client: Any = None,
    tools: Sequence[Any] | None = None,
    schema: type[Any] | None = None,
) -> Reply:
    """The asyncio twin of `resume`."""
    import asyncio

    order, streamed = await asyncio.to_thread(_order, engine, clients, defaults, ticket_id, client, tools, schema)
    if not streamed:
        return await generating.agenerate(clients, order)
    async with generating.AsyncStream(clients, order) as stream:
        async for _piece in stream:
            continue
    return stream.reply


def _order(
    engine: Engine,
    clients: Clients,
    defaults: Scope,
    ticket_id: str,
    client: Any,
    tools: Sequence[Any] | None,
    schema: type[Any] | None,
) -> tuple[generating.Order, bool]:
    check_schema(schema)
    settled(engine.desk.get(ticket_id))
    kept = Envelope.from_bytes(engine.desk.envelope(ticket_id))
    call = kept.call
    if kept.body.startswith(b"--"):
        raise ConfigError(
            say("a form cannot be resumed by its ticket", "un formulaire ne reprend pas par son ticket"),
            where=f"ticket {ticket_id}",
            todo=say("make the same call again: it goes on", "refaites le même appel : il se poursuit"),
        )
    described = read_tools(tools or ())
    allowed = {name: tuple(categories) for name, categories in call["receives"].items()} | receives(described)
    parents = tuple((job, run) for job, run in call.get("parents", ()))  # tickets of earlier versions keep none
    scope = replace(defaults, **{word: call[word] for word in _WORDS}, parents=parents, review="queue")
    asked = Asked(
        scope=scope,
        door=call["door"],
        key=call["key"],
        ticket=ticket_id,
        declared=call["declared"],
        receives=allowed,
        model=call["model"],
        call_id=call["call_id"],
    )
    words = Statement(messages=(), declared=Declared((), (), ()), schema=schema, tools=described)
    order = generating.Order(
        words, (clients.target(call["target"], call["wire"]),), asked, client=client, body=parse(kept.body)
    )
    return order, bool(call["stream"])
