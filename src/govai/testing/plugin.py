"""The pytest plugin: fixtures, a marker and a switch. It is imported by every run of pytest, so it imports nothing itself."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from govai.governor.governor import Governor
    from govai.testing.provider import Provider
    from govai.testing.reviewing import Reviewer

_NAME = "govai_no_real_calls"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch, on the command line and in the settings."""
    told = "forbid HTTP to hosts that are neither this machine nor answered by an installed govai provider"
    parser.getgroup("govai").addoption("--govai-no-real-calls", action="store_true", default=False, help=told)
    parser.addini(_NAME, told, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; forbid real calls for the whole session where asked."""
    config.addinivalue_line("markers", f"{_NAME}: forbid real calls in this test (see govai.testing.no_real_calls)")
    if config.getoption("--govai-no-real-calls") or config.getini(_NAME):
        from govai.testing.intercepting import no_real_calls

        session = ExitStack()
        session.enter_context(no_real_calls())
        config.add_cleanup(session.close)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Forbid real calls in a marked test, its fixtures included."""
    if item.get_closest_marker(_NAME) is None:
        return (yield)
    from govai.testing.intercepting import no_real_calls

    with no_real_calls():
        return (yield)


@pytest.fixture
def govai_no_real_calls() -> Iterator[None]:
    """Forbid real calls while the test runs."""
    from govai.testing.intercepting import no_real_calls

    with no_real_calls():
        yield


@pytest.fixture
def govai_policy() -> object:
    """The policy of `govai_governor`: a path, a mapping or a Policy. Override it; by default the built-in one."""
    return None


@pytest.fixture
def govai_provider() -> Iterator[Provider]:
    """A provider that echoes until it is scripted; it answers, while the test runs, whatever goes to a model provider's host."""
    from govai.testing.provider import Provider

    with Provider() as provider, provider.installed():
        yield provider


@pytest.fixture
def govai_reviewer() -> Reviewer:
    """A reviewer who approves and remembers; give it as `review=`."""
    from govai.testing.reviewing import Reviewer

    return Reviewer.approving()


@pytest.fixture
def govai_governor(govai_policy: object, govai_provider: Provider) -> Iterator[Governor]:
    """A governor in memory, answered by `govai_provider`; for the test it is also the default one."""
    from govai.governor import default
    from govai.testing.governing import governor

    before = default._default  # noqa: SLF001 -- to be put back: there is no public way to have none
    with governor(govai_policy, provider=govai_provider) as gov:  # type: ignore[arg-type]  # the user's own
        default.configure(gov)
        try:
            yield gov
        finally:
            default._default = before  # noqa: SLF001
