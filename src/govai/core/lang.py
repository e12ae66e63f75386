"""Two languages, side by side: every sentence a person reads is written where it is used, in English and in French."""

from __future__ import annotations

import os


def french() -> bool:
    """Whether messages, labels and reports are in French (`GOVAI_LANG=fr`)."""
    return os.environ.get("GOVAI_LANG", "").lower().startswith("fr")


def say(en: str, fr: str) -> str:
    """Return the sentence in the reader's language."""
    return fr if french() else en
