"""Where the text stands in Google's contents and their parts. Knows nothing of what is asked about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import spell
from govai.wire.google_spelling import both, field_of, inside, items, listed, several
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_MEDIA = re.compile(r"(image|audio|video)/")
_ELSEWHERE = re.compile(r"https?://(?!generativelanguage\.googleapis\.com/)", re.IGNORECASE)  # fetched, not held


def turns(contents: Any) -> list[dict[str, Any]]:
    """Return contents as a list of objects; ValueError says what is wrong without repeating it."""
    found = listed(contents)
    if not found:
        raise ValueError("it has no contents")
    if not all(isinstance(content, dict) for content in found):
        raise ValueError("a content is not an object")
    return found


def as_messages(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return contents in the shape of messages; who says nothing of their role is the user."""
    return [{"role": one.get("role") or "user", "content": listed(one.get("parts"))} for one in contents]


class GoogleWalk(Walk):
    """Gathers what stands in contents and their parts.

    A `thoughtSignature` is the model's own state, encrypted: Google wants it back unchanged beside the part it came
    with, and says nothing of that part's text. So it is never rewritten, and the part may be: what comes back in a
    conversation is protected again with the same placeholders, which is what the model wrote.
    """

    __slots__ = ()
    settings_table: ClassVar[Table] = both(
        {
            **dict.fromkeys("level contentLayers visibleCells startOffset endOffset".split(), Walk.settings),
            **dict.fromkeys("fps startPage endPage sheetIndex numTokens".split(), Walk.number),
        }
    )

    def contents(self, path: Path, contents: Any) -> None:
        """Note the turns of a conversation, each a group of its own."""
        for index, (here, content) in enumerate(items(path, contents)):
            self.message = index + 1
            self.content(here, content)
        self.message = -1

    def content(self, path: Path, content: Any) -> None:
        """Note one turn."""
        self.fields(path, content, _CONTENT)

    def parts(self, path: Path, parts: Any) -> None:
        """Note the parts of a turn."""
        for here, part in items(path, parts):
            self.part(here, part)

    def part(self, path: Path, part: Any) -> None:
        """Note one part; one with a field nobody knows cannot be looked into if it is encoded."""
        if not isinstance(part, dict):
            self.prose(path, part)
        elif part.keys() <= PART.keys():
            self.fields(path, part, PART)
        else:
            self.unknown_part(path, part, PART)

    def inline(self, path: Path, value: Any) -> None:
        """Note data in base64, whatever it says that it is: nothing in it is looked at, be it text."""
        if value is not None:
            self.opaque.append((_kind(value), spell(path)))
        self.fields(path, value, _BLOB)

    def file(self, path: Path, value: Any) -> None:
        """Note a file, which Google fetches from elsewhere or holds already."""
        if value is not None:
            self.opaque.append((_kind(value), spell(path)))
            if not _ELSEWHERE.match(str(field_of(value, "fileUri"))):
                self.references.append(("file_id", spell(path)))
        self.fields(path, value, _FILE)

    def media(self, path: Path, value: Any) -> None:
        """Note an image or a video as `predict` takes it."""
        if value is not None:
            self.opaque.append(("video" if path[-1] == "video" else "image", spell(path)))
            if field_of(value, "gcsUri"):
                self.references.append(("file_id", spell(path)))
        self.fields(path, value, _MEDIA_HELD)


def _kind(holder: Any) -> str:
    media = _MEDIA.match(str(field_of(holder, "mimeType")).lower())
    return media[1] if media else "file"


_CONTENT: Table = {"role": Walk.word, "parts": GoogleWalk.parts}
_BLOB: Table = both({"mimeType": Walk.word, "displayName": Walk.data, "data": Walk.blob})
_FILE: Table = both({"mimeType": Walk.word, "displayName": Walk.data, "fileUri": Walk.word})
_MEDIA_HELD: Table = both(
    {
        **dict.fromkeys(("mimeType", "gcsUri"), Walk.word),
        "bytesBase64Encoded": Walk.blob,
    }
)
_NAMES: Table = {"id": Walk.word, "name": Walk.apart, "toolType": Walk.word}
_TIMES: Table = dict.fromkeys(("startOffset", "endOffset"), Walk.word)
PART: Table = both(
    {
        **dict.fromkeys(("thought", "thoughtSignature"), Walk.word),
        **dict.fromkeys(
            "videoMetadata mediaResolution mediaProcessing audioMetadata documentMetadata spreadsheetMetadata".split(),
            Walk.settings,
        ),
        "text": Walk.prose,
        "inlineData": GoogleWalk.inline,
        "fileData": GoogleWalk.file,
        "functionCall": inside(
            {
                **_NAMES,
                "args": Walk.apart,
                "partialArgs": several(
                    {
                        **dict.fromkeys(("jsonPath", "stringValue", "numberValue"), Walk.apart),
                        **dict.fromkeys(("boolValue", "nullValue", "willContinue"), Walk.word),
                    }
                ),
                "willContinue": Walk.word,
            }
        ),
        "functionResponse": inside(
            {
                **_NAMES,
                "response": Walk.apart,
                "parts": GoogleWalk.parts,
                **dict.fromkeys(("scheduling", "willContinue"), Walk.word),
            }
        ),
        "toolCall": inside({**_NAMES, "args": Walk.apart}),
        "toolResponse": inside({**_NAMES, "response": Walk.apart}),
        "executableCode": inside({**_NAMES, "code": Walk.apart, "language": Walk.word}),
        "codeExecutionResult": inside({**_NAMES, "output": Walk.apart, "outcome": Walk.word}),
        "partMetadata": Walk.apart,
        "speechMetadata": inside(dict.fromkeys(("speaker", "style"), Walk.apart)),
        "audioTranscription": inside(
            {
                **_TIMES,
                **dict.fromkeys(("finished", "languageCode"), Walk.word),
                **dict.fromkeys(("text", "speakerLabel"), Walk.apart),
                "words": several({**_TIMES, "word": Walk.apart}),
            }
        ),
    }
)
