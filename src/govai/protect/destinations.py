"""Where in a plain text the next character would stand: some places must never get a raw value.

A model that was talked into printing a placeholder inside a link would otherwise send the value to whoever owns the
link. Which renderer will show the text (Markdown, HTML, a linkifier, a mail program) is not known here, so a place is
closed when any of them would put the text into an address. It knows no placeholders and no JSON.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"""[\n<>"'()\[:]""")
_SPACES = " \t\n\r\f\v"  # only these end an address in every renderer
_TAG_START = re.compile(r"[A-Za-z!/?]")
_SCHEMES = (
    "https?|mailto|tel|sms|data|javascript|vbscript|file|ftp|blob|about|intent|view-source|sips?|xmpp|callto|facetime|skype"
    "|whatsapp|magnet|geo|ldap|cid|ws|wss|ssh|vscode"
)
_URL = re.compile(
    rf"://|\\\\|(?:^|[^\w])(?:www\.|//|(?:{_SCHEMES}):)"
    r"|\w[.。．｡][\w-]+(?::\d*)?[/?#\\]"  # a bare host and what follows it; the dots are those that hosts may be spelt with
    r"|&(?:\#|colon;|sol;|period;|bsol;)",
    re.IGNORECASE,
)
_ZONE = re.compile(r"[ \t>*+\-0-9.)]*")  # what may stand before a definition on its line: quotes, list marks
_CLOSED_TAG = re.compile(  # CommonMark 0.31, section 6.6 (raw HTML) and 6.5 (autolinks)
    r"""</?[A-Za-z][A-Za-z0-9-]*(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'=<>`]+))?)*\s*/?>"""
    r"|<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>"
)
_BARE, _DOUBLE, _SINGLE = 1, 2, 4  # inside a tag: outside quotes, in "…", in '…'
_TAIL = 8  # characters looked back at across two reads
_LONGEST_WORD = 512
_LONGEST_TAG = 2048


class Place:
    """Reads a text piece by piece, in bounded memory; the pieces' boundaries make no difference.

    A tag may begin at every `<`, and a quote in it may or may not open a value: all readings are followed at once (as
    bits), and the place is inside a tag while one of them is.
    """

    __slots__ = (
        "_angle",
        "_css",
        "_css_quote",
        "_definition",
        "_depth",
        "_label",
        "_line",
        "_script",
        "_tag",
        "_tags",
        "_tail",
        "_word",
    )

    def __init__(self) -> None:
        self._tail = ""  # the last characters read
        self._word = ""  # since the last space, `<` or closed tag
        self._line = ""  # the beginning of the line
        self._tags = 0
        self._tag: str | None = None  # its text so far, from the last `<`
        self._script = False
        self._depth = 0  # parentheses of a link target
        self._angle = False  # ... in <…>
        self._css = False
        self._css_quote = ""
        self._label = False  # in a […] that begins a line
        self._definition: str | None = None  # what stands after `[…]:`

    def read(self, text: str) -> None:
        """Take the next characters."""
        whole = self._tail + text
        begin = word = line = tag = spell = len(self._tail)
        if text and self._tail.endswith("<") and _TAG_START.match(text):
            self._tags |= _BARE
        for found in _MARK.finditer(whole, begin):
            at, mark = found.start(), found.group()
            if mark == "<":
                self._open_tag(whole, at)
                self._word, word, tag = "", at + 1, at
            elif mark == ">":
                if self._close_tag(whole[tag : at + 1]):
                    self._word, word = "", at + 1
            elif mark in "\"'":
                self._quote(mark, whole, at)
            elif mark == "\n":
                self._end_line(self._line + whole[line:at], whole[spell:at])
                self._line, line, spell = "", at + 1, at + 1
            elif mark == ":":
                if self._label and whole[at - 1 : at] == "]":
                    self._definition, spell = "", at + 1
            else:
                self._bracket(mark, whole, at, line)
        self._keep(whole, word, line, tag, spell)

    @property
    def recent(self) -> str:
        """The last few characters read."""
        return self._tail

    def forbids(self) -> str | None:
        """Return why no raw value may stand here (`url`, `link-target`, `attribute`, `script`), None where it may."""
        if _URL.search(self._word):
            return "url"
        if self._depth or self._css or self._definition is not None:
            return "link-target"
        if self._tags or self._tail.endswith("<"):
            return "attribute"
        return "script" if self._script else None

    def forbids_markup(self) -> str | None:
        """Return the same, but for addresses that are only a word of the text."""
        why = self.forbids()
        if why != "url":
            return why
        word, self._word = self._word, ""
        why = self.forbids()
        self._word = word
        return why

    def _open_tag(self, whole: str, at: int) -> None:
        self._angle = self._angle or self._depth > 0
        self._tag = "\\" if at and whole[at - 1] == "\\" else ""  # Markdown reads `\<` as text, HTML does not
        if _TAG_START.match(whole, at + 1):
            self._tags |= _BARE

    def _close_tag(self, rest: str) -> bool:
        """End the tag readings that end here; return whether what was closed is a tag to every renderer."""
        self._tags &= ~_BARE
        self._angle = False
        text, self._tag = self._tag, None
        if text is None:
            return False
        text = (text + rest).lower()
        bare = text.lstrip("\\")
        if bare.startswith(("<script", "<style")):
            self._script = True
        elif bare.startswith(("</script", "</style")):
            self._script = False
        return len(text) <= _LONGEST_TAG and _CLOSED_TAG.fullmatch(text) is not None

    def _quote(self, mark: str, whole: str, at: int) -> None:
        if self._css:
            self._css_quote = "" if self._css_quote == mark else self._css_quote or mark
        if not self._tags:
            return
        inside = _DOUBLE if mark == '"' else _SINGLE
        tags = self._tags & ~(inside | _BARE)
        if self._tags & inside:
            tags |= _BARE
        if self._tags & _BARE:
            tags |= inside
            if not whole[max(0, at - _TAIL) : at].rstrip(" \t\r\n\\").endswith("="):
                tags |= _BARE  # to HTML a quote elsewhere is a letter like any other
        self._tags = tags

    def _bracket(self, mark: str, whole: str, at: int, line: int) -> None:
        before = whole[max(0, at - 3) : at]
        if mark == "(":
            if self._depth or before.endswith("]"):
                self._depth += 1
            if before.lower() == "url":
                self._css, self._css_quote = True, ""
        elif mark == ")":
            if before.endswith("\\"):
                return
            if self._depth and not self._angle:
                self._depth -= 1
            if not self._css_quote:
                self._css = False
        elif mark == "[" and _ZONE.fullmatch((self._line + whole[line:at]).rpartition("\r")[2]):
            self._label = True

    def _end_line(self, line: str, since: str) -> None:
        self._angle, self._css_quote = False, ""
        if not line.strip():
            self._depth, self._label = 0, False
        if self._definition is not None:
            said = self._definition + since
            self._definition = None if said.strip() or "\n" in said else said + "\n"

    def _keep(self, whole: str, word: int, line: int, tag: int, spell: int) -> None:
        space = max(whole.rfind(char, word) for char in _SPACES)
        self._word = whole[space + 1 :] if space >= 0 else self._word + whole[word:]
        if len(self._word) > _LONGEST_WORD:
            self._word = "://" if _URL.search(self._word) else self._word[-_LONGEST_WORD // 2 :]
        if len(self._line) <= _LONGEST_WORD:
            self._line += whole[line : line + _LONGEST_WORD]
        if self._tag is not None and len(self._tag) <= _LONGEST_TAG:
            self._tag += whole[tag:]
        if self._definition is not None:
            self._definition = (self._definition + whole[spell:]).replace(" ", "")[:_TAIL]
        self._tail = whole[-_TAIL:]
