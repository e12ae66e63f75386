"""Read how an answer is asked for: a few numbers that every format has under some name, and nothing else of a request."""

from __future__ import annotations

from typing import Any

_NAMES = {  # each spelling: its common name, and the largest value that can be meant
    "temperature": ("temperature", 10),
    "top_p": ("top_p", 10),
    "topP": ("top_p", 10),
    "top_k": ("top_k", 10_000),
    "topK": ("top_k", 10_000),
    "max_tokens": ("max_tokens", 10_000_000),
    "max_completion_tokens": ("max_tokens", 10_000_000),
    "max_output_tokens": ("max_tokens", 10_000_000),
    "maxOutputTokens": ("max_tokens", 10_000_000),
    "frequency_penalty": ("frequency_penalty", 10),
    "frequencyPenalty": ("frequency_penalty", 10),
    "presence_penalty": ("presence_penalty", 10),
    "presencePenalty": ("presence_penalty", 10),
}
_NESTED = ("generationConfig", "generation_config")


def parameters(body: Any) -> dict[str, str]:
    """Return the parameters of a request that are plain numbers of a plausible size, as text: `{"temperature": "0.7"}`.

    What is larger than it can mean is left out: a number in a request may be anything, and records hold no raw data.
    """
    if not isinstance(body, dict):
        return {}
    found = {}
    for place in (body, *(body[name] for name in _NESTED if isinstance(body.get(name), dict))):
        for name in _NAMES.keys() & place.keys():
            value, (common, most) = place[name], _NAMES[name]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= most:
                found[common] = f"{value:.6g}" if isinstance(value, float) else str(value)
    return found
