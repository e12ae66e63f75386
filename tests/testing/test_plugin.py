"""The pytest plugin, as users run it: in test suites of their own, in processes of their own."""

from __future__ import annotations

import os
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import govai
import govai.testing

pytest_plugins = ("pytester",)

ROOT = Path(govai.__file__).parents[1]
LOADED = [] if entry_points(group="pytest11", name="govai") else ["-p", "govai.testing.plugin"]
REAL = """
    import httpx2, pytest
    from govai.testing import RealCallForbidden

    {mark}
    def test_it({fixture}):
        with pytest.raises(RealCallForbidden):
            httpx2.get("https://api.example.invalid")
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    base = ["-p", "no:randomly", "-p", "no:anyio", "-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:langsmith_plugin", "-p", "no:cacheprovider", "-W", "error", "--strict-markers", "--import-mode=importlib"]
    return lambda *args: pytester.runpytest_subprocess(*LOADED, *base, *args)


def test_the_fixtures_fit_together_and_leave_nothing(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        """
        import os
        import govai, pytest
        from govai.testing import assert_recorded

        ROW = {"prenom": "Renée", "email": "renee@exemple.fr"}

        @govai.ask("openai:m", purpose="support")
        def letter(c):
            return f"À {c.prenom}, {c.email}"

        def test_generate(govai_governor, govai_provider):
            assert govai_governor.policy.name == "eu-marketing"
            assert govai_governor.generate("anthropic:m", "À {email}", data=ROW, purpose="support").text == "À renee@exemple.fr"
            govai_provider.assert_never_saw(*ROW.values())
            assert_recorded(govai_governor, "intent", effect="pseudonymise")

        def test_it_is_the_default_one(govai_governor, govai_provider):
            govai_provider.answer("bonjour")
            assert letter(ROW).text == "bonjour"
            govai_provider.assert_never_saw(*ROW.values())

        def test_reviewer(govai_governor, govai_reviewer):
            with govai.scope(review=govai_reviewer):
                assert govai_governor.generate("openai:m", "x").text == "x"

        def test_afterwards():
            from govai.governor import default
            assert default._default is None
            assert ".govai" not in os.listdir()
        """
    )
    run().assert_outcomes(passed=4)


def test_the_policy_is_overridden_like_any_fixture(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        """
        import govai, pytest
        from govai.testing import approve_all

        @pytest.fixture
        def govai_policy():
            return {"govai": 1, "name": "mine", "extends": "eu-marketing", "people": {"marketing": ["lea"]},
                    "reviews": [{"id": "r", "purpose": "support", "role": "marketing"}]}

        def test_it(govai_governor):
            with pytest.raises(govai.ReviewPending) as pending:
                govai_governor.generate("openai:m", "x", purpose="support")
            approve_all(govai_governor)
            assert govai_governor.resume(pending.value.ticket_id).text == "x"
        """
    )
    run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mark", "fixture", "ini", "args"),
    [
        ("", "", "", ["--govai-no-real-calls"]),
        ("", "", "govai_no_real_calls = true", []),
        ("@pytest.mark.govai_no_real_calls", "", "", []),
        ("", "govai_no_real_calls", "", []),
    ],
    ids=["option", "ini", "marker", "fixture"],
)
def test_real_calls_are_forbidden(pytester: pytest.Pytester, run, mark: str, fixture: str, ini: str, args: list[str]) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.makepyfile(REAL.format(mark=mark, fixture=fixture))
    run(*args).assert_outcomes(passed=1)


def test_a_forbidden_call_fails_a_test_and_says_how_to_fix_it(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile('import httpx2\ndef test_it():\n    httpx2.get("https://api.example.invalid/x", headers={"x-goog-api-key": "k3y"})\n')
    result = run("--govai-no-real-calls")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RealCallForbidden: a real call to api.example.invalid was about to leave*"])
    assert "_answering" not in result.stdout.str()


def test_a_leak_fails_a_test_and_is_not_printed(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        """
        def test_it(govai_provider):
            name = "".join(["ren", "ee@exem", "ple.fr"])
            with govai_provider.http_client() as client:
                client.post("https://api.openai.com/v1/chat/completions", json={"messages": [{"content": name}]})
            govai_provider.assert_never_saw(name)
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a value that must not leave did*"])
    assert "renee@exemple.fr" not in result.stdout.str()


def test_the_how_to_is_a_suite_that_passes(pytester: pytest.Pytester, run) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/test-your-code.md").read_text("utf-8")
    suite = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    pytester.makepyfile(suite)
    run().assert_outcomes(passed=len(re.findall(r"^def test_", suite, re.MULTILINE)))


def test_the_reference_names_everything_public() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/python.md").read_text("utf-8")
    assert [name for name in govai.testing.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_provider_alone_answers_a_client_that_knows_nothing_of_it(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        """
        import urllib.request

        import pytest
        from govai.testing import RealCallForbidden
        from openai import OpenAI

        def test_it(govai_provider):
            with OpenAI(api_key="test") as client:
                assert client.responses.create(model="gpt-5", input="Bonjour").output_text == "Bonjour"
            with pytest.raises(RealCallForbidden):
                urllib.request.urlopen("https://api.openai.com/v1/models")
        """
    )
    run().assert_outcomes(passed=1)


def test_unused_it_imports_nothing_heavy_and_nothing_is_forbidden(pytester: pytest.Pytester, run) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it(request):
            assert request.config.pluginmanager.hasplugin("govai") or request.config.pluginmanager.hasplugin("govai.testing.plugin")
            heavy = {"httpx", "httpx2", "openai", "anthropic", "pydantic", "orjson", "yaml", "tenacity", "sqlite3", "http.client"}
            assert sorted(heavy & set(sys.modules)) == []
            assert sorted(m for m in sys.modules if m.startswith("govai.")) == ["govai.core", "govai.core.version", "govai.testing", "govai.testing.plugin"]
        """
    )
    run().assert_outcomes(passed=1)
