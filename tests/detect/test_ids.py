"""Ids of providers: the digits in them are nobody's number, and a number that a person put among other words stays one."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from govai.core.exchange import Slot, SlotKind
from govai.core.scope import Scope
from govai.data.references import REFERENCE, resolve
from govai.detect.ids import within_id
from govai.detect.look import Lookout
from govai.detect.reading import SealedReader
from govai.flow.asked import Asked
from govai.flow.seeing import see

LETTERS = string.ascii_letters + string.digits
HEX = string.hexdigits.lower()[:16]
PREFIXES = ["call_", "resp_", "msg_", "rs_", "fc_", "chatcmpl-", "chatcmpl-tool-", "batch_", "file-", "toolu_01", "srvtoolu_01", ""]
PHONES = ["0612345678", "0767312546", "0033612345678", "02079460958"]


def seen(text: str, kind: SlotKind = SlotKind.CONTROL) -> list[str]:
    return [spot.datum.kind for spot in see(Lookout(), [Slot(("id",), text, kind)], Asked(scope=Scope())).spots]


def mixed(text: str) -> bool:
    return sum(a.isdigit() != b.isdigit() for a, b in zip(text, text[1:], strict=False)) >= 5 and sum(c.isalpha() for c in text) >= 5


HEX_IDS = st.builds(lambda prefix, digits, rest: prefix + digits + rest, st.sampled_from(PREFIXES), st.sampled_from(PHONES), st.text(HEX, min_size=20, max_size=40).filter(mixed).map(lambda t: "e" + t))
UUIDS = st.builds(lambda prefix, made: prefix + str(made), st.sampled_from(["", "call_", "chatcmpl-tool-"]), st.uuids())


@given(HEX_IDS | UUIDS.filter(lambda one: sum(c.isalpha() for c in one[-36:]) > 8))
@example("call_0767312546e3f0a91b2c4d5e")
@example("43998337-1277-4608-863c-5fcf560a1d08")
@example("call_272efb8b-0706-4271-981e-fa630be3ede0")
def test_the_digits_of_an_id_are_nobody_s(made: str) -> None:
    assert seen(made) == []


AROUND = st.sampled_from(["", "user_", "call_", "client-", "resp_", "tel:", "id=", "msg_01"])
AFTER = st.sampled_from(["", "_jean", "-dupont", " ", ".", "/x", "_appel_de_jean_dupont_ce_matin", "a", "abcdefghijklmnopqrstuvw"])


@given(AROUND, st.sampled_from(PHONES[:2] + ["06 12 34 56 78", "06-12-34-56-78", "+33612345678"]), AFTER)
def test_a_number_that_somebody_put_there_is_seen(before: str, phone: str, after: str) -> None:
    if before == "msg_01" and phone[0] == "0":  # glued to other digits it is another number
        before = "msg_"
    assert "phone" in seen(before + phone + after)


@given(st.sampled_from(PREFIXES), st.text(HEX, min_size=24, max_size=40).filter(mixed))
def test_an_address_there_is_always_seen(prefix: str, digits: str) -> None:
    assert "email" in seen(f"{prefix}{digits}@exemple.fr")
    assert "email" in seen(f"{prefix}{digits} renee@exemple.fr")


@pytest.mark.parametrize("kind", [SlotKind.TEXT, SlotKind.KEY, SlotKind.MODEL, SlotKind.NUMBER])
def test_only_where_the_protocol_has_its_own_words(kind: SlotKind) -> None:
    assert seen("call_0767312546e3f0a91b2c4d5e", kind) == ["phone"]


@settings(max_examples=50)
@given(st.text(LETTERS + "_- ", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_part_of_an_id_is_never_all_of_it(text: str, start: int, size: int) -> None:
    if within_id(text, start, start + size):
        assert len(text) >= 24 and start + size < len(text)


@pytest.mark.parametrize("made", ["call_MmegvR8abcdefghij23kLmn4", "XgvrabcdeKgvR2222aGVRABCDE", "gvrabcd2345efgh6789abcdefgh2345efgh67", "AbGvrabcdefgh"])
def test_random_letters_are_no_broken_reference(made: str) -> None:
    assert Lookout().look([made], [-1], (), SealedReader(REFERENCE, resolve)) == []
