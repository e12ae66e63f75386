"""The card: every call of a cell, as it left and as it came back; never a raw value."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import govai
from govai.flow.asked import watching
from tests.notebook.conftest import Shown
from tests.server import Server

Cell = Callable[[str], Shown]
ASK = "govai.generate('offline:echo', 'Write to {name}', data={'name': 'Maëlle'})"


def test_a_cell_without_calls_has_no_card(loaded: Cell) -> None:
    shown = loaded("x = 1 + 1")
    assert shown.html == "" and shown.text == ""


def test_it_shows_what_left_what_came_back_and_where_it_is_on_record(loaded: Cell, gov: govai.Governor) -> None:
    shown = loaded(f"reply = {ASK}\nsent = reply.sent[0][1]")
    (intent,) = gov.ledger.records(kind="intent")
    sent = loaded("print(sent, end='')").out
    assert sent.startswith("Write to ZqName") and sent.split()[-1] in shown.html
    assert intent.id in shown.html and intent.id in shown.text
    assert "tokens" in shown.html and "exploration" in shown.html and "<details open>" in shown.html


def test_a_refused_call_is_on_it_with_the_reason(loaded: Cell, gov: govai.Governor) -> None:
    code = "try:\n    govai.generate('offline:echo', 'About {name}: {sante}', data={'name': 'Maëlle', 'sante': 'diabète'})\nexcept govai.Blocked:\n    pass"
    shown = loaded(code)
    (refusal,) = gov.ledger.records(kind="refusal")
    text = unescape(shown.html)
    assert "nothing goes to offline (local), because of 1 value (sante) · refused" in text
    assert "floor-special-category" in text and refusal.id in text
    assert "diabète" not in shown.all and "Maëlle" not in shown.all


def test_a_call_without_declared_data_says_so(loaded: Cell) -> None:
    shown = loaded("reply = govai.generate('offline:echo', 'Three slogans')")
    assert "nothing personal was seen" in shown.html and "patterns only" in shown.html


def test_calls_of_worker_threads_are_on_it(loaded: Cell) -> None:
    shown = loaded(f"from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n    _ = list(pool.map(lambda _: {ASK}, range(6)))")
    assert shown.html.count("<details>") >= 6 and shown.text.count("● 1 name left") == 6


def test_many_calls_stay_a_small_card(loaded: Cell) -> None:
    shown = loaded(f"for _ in range(25):\n    {ASK}")
    assert shown.text.count("● 1 name left") == 20 and "5 more calls" in shown.html


def test_a_provider_that_fails(loaded: Cell, server: object) -> None:
    shown = loaded("try:\n    govai.generate('near:status-400', 'hello')\nexcept govai.ProviderError:\n    pass")
    assert "the provider failed (http_400)" in shown.html


def test_a_stream_that_nobody_reads(loaded: Cell) -> None:
    shown = loaded("with govai.stream('offline:demo', 'Write to {name}', data={'name': 'Maëlle'}):\n    pass")
    assert "not read to the end" in shown.html and "Maëlle" not in shown.all


def test_markup_of_a_model_is_only_text(loaded: Cell) -> None:
    shown = loaded("reply = govai.generate('offline:echo', '<script>alert(1)</script><img src=x onerror=alert(1)>')")
    assert "<script" not in shown.html and "<img" not in shown.html and "&lt;script&gt;" in shown.html


def test_watching_hears_every_governor_and_thread_and_nothing_after(gov: govai.Governor) -> None:
    def call(governor: govai.Governor) -> None:
        governor.generate("offline:echo", "hello", purpose="support")

    with govai.Governor(ledger=":memory:") as other:
        with watching() as outer, watching() as inner:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(call, [gov, other]))
            thread = threading.Thread(target=call, args=(gov,))
            thread.start()
            thread.join()
        call(gov)
    assert len(outer) == len(inner) == 3
    assert {asked.trace.status for asked in outer} == {"completed"}


def test_each_attempt_is_heard(gov: govai.Governor) -> None:
    with watching() as seen:
        gov.generate(["near:status-500", "offline:echo"], "hello", purpose="support")
    assert [asked.trace.status for asked in seen][-1] == "completed" and len({asked.call_id for asked in seen}) == 1


def test_a_call_over_another_library_is_on_it_as_refused(loaded: Cell, gov: govai.Governor, server: Server) -> None:
    code = f"import urllib.request\ntry:\n    urllib.request.urlopen('{server.url}/v1/models')\nexcept govai.Ungoverned:\n    pass"
    shown = loaded(code)
    (refusal,) = gov.ledger.records(kind="refusal")
    assert "nothing left · refused" in shown.html and server.host in shown.html and refusal.id in shown.html


def test_what_only_observes_leaves_in_clear_so_the_texts_are_not_shown(cell: Cell, policy: dict) -> None:
    with govai.Governor(policy, ledger=":memory:", mode="observe") as observing:
        govai.configure(observing)
        cell("import govai\n%load_ext govai")
        shown = cell("govai.generate('offline:echo', 'Write to {name}', data={'name': chr(77) + 'aëlle'})")
        assert "only observed" in shown.html and "identifiers → pseudonymise" in shown.html
        assert "Maëlle" not in shown.html
        assert str(shown.value) == "Write to Maëlle"
        cell("%unload_ext govai")


def test_a_call_that_waits_says_so_each_time_it_is_made(loaded: Cell, gov: govai.Governor) -> None:
    call = "    try:\n        govai.require_review('marketing')(lambda: %s)()\n    except govai.ReviewPending:\n        pass" % ASK
    shown = loaded(f"for _ in range(2):\n{call}")
    assert shown.text.count("waits for a review") == 2 and "refused" not in shown.all
