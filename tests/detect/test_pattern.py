"""Patterns of one's own: RE2's syntax, errors that say why."""

from __future__ import annotations

import pytest

from govai.core.errors import ConfigError
from govai.detect.pattern import Pattern


def test_it_finds_what_it_matches() -> None:
    found = list(Pattern("user.unique_id", r"FID-\d{4}").detect("é FID-1234, FID-9999"))
    assert [(f.start, f.end, f.kind, f.category) for f in found] == [(2, 10, "id", "user.unique_id"), (12, 20, "id", "user.unique_id")]
    assert next(iter(Pattern("user.unique_id", "x+", "carte").detect("xx"))).kind == "carte"


@pytest.mark.parametrize(("category", "regex", "said"), [("user.unique_ids", "x", "user.unique_id"), ("user.unique_id", "(", "missing"), ("user.unique_id", "(?=x)", "perl|regex|invalid"), ("user.unique_id", r"(x)\1", "escape|invalid"), ("user.unique_id", "x*", "empty")])
def test_errors_say_why(category: str, regex: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"(?i){said}"):
        Pattern(category, regex)
