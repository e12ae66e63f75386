"""A governor whose providers are answered in process, and what a row of the table is told with."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import govai
from govai.testing import Provider, Records, governor

HERE = Path(__file__).parent
MAIL, NAME = "ana@exemple.fr", "Renée Lefort"
PHONE = "+33 6 12 34 56 78"
TEXT = f"Write to {NAME} at {MAIL}"
POLICY = {
    "govai": 1,
    "name": "test",
    "extends": "eu-marketing",
    "rules": [{"id": "no-phones", "data": {"category": ["user.contact.phone_number"]}, "effect": "block"}],
}
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "GOOGLE_API_KEY")
OFFLINE = {  # no framework calls home, or for a tokenizer, while it is tested
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What frameworks warn of is theirs; everywhere else a warning is an error."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


class Process:
    """An instrumented process: whom it is governed by, and who answers."""

    def __init__(self, gov: govai.Governor, provider: Provider) -> None:
        self.gov, self.provider = gov, provider
        self._before = 0

    def start(self) -> None:
        """Count from here: what a client asks while it is made is not what the test asks."""
        self.provider.reset()
        self._before = len(Records(self.gov))

    @property
    def kinds(self) -> list[str]:
        """The kinds of the records since `start`."""
        return Records(self.gov).kinds[self._before :]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """Govern the process for support; `NAME` is a customer's, known by its tag alone."""
    for key in KEYS:
        monkeypatch.setenv(key, "test")
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    provider = Provider()
    with governor(POLICY, provider=provider) as gov, gov.instrument(purpose="support", quiet=True):
        with govai.scope(data=[{"nom": NAME}]):
            yield Process(gov, provider)


def answered(asked: str | Coroutine[Any, Any, Any]) -> Any:
    """Return what was asked for, in a loop of its own where it must be awaited."""
    return asyncio.run(asked) if asyncio.iscoroutine(asked) else asked


def needs(package: str) -> str:
    """Return the version of a distribution, or skip where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"needs {package}: python -m tests.frameworks.run makes the environments and runs all")


@contextmanager
def caught_by_caller() -> Iterator[list[BaseException]]:
    """Give the errors that reach a caller: the one that is raised, then its causes and what it groups."""
    errors: list[BaseException] = []
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- each framework has its own
        yield errors
    todo: list[BaseException | None] = [caught.value]
    while todo:
        error = todo.pop(0)
        if error is not None and error not in errors:
            errors.append(error)
            todo += [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]


def arrival(errors: list[BaseException], kind: type[govai.GovaiError], says: str) -> str:
    """Return how an error of govai reaches the caller: as itself, as a cause, or where causes are cut off, in words alone."""
    raised, found = errors[0], [error for error in errors if isinstance(error, kind)]
    assert says in str(raised)
    if not found:
        return f"in the text of `{type(raised).__name__}`"
    assert says in str(found[0])
    return "itself" if found[0] is raised else f"cause of `{type(raised).__name__}`"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Tell the table what a test has found; only what passes is written."""

    def told(table: str, **said: str) -> None:
        record_property(table, json.dumps(said))

    return told
