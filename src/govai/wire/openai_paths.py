"""Where OpenAI's endpoints stand: the bare path, below /v1, and below Azure's prefixes. Knows no format."""

from __future__ import annotations

import re

_NAME = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]{1,100}"  # never a step up in the path
_PREFIX = rf"(?:/v1|/openai/v1|/openai|/openai/deployments/{_NAME})?"


def below(path: str) -> re.Pattern[str]:
    """Return the pattern of an endpoint's whole path.

    Args:
        path: a pattern of what stands below the prefix; `{id}` in it is the id of something the provider holds.
    """
    return re.compile(_PREFIX + path.replace("{id}", rf"(?P<id>{_NAME})"))
