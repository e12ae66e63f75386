"""An in-house service that writes to customers.

    uvicorn examples.service.app:app --workers 2

Who asks and why come with each request (`X-User`, `X-Purpose`: set by your gateway or authenticator); the customer's data
stays here. See README.md for the requests to try.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from pydantic import BaseModel

import govai
from examples.service.letters import MODEL, customer, gov, prompt
from govai.web import GovernMiddleware, governor, streaming


@asynccontextmanager
async def lifespan(_app: FastAPI) -> Any:
    async with gov:
        yield


app = FastAPI(title="Letters", lifespan=lifespan)
app.add_middleware(
    GovernMiddleware,
    governor=gov,
    purpose=lambda conn: conn.headers.get("x-purpose"),
    actor=lambda conn: conn.headers.get("x-user"),
    job="letters",
    ticket_url="/reviews/{ticket_id}",
)
Gov = Annotated[govai.Governor, Depends(governor())]


class Order(BaseModel):
    customer_id: str
    wish: str = ""


class Verdict(BaseModel):
    approve: bool
    note: str = ""


def known(customer_id: str) -> dict[str, Any]:
    row = customer(customer_id)
    if row is None:
        raise HTTPException(404, "no such customer")
    return row


@app.post("/write")
async def write(order: Order, gov: Gov) -> dict[str, str]:
    """Write to a customer. 202 and a ticket where the policy wants a person to read it first."""
    reply = await gov.agenerate(MODEL, prompt(order.wish), data=known(order.customer_id))
    return {"text": reply.text, "record_id": reply.record_id}


@app.get("/stream/{customer_id}")
async def stream(customer_id: str, gov: Gov) -> Response:
    """The same, piece by piece. What the policy refuses is a 403 and never the beginning of a 200."""
    return await streaming(gov.astream(MODEL, prompt(), data=known(customer_id)))


@app.post("/stream")
async def stream_events(order: Order, gov: Gov) -> Response:
    """The same as server-sent events."""
    pieces = gov.astream(MODEL, prompt(order.wish), data=known(order.customer_id))
    return await streaming(pieces, media_type="text/event-stream")


@app.get("/reviews")
async def waiting(gov: Gov) -> list[dict[str, str]]:
    """What waits to be read, in its protected form."""
    return [
        {"ticket_id": ticket.id, "text": ticket.text, "requester": ticket.requester}
        for ticket in await gov.reviews.apending()
    ]


@app.get("/reviews/{ticket_id}")
async def one_waiting(ticket_id: str, gov: Gov) -> dict[str, str]:
    """What waits under one ticket; 404 once it was decided."""
    for ticket in await waiting(gov):
        if ticket["ticket_id"] == ticket_id:
            return ticket
    raise HTTPException(404, "nothing waits under this ticket")


@app.put("/reviews/{ticket_id}")
async def decide(ticket_id: str, verdict: Verdict, gov: Gov) -> dict[str, str]:
    """Decide, as `X-User`. Nobody approves what they asked for themselves (422)."""
    await one_waiting(ticket_id, gov)
    if verdict.approve:
        await gov.reviews.aapprove(ticket_id, note=verdict.note)
    else:
        await gov.reviews.areject(ticket_id, note=verdict.note)
    return {"ticket_id": ticket_id}


@app.post("/reviews/{ticket_id}")
async def collect(ticket_id: str, gov: Gov) -> dict[str, str]:
    """Collect an approved letter, once: 202 while it waits, 409 when it was rejected or collected."""
    try:
        reply = await gov.aresume(ticket_id)
    except govai.ConfigError:
        raise HTTPException(404, "no such ticket") from None
    return {"text": reply.text, "record_id": reply.record_id}


@app.post("/later", status_code=202)
def later(order: Order, gov: Gov) -> dict[str, str]:
    """Leave it to a task: it runs in another process with this request's purpose and actor."""
    from examples.service.tasks import write as write_later

    known(order.customer_id)
    return {"task_id": write_later.delay(order.customer_id).id}
