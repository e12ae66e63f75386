"""What every door does, cell by cell: the table that `test_parity` goes through and that `docs/reference/parity.md` shows.

`python -m tests.doors.parity` writes the page; with `--check` it only says whether the page is what it would write.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/parity.md"
WORLDS = ("sync", "async")
PROVIDERS = {
    "openai": "OpenAI, chat",
    "responses": "OpenAI, Responses",
    "anthropic": "Anthropic",
    "mistral": "Mistral",
    "google": "Google",
    "offline": "embedded",
}
CAPABILITIES = {
    "plain": "`generate`: the text restored, tokens, finish reason, model, provider, record, decision, the SDK's own answer",
    "stream": "`stream`: pieces that make up the same text; then `.reply` is what `generate` gives",
    "tools": "calls with their arguments, restored only where the tool receives them; their results in the next turn",
    "schema": "`parsed`, an instance of the pydantic model; what does not fit is an error that repeats nothing of it",
    "thinking": "what the model thinks is not the text",
    "error": "the same error for the same failure, after as many attempts; no value of the prompt in it",
    "embed": "`embed`: a vector for each text, in their order",
}
# A failure, the error it ends in, and how often it is tried; the test scripts each by this name.
FAILURES = {
    "400": ("InvalidRequest", 1),
    "401": ("AuthenticationFailed", 1),
    "403": ("AuthenticationFailed", 1),
    "404": ("InvalidRequest", 1),
    "408": ("ProviderTimeout", 3),
    "413": ("ContextTooLong", 1),
    "429 with Retry-After": ("RateLimited", 3),
    "500": ("ProviderUnavailable", 3),
    "503": ("ProviderUnavailable", 3),
    "529": ("ProviderUnavailable", 3),
    "context too long": ("ContextTooLong", 1),
    "content filter": ("ContentFiltered", 1),
    "no answer in time": ("ProviderTimeout", 3),
    "refused connection": ("ProviderUnavailable", 3),
    "broken connection": ("ProviderUnavailable", 3),
    "an answer that is not JSON": ("ProviderUnavailable", 3),
    "an answer of another kind (HTML)": ("ProviderUnavailable", 3),
    "an empty body": ("ProviderUnavailable", 3),
    "an empty object": ("ProviderUnavailable", 3),
}
LATE = {  # in a stream, where it comes too late to try again
    "broken connection": "ProviderUnavailable",
    "stream that ends too early": "ProviderUnavailable",
    "error event": "ProviderUnavailable",
    "event that is not JSON": "ProviderUnavailable",
    "empty stream": "ProviderUnavailable",
}
_TALKS = "it answers from the prompt alone"
_IN_PROCESS = "it answers in process: all that it can fail with is a model it does not know (404)"
_MESSAGE_ONLY = "the provider says it in the words of its message only, where nobody may rely on it: `InvalidRequest`"
MISSING = {
    ("anthropic", "embed"): "Anthropic has no embeddings: `ConfigError`, and nothing is sent",
    ("offline", "tools"): _TALKS,
    ("offline", "thinking"): _TALKS,
}
UNSAID = {
    ("anthropic", "context too long"): _MESSAGE_ONLY,
    ("mistral", "context too long"): _MESSAGE_ONLY,
    ("google", "context too long"): _MESSAGE_ONLY,
    ("anthropic", "content filter"): "a refusal is an answer: `finish_reason` is `refusal`",
    ("mistral", "content filter"): "the provider has no such error",
    **{("offline", failure): _IN_PROCESS for failure in (*FAILURES, *LATE) if failure != "404"},
}
_SDKS = {"openai": "openai", "anthropic": "anthropic", "mistralai": "mistral", "google-genai": "google"}


def cells(capability: str) -> list[tuple[str, str]]:
    """Return the (provider, world) pairs that have a capability."""
    return [(name, world) for name in PROVIDERS if (name, capability) not in MISSING for world in WORLDS]


def failing() -> list[tuple[str, str, str]]:
    """Return the (provider, world, failure) triples of what fails before anything was handed out."""
    return [(p, w, f) for p in PROVIDERS for w in WORLDS for f in FAILURES if (p, f) not in UNSAID]


def failing_late() -> list[tuple[str, str, str]]:
    """Return the same of what fails inside a stream."""
    return [(p, w, f) for p in PROVIDERS for w in WORLDS for f in LATE if (p, f) not in UNSAID]


def page() -> str:
    """Return the reference page."""
    notes: list[str] = []

    def mark(reason: str | None) -> str:
        if reason is None:
            return "✓"
        if reason not in notes:
            notes.append(reason)
        return f"– ({notes.index(reason) + 1})"

    names = list(PROVIDERS)
    matrix = [
        [f"**{capability}**", text, *(mark(MISSING.get((name, capability))) for name in names)]
        for capability, text in CAPABILITIES.items()
    ]
    failures = [
        [failure, f"`{error}`", str(tries), *(mark(UNSAID.get((name, failure))) for name in names)]
        for failure, (error, tries) in FAILURES.items()
    ]
    late = [
        [failure, f"`{error}`", *(mark(UNSAID.get((name, failure))) for name in names)]
        for failure, error in LATE.items()
    ]
    heads = [PROVIDERS[name] for name in names]
    return "\n".join(
        [
            "# Parity",
            "",
            "One interface over the providers, and what each gives through it. Every ✓ is a test (`tests/doors/test_parity.py`), in both worlds:",
            "`generate`, `stream`, `embed` and `agenerate`, `astream`, `aembed`, through the official SDKs. `python -m tests.doors.parity`",
            "writes this page from the table of those tests.",
            "",
            *_table(["", "what is the same", *heads], matrix),
            "",
            "## Failures",
            "Never an error of the SDK, of its HTTP library or of its parsing; never a value of the prompt in `str`, `repr` or arguments.",
            "Before anything was handed out:",
            "",
            *_table(["failure", "error", "attempts", *heads], failures),
            "",
            "Inside a stream; once a piece was handed out, nothing is tried again:",
            "",
            *_table(["failure", "error", *heads], late),
            "",
            *(f"{number}. {reason}." for number, reason in enumerate(notes, start=1)),
            "",
            "## Supported SDKs",
            "The extras take every version from the lowest on. The tests above, and those of `wrap`, run on the newest versions and, by",
            "`.ci/previous`, on the last of each SDK that rides on `httpx` (dependency group `previous`). A client of the caller's own",
            "rides on the library of its SDK.",
            "",
            *_table(["SDK", "lowest", "tested on `httpx`", "tested on `httpx2`"], _versions()),
            "",
        ]
    )


def _versions() -> list[list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lowest = {name: project["project"]["optional-dependencies"][extra][0] for name, extra in _SDKS.items()}
    pinned = {re.split(r"[=<>~]", one)[0]: one for one in project["dependency-groups"]["previous"] if isinstance(one, str)}
    return [
        [f"`{name}`", lowest[name].partition(">=")[2], pinned[name].partition("==")[2].replace(".*", ".x"), "the newest"]
        for name in _SDKS
    ]


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is up to date."""
    if "--check" not in arguments:
        PAGE.write_text(page(), "utf-8")
        return 0
    same = PAGE.exists() and PAGE.read_text("utf-8") == page()
    if not same:
        print(f"{PAGE.relative_to(ROOT)} is not what the tests say: python -m tests.doors.parity", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
