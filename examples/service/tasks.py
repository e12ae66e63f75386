"""Letters written by Celery workers, for whoever asked and for the purpose they said.

    celery -A examples.service.tasks worker

Scopes do not travel between processes by themselves: their names do, in the header `govai` of each task.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery, Task

from examples.service.letters import MODEL, customer, gov, prompt
from govai.web import tasks


class GovernedTask(Task):
    """A task that runs in the scope of whoever called it."""

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        headers = {**(options.pop("headers", None) or {}), "govai": tasks.pack()}
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tasks.unpack(self.request.get("govai") or {}):
            return super().__call__(*args, **kwargs)


# In production: CELERY_BROKER_URL=redis://localhost:6379/0. Without it, messages are files: no server to start.
broker = os.environ.get("CELERY_BROKER_URL", "filesystem://")
app = Celery("letters", broker=broker, task_cls=GovernedTask, set_as_current=False)
app.conf.update(broker_connection_retry_on_startup=True, task_ignore_result=True)
if broker == "filesystem://":
    folder = Path(os.environ.get("SERVICE_QUEUE", ".govai/queue")).absolute()
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    messages = str(folder / "messages")
    app.conf.broker_transport_options = {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(folder / "control"),
    }


@app.task(name="letters.write")
def write(customer_id: str) -> str:
    """Write to a customer; return the record's id, not the letter: results of tasks stay in the queue's storage."""
    row = customer(customer_id)
    if row is None:
        raise LookupError("no such customer")
    return gov.generate(MODEL, prompt(), data=row).record_id
