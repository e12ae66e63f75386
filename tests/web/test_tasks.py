"""Names that travel: only names, only known ones, and no restriction is lost on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.core.scope import Scope, current, entered
from govai.web import tasks

NAMES = st.dictionaries(st.sampled_from(tasks.NAMES), st.text(min_size=1))


@given(NAMES)
def test_packing_and_unpacking_give_the_same_scope(names: dict[str, str]) -> None:
    with entered(Scope(**names)):  # type: ignore[arg-type]
        here, packed = current(), json.loads(json.dumps(tasks.pack()))
    assert current() == Scope()
    with tasks.unpack(packed):
        assert current() == here


def test_the_run_goes_on_in_the_other_process() -> None:
    with govai.scope(job="letters"):
        run, packed = current().run_id, tasks.pack()
    with tasks.unpack(packed):
        assert run and current().run_id == run


@pytest.mark.parametrize("more", [{"block": ["user.financial"]}, {"data": {"prenom": "Renée"}}, {"review": "ask"}])
def test_what_cannot_travel_is_not_lost(more: dict[str, object]) -> None:
    with govai.scope(purpose="support", **more), pytest.raises(govai.PolicyError, match="cannot travel") as caught:  # type: ignore[arg-type]
        tasks.pack()
    assert "Renée" not in str(caught.value)


@pytest.mark.parametrize("names", [{"purpos": "support"}, {"block": ""}, {"purpose": 7}, {"purpose": None}])
def test_a_message_with_something_else_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(govai.ConfigError, match="names of a scope"), tasks.unpack(names):
        pass
