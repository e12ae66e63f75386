"""What a policy says of keeping: less and shorter is stricter, whoever says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.errors import ConfigError
from govai.core.retention import PURGEABLE, Period, Retention, Term
from govai.policy import policy as loading
from govai.policy.loading import Document
from govai.policy.policy import Policy

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def policy(**more: object) -> Policy:
    return Policy.load({"govai": 1, "name": "p", "purposes": {"a": {"basis": "contract"}, "b": {"basis": "contract"}}, **more})


def purposes(**keep: str) -> dict:
    return {name: {"basis": "contract", "keep": word} for name, word in keep.items()}


def test_nothing_is_kept_and_nothing_goes_unless_the_policy_says_so() -> None:
    plain = policy()
    assert not any(plain.keeps_content(name) for name in ("a", "b", ""))
    assert plain.retention.cutoff("a", "intent", NOW) is None


def test_a_purpose_says_otherwise_than_the_whole() -> None:
    one = policy(keep="content", purposes=purposes(a="nothing", b="content"))
    assert [one.keeps_content(name) for name in ("a", "b", "")] == [False, True, True]
    assert [policy(purposes=purposes(a="content", b="nothing")).keeps_content(name) for name in ("a", "b", "")] == [True, False, False]


def test_what_the_whole_forbids_no_purpose_allows() -> None:
    with pytest.raises(ConfigError, match="nothing is kept") as caught:
        policy(keep="nothing", purposes=purposes(a="content"))
    assert "purposes.a.keep" in str(caught.value)


@pytest.mark.parametrize("more", [{"keep": "content"}, {"purposes": purposes(a="content")}])
def test_a_policy_on_top_of_one_that_keeps_nothing_keeps_nothing(monkeypatch: pytest.MonkeyPatch, more: dict) -> None:
    base = {"govai": 1, "name": "base", "keep": "nothing", "retention": [{"keep": "1y"}]}
    monkeypatch.setattr(loading, "_builtin", lambda: Document(dict(base), "base"))
    with pytest.raises(ConfigError, match="only tighten"):
        policy(extends="eu-marketing", **more)
    derived = policy(extends="eu-marketing", retention=[{"keep": "2y"}, {"keep": "6m", "purpose": "a"}])
    assert not derived.keeps_content("a")
    assert [derived.retention.cutoff(name, "intent", NOW) for name in "ab"] == [datetime(2025, 9, 30, tzinfo=UTC), datetime(2025, 3, 31, tzinfo=UTC)]


def test_terms_are_read_by_purpose_and_kind() -> None:
    one = policy(
        purposes={"a": {"basis": "contract", "retention": "13m"}, "b": {"basis": "contract"}},
        retention=[{"purpose": ["a", "b"], "kind": "content", "keep": "90d"}, {"kind": "outcome", "keep": "3y"}],
    )
    found = {(name, kind): one.retention.cutoff(name, kind, NOW) for name in ("a", "b") for kind in ("content", "intent", "refusal", "purge")}
    assert found["a", "content"] == found["b", "content"] == datetime(2025, 12, 31, tzinfo=UTC)
    assert (found["a", "intent"], found["b", "intent"]) == (datetime(2025, 2, 28, tzinfo=UTC), datetime(2023, 3, 31, tzinfo=UTC))
    assert (found["a", "refusal"], found["b", "refusal"], found["a", "purge"]) == (datetime(2025, 2, 28, tzinfo=UTC), None, None)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"keep": "contents"}, "'contents' is not a known keep"),
        ({"retention": [{"keep": "soon"}]}, "'soon' is not how long something is kept"),
        ({"retention": [{"keep": "1y", "purpose": "c"}]}, "unknown purpose 'c'"),
        ({"retention": [{"keep": "1y", "kind": "intents"}]}, "did you mean 'intent'"),
        ({"retention": [{"keep": "1y", "kind": "purge"}]}, "unknown kind 'purge'"),
        ({"retention": [{"keep": "1y", "kinds": "intent"}]}, "unknown key 'kinds'"),
        ({"retention": [{"keep": "1y", "kind": None}]}, "'kind' is empty"),
        ({"purposes": {"a": {"basis": "contract", "retention": "1w"}}}, "'1w' is not how long"),
    ],
)
def test_what_cannot_be_meant_is_refused(more: dict, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(**more)
    assert says in str(caught.value)


terms = st.builds(
    Term,
    st.builds(Period, st.integers(0, 2000), st.integers(0, 60)),
    st.frozensets(st.sampled_from("ab"), max_size=2),
    st.frozensets(st.sampled_from(sorted(PURGEABLE)), max_size=2),
)


@given(st.lists(terms, max_size=5), terms, st.sampled_from("ab"), st.sampled_from(sorted(PURGEABLE)), st.randoms())
def test_one_more_term_never_keeps_longer_and_order_never_matters(some: list[Term], more: Term, purpose: str, kind: str, order: object) -> None:
    before, after = Retention(tuple(some)).cutoff(purpose, kind, NOW), Retention((*some, more)).cutoff(purpose, kind, NOW)
    assert before is None or (after is not None and after >= before)
    shuffled = [*some, more]
    order.shuffle(shuffled)
    assert Retention(tuple(shuffled)).cutoff(purpose, kind, NOW) == after
