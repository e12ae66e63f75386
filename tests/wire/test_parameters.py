"""How an answer is asked for: plain numbers under known names, and nothing else of a request."""

from __future__ import annotations

import pytest

from govai.wire.parameters import parameters


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"temperature": 0.7, "max_tokens": 200, "messages": [{"role": "user", "content": "Zoé"}]}, {"temperature": "0.7", "max_tokens": "200"}),
        ({"max_output_tokens": 5, "top_p": 1}, {"max_tokens": "5", "top_p": "1"}),
        ({"generationConfig": {"maxOutputTokens": 7, "topK": 40, "stopSequences": ["x"]}}, {"max_tokens": "7", "top_k": "40"}),
        ({"temperature": "0612345678", "max_tokens": 612345678, "top_p": True, "top_k": None}, {}),
        ({"temperature": float("nan")}, {}),
        (None, {}),
        (["temperature"], {}),
    ],
)
def test_only_numbers_of_a_plausible_size_are_read(body: object, found: dict[str, str]) -> None:
    assert parameters(body) == found
