"""Reviews in a notebook: tickets with buttons, and `review="ask"` in a real kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import govai
from govai.notebook.buttons import decide_with
from tests.notebook.conftest import Shown

ipywidgets = pytest.importorskip("ipywidgets", reason="needs the test group: pip install --group test")
manager = pytest.importorskip("jupyter_client.manager", reason="needs the test group: pip install --group test")

Cell = Callable[[str], Shown]
POLICY = {
    "govai": 1, "name": "team", "extends": "eu-marketing", "people": {"marketing": ["lea"], "data": ["ines"]},
    "purposes": {"trial": {"basis": "legitimate_interest", "zone": "experiment"}},
    "reviews": [{"id": "published", "purpose": "newsletter", "role": "marketing"}, {"id": "own", "purpose": "trial", "role": "marketing", "self_review": "allowed"}],
}
ASK = "govai.generate('offline:echo', 'Write to {name}', data={'name': 'Maëlle'})"

ASKED = "govai.generate('offline:echo', 'Write to {name}', data=row)"


@pytest.fixture
def gov() -> Iterator[govai.Governor]:
    with govai.Governor(POLICY, ledger=":memory:", actor="ana") as governor:
        yield governor


@pytest.fixture
def buttons(gov: govai.Governor) -> Iterator[Callable[[str], dict[str, Any]]]:
    """The widgets under the one ticket that waits, as an actor has them."""
    with pytest.raises(govai.ReviewPending):
        gov.generate("offline:echo", "Write to {name}", data={"name": "Maëlle"}, purpose="newsletter")

    def under(actor: str) -> dict[str, Any]:
        (ticket,) = gov.reviews.pending()
        text, row, said = decide_with(ipywidgets, ticket, lambda: gov.bind(actor=actor)).children
        approve, edit, reject, note = row.children
        return {"text": text, "said": said, "approve": approve, "edit": edit, "reject": reject, "note": note}

    yield under
    ipywidgets.Widget.close_all()


def test_a_ticket_that_waits_is_shown_under_the_cell_in_its_protected_form(loaded: Cell, gov: govai.Governor) -> None:
    loaded("%govai purpose=newsletter")
    shown = loaded(ASK)
    (ticket,) = gov.reviews.pending()
    assert isinstance(shown.error, govai.ReviewPending)
    assert "waits for a review" in shown.html and "This output waits for marketing" in shown.html
    assert ticket.id in shown.html and ticket.text in shown.text + shown.html.replace("</span>", "") or "ZqName" in shown.html
    assert "Maëlle" not in shown.html + shown.text


def test_a_reviewer_sees_all_that_waits_and_the_same_call_goes_on_after(loaded: Cell, gov: govai.Governor) -> None:
    loaded(f"%%govai purpose=newsletter\n{ASK}")
    shown = loaded("%govai reviews")
    assert "This output waits for marketing" in shown.html
    gov.bind(actor="lea").reviews.approve(gov.reviews.pending())
    assert "nothing waits" in loaded("%govai reviews").out
    after = loaded(f"%%govai purpose=newsletter\nstr({ASK})")
    assert after.value == "Write to Maëlle" and "waits" not in after.html


def test_a_click_approves_as_the_notebook_s_actor(gov: govai.Governor, buttons: Callable[[str], dict[str, Any]]) -> None:
    under = buttons("lea")
    under["approve"].click()
    assert "approved by lea" in under["said"].value and under["approve"].disabled
    reply = gov.generate("offline:echo", "Write to {name}", data={"name": "Maëlle"}, purpose="newsletter")
    assert str(reply) == "Write to Maëlle"


def test_nobody_approves_their_own(gov: govai.Governor, buttons: Callable[[str], dict[str, Any]]) -> None:
    under = buttons("ana")
    under["approve"].click()
    assert "GOVAI-" in under["said"].value and not under["approve"].disabled
    assert len(gov.reviews.pending()) == 1


def test_a_click_approves_another_text(gov: govai.Governor, buttons: Callable[[str], dict[str, Any]]) -> None:
    under = buttons("lea")
    under["edit"].click()
    under["text"].value = under["text"].value.replace("Write to", "Dear")
    under["note"].value = "warmer"
    under["approve"].click()
    reply = gov.generate("offline:echo", "Write to {name}", data={"name": "Maëlle"}, purpose="newsletter")
    assert str(reply) == "Dear Maëlle"


def test_a_click_rejects(gov: govai.Governor, buttons: Callable[[str], dict[str, Any]]) -> None:
    under = buttons("lea")
    under["reject"].click()
    assert "rejected by lea" in under["said"].value and gov.reviews.pending() == []
    with pytest.raises(govai.ReviewRejected):
        gov.generate("offline:echo", "Write to {name}", data={"name": "Maëlle"}, purpose="newsletter")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Run code in a real kernel, answering what it asks, and return all it showed."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    running, client = manager.start_new_kernel(kernel_name="python3", cwd=str(tmp_path))

    def run(code: str, *answers: str, may_ask: bool = True) -> str:
        shown, left = [], list(answers)
        client.execute_interactive(
            code, allow_stdin=may_ask, timeout=60,
            output_hook=lambda message: shown.append(str(message["content"])),
            stdin_hook=lambda message: (shown.append(message["content"]["prompt"]), client.input(left.pop(0))),
        )
        assert not left
        return "\n".join(shown)

    try:
        assert "exploration" in run(f"import govai\ngovai.configure(govai.Governor({POLICY!r}, ledger=':memory:', review='ask', actor='ana'))\n%load_ext govai")
        yield run
    finally:
        client.stop_channels()
        running.shutdown_kernel(now=True)
        running.cleanup_resources()
        client.context.destroy()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_ask_asks_under_the_running_cell_where_the_front_end_takes_input(kernel: Callable[..., str]) -> None:
    kernel("%govai purpose=trial\nrow = {'name': 'Maëlle'}")
    shown = kernel(f"str({ASKED}).replace('ë', '?')", "what", "a")
    assert "Review of the output for trial" in shown and shown.count("[a]pprove") == 2 and "Write to Ma?lle" in shown
    assert "Dear Ma?lle" in kernel(f"r = await {ASKED.replace('generate', 'agenerate')}; str(r).replace('ë', '?').replace('Write to', 'Dear')", "a")
    assert "ReviewRejected" in kernel(ASKED, "r", "too long")
    assert "short" in kernel(f"str({ASKED})", "e", "short", ".")
    waits = kernel(ASKED, may_ask=False)
    assert "ReviewPending" in waits and "This output waits for marketing" in waits and "widget-view" in waits
    assert "Maëlle" not in waits
    kernel("%govai purpose=newsletter")
    assert "ReviewPending" in kernel(ASKED)
