"""Base64 folded into lines: found wherever it stands, and read in the length of the text, not its square."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.detect.runs import base64_runs

VALUE = "ana@exemple.fr"


def folded(raw: bytes, width: int, ending: str = "\n") -> str:
    bare = base64.b64encode(raw).decode()
    return ending.join(bare[at : at + width] for at in range(0, len(bare), width))


@given(st.integers(0, 6000), st.sampled_from([60, 61, 64, 75, 76]), st.sampled_from(["\n", "\r\n"]))
def test_a_value_is_read_wherever_it_stands_in_a_long_block(before: int, width: int, ending: str) -> None:
    raw = ("é" * before + VALUE + " rappelée" * 900).encode()
    assert any(VALUE in inner for _start, _end, inner in base64_runs(folded(raw, width, ending)))


@pytest.mark.parametrize("raw", [("Bonjour, ceci est un texte. " * 8000).encode(), random.Random(1).randbytes(200_000)], ids=["text", "bytes"])
def test_what_is_read_of_a_block_grows_with_its_length(raw: bytes) -> None:
    half, whole = (sum(len(inner) for *_, inner in base64_runs(folded(part, 76))) for part in (raw[: len(raw) // 2], raw))
    assert whole <= 2.5 * half + 100
    assert whole <= 3 * len(raw)
