"""The card and the buttons as people see them: JupyterLab in Chromium. The screenshots stay in the test's folder.

Needs Debian's `chromium` (`apt-get install chromium`) and the test group (`pip install --group test`).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.notebook.test_reviewing import POLICY

nbformat = pytest.importorskip("nbformat", reason="needs the test group: pip install --group test")
pytest.importorskip("jupyterlab", reason="needs the test group: pip install --group test")
playwright = pytest.importorskip("playwright.sync_api", reason="needs the test group: pip install --group test")

EXAMPLES = Path(__file__).parents[2] / "examples"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
CONTRAST = """element => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind = element;
    while (/rgba\\(.*, 0(\\.\\d+)?\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(behind).backgroundColor)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""  # WCAG 2.2, 1.4.3


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Start JupyterLab over a copy of the examples, in a theme, and return its address."""
    shutil.copytree(EXAMPLES, tmp_path / "work")
    started: list[subprocess.Popen[bytes]] = []

    def start(theme: str) -> str:
        settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        for name, values in (("themes", {"theme": theme}), ("notification", {"fetchNews": "false"})):
            (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        places = {name: str(tmp_path / name) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
        command = f"-m jupyterlab --no-browser --allow-root --port={port} --ServerApp.port_retries=0 --IdentityProvider.token= --ServerApp.root_dir={tmp_path / 'work'}"
        with (tmp_path / "jupyterlab.log").open("wb") as log:
            started.append(subprocess.Popen([sys.executable, *command.split()], env={**os.environ, **places, "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}, stdout=log, stderr=log))
        for attempt in Retrying(retry=retry_if_exception_type(OSError), stop=stop_after_delay(60), wait=wait_fixed(0.1)):
            with attempt:
                socket.create_connection(("127.0.0.1", port)).close()
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET.split())
        shown = browser.new_page(viewport={"width": 1300, "height": 2400})
        shown.set_default_timeout(40_000)
        yield shown
        shown.screenshot(path=tmp_path / "end.png")
        browser.close()


def run_all(page: Any, address: str, name: str, cells: int) -> None:
    """Open a notebook of so many code cells, run them, and wait until the kernel has run the last."""
    page.goto(f"{address}/lab/tree/{name}")
    page.wait_for_function(f"document.querySelectorAll('.jp-CodeCell').length === {cells}")
    page.locator(".jp-StatusBar-TextItem", has_text="| Idle").wait_for(state="visible")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator("[data-command='runmenu:run-all']").click()
    page.wait_for_function("[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(prompt => /\\d/.test(prompt.textContent))")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_card_is_there_to_be_read(lab: Callable[[str], str], page: Any, theme: str, tmp_path: Path) -> None:
    run_all(page, lab(theme), "win_back.ipynb", cells=8)
    cards = page.locator(".jp-OutputArea .govai", has_text="left as placeholders")
    cards.first.wait_for(state="visible")
    page.screenshot(path=tmp_path / "win_back.png")
    assert cards.count() >= 1 and cards.first.locator("details[open]").is_visible()
    sent = cards.first.get_by_text("ZqPhone").first
    assert sent.is_visible() and sent.evaluate(CONTRAST) > 4.5 and cards.first.locator("summary span").first.evaluate(CONTRAST) > 7
    refused = page.locator(".jp-OutputArea .govai", has_text="refused").last
    refused.locator("summary", has_text="finding by finding").click()
    assert refused.get_by_text("floor-special-category").last.is_visible()
    shown = "\n".join(page.locator(".jp-OutputArea").all_text_contents())
    assert "Maëlle" not in shown and "06 39 98" not in shown


def test_a_click_on_approve_decides(lab: Callable[[str], str], page: Any, tmp_path: Path) -> None:
    pytest.importorskip("ipywidgets", reason="needs the test group: pip install --group test")
    cells = [
        f"import govai\ngovai.configure(govai.Governor({POLICY!r}))\n%load_ext govai\n%govai purpose=newsletter actor=ana",
        "try:\n    govai.generate('offline:demo', 'Write to {name}', data={'name': 'Ana'})\nexcept govai.ReviewPending:\n    %govai actor=lea",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=KERNEL)
    address = lab("JupyterLab Light")
    nbformat.write(made, tmp_path / "work" / "review.ipynb")
    run_all(page, address, "review.ipynb", len(cells))
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("approved by lea").wait_for(state="visible")
    page.screenshot(path=tmp_path / "review.png")
    assert page.get_by_role("button", name="Approve").is_disabled()
