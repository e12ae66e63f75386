"""Where in an answer a placeholder stands, told from the text to its left: some places must never get a raw value.

A model that was talked into printing a placeholder inside a link would otherwise send the value to whoever owns the link.
"""

from __future__ import annotations

import re

_DELIMITERS = re.compile(r'[\s"<>`|]')
_URL = re.compile(
    r"://|(?:^|[^\w])(?:www\.|//|(?:mailto|tel|sms|data|javascript|vbscript|file|ftp|blob|about|intent|view-source):)"
    r"|\w\.[a-z]{2,}[/?#:\\]|\\\\",
    re.IGNORECASE,
)
_TAG_OPENS = re.compile(r"<(?=[A-Za-z!/?])")
_TAG = re.compile(r"""<[A-Za-z!/?](?:[^"'>]|"[^"]*"|'[^']*')*>""")
_DEFINITION = re.compile(r"[ \t>*+-]*\[[^\]\n]*\]:")
_CSS = re.compile(r"\burl\(\s*[^)]*\Z", re.IGNORECASE)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))')
_SHORT = {"b": " ", "f": " ", "n": "\n", "r": "\n", "t": " "}
_JSON_START = re.compile(r'\s*(?:```(?:json)?\s*)?(?:\{|\[\s*[\[{"\d\]])')


def unescaped(text: str) -> str:
    """Return the text of JSON with its escapes read, so that a link in it is seen as one."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else _SHORT.get(e[2], e[2]), text)


def is_json(left: str) -> bool:
    """Whether the text so far is a JSON document, fenced or not."""
    return _JSON_START.match(left) is not None


def forbidden(left: str) -> str | None:
    """Return why no raw value may stand after `left` (`url`, `link-target`, `attribute`), None where it may.

    Args:
        left: all of the text before, JSON escapes read where it is JSON.
    """
    word = left[_last_delimiter(left) :]
    if _URL.search(word):
        return "url"
    if _in_link_target(left) or _in_definition(left) or _CSS.search(left, max(0, left.rfind("(") - 8)):
        return "link-target"
    return "attribute" if _in_tag(left) else None


def _last_delimiter(left: str) -> int:
    end = len(left)
    while end > 0 and not _DELIMITERS.match(left[end - 1]):
        end -= 1
    return end


def _in_link_target(left: str) -> bool:
    opened = left.rfind("](")
    if opened < 0 or "\n\n" in left[opened:]:
        return False
    depth = 0
    for char in left[opened + 1 :]:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return False
    return True


def _in_definition(left: str) -> bool:
    lines = left[-4096:].rsplit("\n", 2)
    if _DEFINITION.match(lines[-1]):
        return True
    before = lines[-2] if len(lines) > 1 else ""
    return not lines[-1].strip() and bool(_DEFINITION.fullmatch(before.rstrip()))


def _in_tag(left: str) -> bool:
    return any(_TAG.match(left, opened.start()) is None for opened in _TAG_OPENS.finditer(left))
