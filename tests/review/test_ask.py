"""Asking at once: in a real terminal (a pseudo-terminal), and what a hook may return."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from govai.core.errors import PolicyError
from govai.core.protocols import ReviewDetails, Verdict
from govai.review.ask import ask_terminal, read_verdict


def details(text: str = "Chère F-1", **more: str) -> ReviewDetails:
    words = {"ticket_id": "", "on": "output", "role": "marketing", "requester": "ana", "purpose": "newsletter"} | more
    return ReviewDetails(text=text, reasons=("published [bold]text[/bold]",), sources=("crm.notes",), **words)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda keys: monkeypatch.setattr(sys, "stdin", Terminal(keys))


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        ("a\n", Verdict.approve()),
        ("A\n", Verdict.approve()),
        ("x\n\na\n", Verdict.approve()),
        ("r\ntrop long\n", Verdict.reject("trop long")),
        ("r\n\n", Verdict.reject("")),
        ("e\nChère F-1,\n\nà bientôt [red]\n.\n", Verdict.approve("Chère F-1,\n\nà bientôt [red]")),
        ("e\n.\na\n", Verdict.approve()),
    ],
)
def test_keys_and_verdicts(typed: Any, keys: str, verdict: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    typed(keys)
    assert ask_terminal(details()) == verdict
    shown = capsys.readouterr()
    assert shown.out == "", "standard output belongs to the program"
    for word in ("Chère F-1", "newsletter", "crm.notes", "published [bold]text[/bold]", "[a]pprove", "ana", "marketing"):
        assert word in shown.err


def test_in_french(typed: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    typed("a\n")
    ask_terminal(details())
    assert "Relecture (output) pour newsletter" in (shown := capsys.readouterr().err) and "[r]efuser" in shown


def test_a_text_cannot_give_orders_to_the_terminal_or_hide(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    typed("a\n")
    ask_terminal(details("\x1b[2Jgone\x9b8m \u202edrow \u200bx \r\ud83d [red]kept[/red] 👩\u200d🚀", purpose="[blink]\x1b]0;x\x07"))
    shown = capsys.readouterr().err
    for word in ("\\u001b[2Jgone", "\\u009b8m", "\\u202edrow", "\\u200bx", "\\u000d", "\\ud83d", "[red]kept[/red]", "👩\u200d🚀", "[blink]\\u001b"):
        assert word in shown
    assert not set("\x1b\x9b\u202e\u200b\r\x07") & set(shown)


@pytest.mark.parametrize("keys", ["", "x\n", "r\n", "e\nhalf a"])
def test_a_terminal_that_closes_approves_nothing(typed: Any, keys: str) -> None:
    typed(keys)
    with pytest.raises(PolicyError, match="closed before an answer"):
        ask_terminal(details())


@pytest.mark.parametrize("stdin", [io.StringIO("a\n"), None])
def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, stdin: Any) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(PolicyError, match="no terminal"):
        ask_terminal(details())


def test_in_a_pseudo_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "openpty"):
        pytest.skip("no pseudo-terminals here")
    keyboard, terminal = os.openpty()
    with os.fdopen(terminal, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(keyboard, b"r\nno\n")
        assert ask_terminal(details()) == Verdict.reject("no")
    os.close(keyboard)


class Truthy(str):
    def __bool__(self) -> bool:
        return True


@pytest.mark.parametrize("given", [None, True, 1, "approve", {"approved": True}, (True, None, ""), Verdict, Verdict(approved=Truthy("no")), Verdict(approved=1), Verdict(approved=None), Verdict(True, text=b"x"), Verdict(True, note=None)], ids=repr)
def test_anything_but_a_verdict_fails_closed(given: Any) -> None:
    with pytest.raises(PolicyError, match=r"Verdict\.approve"):
        read_verdict(given)


@pytest.mark.parametrize("given", [Verdict.approve(), Verdict.approve("", "ok"), Verdict.reject("no")])
def test_a_verdict_is_returned_as_it_is(given: Verdict) -> None:
    assert read_verdict(given) is given
