"""What the ASGI middleware takes of a request: an application that answers at once, bare and inside GovernMiddleware."""

from __future__ import annotations

import asyncio
from typing import Any

import govai
from benchmarks import measuring
from govai.web import GovernMiddleware

HEADERS = [(f"x-header-{number}".encode(), b"what a proxy or a browser says") for number in range(12)]
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/ask",
    "query_string": b"page=2",
    "headers": [*HEADERS, (b"x-user", b"u1")],
}


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def _nothing(*_said: object) -> dict[str, Any]:
    return {}


def main(rounds: int = 2000) -> None:
    loop = asyncio.new_event_loop()
    with govai.Governor(ledger=":memory:") as gov:
        inside = GovernMiddleware(
            _application, governor=gov, purpose="support", actor=lambda conn: conn.headers.get("x-user")
        )
        took = measuring.by_turns(
            {
                name: lambda app=app: loop.run_until_complete(app(dict(SCOPE), _nothing, _nothing))
                for name, app in (("bare", _application), ("governed", inside))
            },
            rounds,
        )
    loop.close()
    measuring.title(f"one ASGI request with {len(HEADERS) + 1} headers, {rounds} rounds by turns, medians")
    measuring.said("added by GovernMiddleware", f"{(took['governed'] - took['bare']) * 1e6:,.0f} µs")


if __name__ == "__main__":
    main()
