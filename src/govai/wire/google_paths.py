"""Google's paths: the Gemini API's, Vertex AI's, and Vertex AI's without a project (express mode). Knows no bodies.

Whose model it is, the path says (`publishers/google`): never the host.
"""

from __future__ import annotations

import re

_STEP = r"(?!\.{1,2}(?:[/:]|$))"  # never a step up in the path
_LETTERS = r"(?:[A-Za-z0-9_.@-]|%40){1,100}"
_VERSION = r"/v1(?:alpha|beta1?)?"
_PLACE = rf"/projects/{_STEP}(?P<project>[A-Za-z0-9_.:-]{{1,100}})/locations/{_STEP}(?P<location>[A-Za-z0-9-]{{1,40}})"
NAME = _STEP + _LETTERS


def name_with(ahead: str) -> str:
    """Return the pattern of a model's name that `ahead` matches too."""
    return _STEP + f"(?={ahead})" + _LETTERS


def vertex(publisher: str, name: str = NAME) -> str:
    """Return the pattern of a publisher's model on Vertex AI, with a project or without."""
    return rf"{_VERSION}(?:{_PLACE})?/publishers/{publisher}/models/(?P<model>{name})"


def paths(method: str, name: str = NAME) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of the paths that call `method` on a model, wherever it is."""
    models = (
        rf"{_VERSION}/models/(?P<model>{name})",
        rf"{_VERSION}/(?P<model>tunedModels/{name})",
        vertex("google", name),
        rf"{_VERSION}{_PLACE}/endpoints/(?P<model>{name})",
    )
    return tuple(re.compile(f"{model}:{method}") for model in models)


LISTS = tuple(
    re.compile(rf"{models}(?:/(?P<model>{NAME}))?")
    for models in (
        rf"{_VERSION}/(?:models|tunedModels)",
        rf"{_VERSION}(?:{_PLACE})?/publishers/google/models",
        rf"{_VERSION}{_PLACE}/models",
    )
)
