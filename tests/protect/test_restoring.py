"""Restoring: by destination, at every chunk boundary, never guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum
from govai.core.decisions import Effect
from govai.core.exchange import Channel, Part, ReplySlot, ReplyView, ToolCallView
from govai.core.taxonomy import Sensitivity
from govai.protect.restoring import Restorer
from govai.protect.rewriting import Cut, rewrite
from govai.protect.tokens import Tokens, session_key

NAME = Datum("name", "user.name.first", Sensitivity.CONFIDENTIAL)
KEY = b"k" * 32


def slot(text: str, part: Part = Part.TEXT, *, escaped: bool = False, whole: bool = True) -> ReplySlot:
    return ReplySlot(("t",), text, Channel(0, part), escaped, whole)


def whole(tokens: Tokens, text: str, **kwargs: object) -> tuple[str, list[str]]:
    restorer: Restorer[int] = Restorer(tokens, **kwargs)
    changes = dict(restorer.whole(ReplyView([slot(text)])))
    return changes.get(("t",), text), restorer.incidents


def streamed(
    tokens: Tokens, chunks: list[str], part: Part = Part.TEXT, *, escaped: bool = False, **kwargs: object
) -> list[str]:
    restorer: Restorer[int] = Restorer(tokens, **kwargs)
    out: list[tuple[int, list]] = []
    for number, chunk in enumerate(chunks):
        out += restorer.feed(ReplyView([slot(chunk, part, escaped=escaped, whole=False)]), number)
    out += restorer.finish()
    assert [number for number, _ in out] == list(range(len(chunks)))
    return [dict(changes).get(("t",), chunks[number]) for number, changes in out]


def test_the_value_goes_into_the_event_where_its_placeholder_began() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    assert streamed(tokens, ["Chère ", token[:3], token[3:9], token[9:], ", merci"]) == [
        "Chère ",
        "Renée",
        "",
        "",
        ", merci",
    ]


def test_only_events_that_may_hold_part_of_a_placeholder_wait() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    restorer: Restorer[int] = Restorer(tokens)
    feed = lambda text, n: [item for item, _ in restorer.feed(ReplyView([slot(text, whole=False)]), n)]
    assert feed("Chère ", 0) == [0]
    assert feed(token[:5], 1) == []
    assert feed(token[5:], 2) == []  # the right neighbour decides
    assert feed(",", 3) == [1, 2, 3]
    assert feed("Zoé", 4) == [4]


@given(st.data())
def test_any_chunking_restores_as_the_whole_does(data: st.DataObject) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée O'\"Neil\\")
    piece = st.sampled_from(
        [
            token,
            token[:9],
            token + "X",
            " ",
            "Z",
            "Zq",
            "https://a/",
            "](",
            ")",
            "<a href='",
            "'>",
            '{"a":"',
            '"}',
            "\n",
            "é",
            "Zürich ",
        ]
    )
    text = "".join(data.draw(st.lists(piece, max_size=12)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(streamed(tokens, chunks)) == whole(tokens, text)[0]


@given(st.text(max_size=60), st.data())
def test_restoring_undoes_protecting(text: str, data: st.DataObject) -> None:
    bounds = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    tokens = Tokens(KEY)
    cuts = [
        Cut(a, b, Datum(f"k{i}x" + "abcdef"[i], None, Sensitivity.RESTRICTED), text[a:b])
        for i, (a, b) in enumerate(spans)
    ]
    padded = [Cut(c.start + 2 * i + 1, c.end + 2 * i + 1, c.datum, c.value) for i, c in enumerate(cuts)]
    spaced = text
    for i, cut in enumerate(cuts):
        a, b = cut.start + 2 * i, cut.end + 2 * i
        spaced = spaced[:a] + " " + spaced[a:b] + " " + spaced[b:]
    out = rewrite(spaced, padded, tokens)
    restorer: Restorer[int] = Restorer(tokens)
    changes = dict(restorer.whole(ReplyView([slot(out)])))
    if not any(word.startswith("withheld") for word in restorer.incidents) and not out.lstrip().startswith(
        ("{", "[", "`")
    ):
        assert changes.get(("t",), out) == spaced


@pytest.mark.parametrize(
    "place",
    [
        "[x](https://a.example/?q=TOKEN)",
        "![](TOKEN)",
        "[x](TOKEN)",
        "[x](<a TOKEN>)",
        '![x](/p "TOKEN")',
        "[a]: TOKEN",
        "> [a]: TOKEN",
        "[a]:\nTOKEN",
        "<img src=x?TOKEN>",
        "<a href='TOKEN'>",
        '<a\nhref="TOKEN">',
        "<p title=TOKEN>",
        '<img alt="a<b>" src=TOKEN>',
        "https://TOKEN.evil.example",
        "https://a/TOKEN",
        "http://a/?x=1&y=TOKEN",
        "www.TOKEN",
        "www.a.example/TOKEN",
        "//TOKEN/x",
        "(//a/TOKEN",
        "javascript:TOKEN",
        "mailto:TOKEN",
        "tel:TOKEN",
        "data:text/html,TOKEN",
        "evil.example/TOKEN",
        "evil.example?q=TOKEN",
        "url(TOKEN)",
        "background: url( 'TOKEN')",
        "<https://a/TOKEN>",
        "HTTPS://A/TOKEN",
        "ftp://a/TOKEN",
        "\\\\server\\TOKEN",
        "see:https://a/TOKEN",
        "<!-- TOKEN",
        "<style>@import 'https://a/TOKEN'",
        '{"u":"https:\\/\\/a\\/TOKEN"}',
        '{"u":"https:\\u002f\\u002fa/TOKEN"}',
        '{"m":"[x](TOKEN)"}',
        '{"m":"<a href=\\"TOKEN\\">"}',
        "xTOKEN",
        "TOKENx",
        "TOKEN9",
        "éTOKEN",
    ],
)
def test_no_value_goes_where_it_would_be_sent_on(place: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    text = place.replace("TOKEN", token)
    out, incidents = whole(tokens, text)
    assert out == text
    assert incidents
    assert "".join(streamed(tokens, list(text))) == text


@pytest.mark.parametrize(
    "place",
    [
        "TOKEN",
        "Chère TOKEN,",
        "**TOKEN**",
        "_TOKEN_",
        "(TOKEN)",
        "<b>TOKEN</b>",
        "<a href='x'>TOKEN</a>",
        "[TOKEN](https://a)",
        "a < b TOKEN",
        "https://a TOKEN",
        "see [x](y) TOKEN",
        "`TOKEN`",
        "| TOKEN | b |",
        "- TOKEN",
        '{"n": "TOKEN"}',
        '{"l":"https://a","n":"TOKEN"}',
        '{"t":"x\\nTOKEN"}',
        "l'TOKEN",
        "10:30 TOKEN",
    ],
)
def test_plain_places_are_restored(place: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    text = place.replace("TOKEN", token)
    assert whole(tokens, text) == (place.replace("TOKEN", "Renée"), [])
    assert "".join(streamed(tokens, list(text))) == place.replace("TOKEN", "Renée")


@given(st.text(min_size=1, max_size=20))
def test_json_answers_stay_json(value: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, value)
    out, _ = whole(tokens, json.dumps({"name": token}), json_answer=True)
    assert json.loads(out) == {"name": value}


def test_a_cut_placeholder_stays_and_is_reported() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    restorer: Restorer[int] = Restorer(tokens)
    held = restorer.feed(ReplyView([slot("Chère " + token[:-1], whole=False)]), 0)
    assert held == []
    assert restorer.finish() == [(0, [])]
    assert restorer.incidents == ["placeholder-cut"]


def test_another_call_s_placeholder_is_not_restored() -> None:
    mine, other = Tokens(KEY), Tokens(session_key(KEY, "other"))
    mine.issue(NAME, "Ana")
    foreign = other.issue(NAME, "Renée")
    assert whole(mine, f"Chère {foreign}") == (f"Chère {foreign}", ["placeholder-unknown"])


@pytest.mark.parametrize(
    ("receives", "expected"), [({}, "TOKEN"), ({"mail": ("user.contact",)}, "TOKEN"), ({"mail": ("user.name",)}, "Ana")]
)
def test_tool_arguments_get_only_what_the_tool_receives(receives: dict, expected: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    restorer: Restorer[int] = Restorer(tokens, receives=receives)
    channel = Channel(0, Part.TOOL)
    text = json.dumps({"to": token})
    view = ReplyView([ReplySlot(("t",), text, channel, escaped=True)], tools=[ToolCallView(channel, "1", "mail")])
    changes = dict(restorer.whole(view))
    assert json.loads(changes.get(("t",), text))["to"] == expected.replace("TOKEN", token)


@given(st.text(max_size=30))
def test_look_alikes_in_the_input_come_back_as_they_were(before: str) -> None:
    text = f"{before} ZqNameAAAAAAAAAAAA!"
    tokens = Tokens(KEY)
    out = rewrite(text, [], tokens)
    assert "ZqNameAAAAAAAAAAAA" not in out
    if not before.lstrip().startswith(("{", "[", "`")):
        assert whole(tokens, out)[0] == text


def test_signed_parts_are_never_touched() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    restorer: Restorer[int] = Restorer(tokens)
    assert restorer.whole(ReplyView([slot(token, Part.SIGNED)])) == []


def test_a_value_s_spellings_share_one_placeholder_and_sessions_do_not() -> None:
    tokens = Tokens(KEY)
    assert tokens.issue(NAME, "Renée") == tokens.issue(NAME, " RENÉE ")
    assert tokens.issue(NAME, "Renée") != Tokens(session_key(KEY, "b")).issue(NAME, "Renée")
    assert "Renée" not in repr(tokens) + repr(tokens.held)


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("email", "ana@x.example", "x@x.example"),
        ("card", "4111 1111 1111 1111", "x" * 12 + "1111"),
        ("text", "secret", ""),
        ("id", "AB12", ""),
    ],
)
def test_a_mask_keeps_only_its_stated_part(kind: str, value: str, masked: str) -> None:
    datum = Datum(kind, None, Sensitivity.RESTRICTED)
    assert rewrite(value, [Cut(0, len(value), datum, value, Effect.MASK)], Tokens(KEY)) == masked
