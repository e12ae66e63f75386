"""Google's paths: the Gemini API's, Vertex AI's, and Vertex AI's without a project (express mode). Knows no bodies.

Whose model it is, the path says (`publishers/google`): never the host.
"""

from __future__ import annotations

import re

VERSION = r"/v1(?:alpha|beta1?)?"
STEP = r"(?!\.{1,2}(?:[/:]|$))"  # never a step up in the path
MODEL = STEP + r"(?P<model>(?:[A-Za-z0-9_.@-]|%40){1,100})"
PLACE = rf"/projects/{STEP}(?P<project>[A-Za-z0-9_.:-]{{1,100}})/locations/{STEP}(?P<location>[A-Za-z0-9-]{{1,40}})"


def vertex(publisher: str, model: str = MODEL) -> str:
    """Return the pattern of a publisher's model on Vertex AI, with a project or without."""
    return rf"{VERSION}(?:{PLACE})?/publishers/{publisher}/models/{model}"


def paths(method: str, model: str = MODEL) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of the paths that call `method` on a model, wherever it is."""
    tails = (
        rf"{VERSION}/(?:models|tunedModels)/{model}",
        vertex("google", model),
        rf"{VERSION}{PLACE}/endpoints/{model}",
    )
    return tuple(re.compile(f"{tail}:{method}") for tail in tails)


LISTS = tuple(
    re.compile(tail)
    for tail in (
        rf"{VERSION}/(?:models|tunedModels)(?:/{MODEL})?",
        rf"{VERSION}(?:{PLACE})?/publishers/google/models(?:/{MODEL})?",
        rf"{VERSION}{PLACE}/models(?:/{MODEL})?",
    )
)
