"""The ground floor: errors travel whole, tags and categories hold."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.core import errors
from govai.core.taxonomy import CATEGORIES, covers, default_sensitivity


def every_error(cls: type = govai.GovaiError) -> list[type]:
    return [cls, *[one for sub in cls.__subclasses__() if getattr(errors, sub.__name__, None) is sub for one in every_error(sub)]]


def test_codes_are_stable_and_unique() -> None:
    codes = [cls.code for cls in every_error()]
    assert len(set(codes)) == len(codes) and all(code.startswith("GOVAI-") for code in codes)


def test_errors_survive_pickling() -> None:
    error = govai.ReviewPending("waits", ticket_id="t", where="here", todo="do")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.ticket_id) == (govai.ReviewPending, "[GOVAI-R01] waits (here) — do", "t")


@given(st.sampled_from(sorted(CATEGORIES)))
def test_a_category_covers_itself_and_its_children_only(category: str) -> None:
    assert covers(category, category) and covers(category, category + ".x") and not covers(category, category + "x")
    assert default_sensitivity(category) in govai.Sensitivity


def test_unknown_is_restricted_and_mistakes_name_the_nearest() -> None:
    assert govai.Tag().level is govai.Sensitivity.RESTRICTED and govai.Tag().personal
    assert not govai.Tag(sensitivity="internal").personal
    with pytest.raises(govai.ConfigError, match="confidential"):
        govai.Tag(sensitivity="confidental")


def test_effects_are_ordered_and_equal_their_words() -> None:
    from govai.core.decisions import Effect

    assert Effect.BLOCK == "block" != Effect.ALLOW and Effect.ALLOW < Effect.MASK < Effect.BLOCK
    assert (str(Effect.MASK), f"{Effect.MASK}", {Effect.MASK: 1}[Effect.MASK], Effect.MASK == 1) == ("mask", "mask", 1, True)


def test_a_name_is_suggested_only_when_it_is_near() -> None:
    from govai.core.names import did_you_mean

    assert did_you_mean("win_bak", ["win_back", "support"]) == "did you mean 'win_back'?"
    assert did_you_mean("marketing", ["reporting", "support"]) == "known: reporting, support"
