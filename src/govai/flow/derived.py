"""Derived: which earlier answers of this process a request is made from, by the passages that stand in both.

It keeps keyed hashes of passages, never text, and knows neither policy nor wire. A link says one thing: a passage that an
answer held, and its own prompt did not, stands in this request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.flow.asked import Trace
    from govai.flow.call import Call

_GENERATION = 4096  # passages; two generations are known, some 1 MB at most
_PASSAGES = 8  # of one answer: its longest
_LONG, _SHORT = 24, 12  # characters of a passage; only an answer that has no long one is known by a short one
_EDGES = " \t\r.,;:!?\"'“”«»\\-*_#>`\u00a0\u202f"  # around a passage in Markdown, JSON or a quotation
_LINKS = 64  # records that one request names at most


class Answers:
    """What is remembered of earlier answers, for one engine: hash of a passage → the record of its answer.

    Python's keyed hash of text tells nothing outside this process. No lock: a thread that loses a race loses a memory at most,
    and a forked child goes on with what its parent knew.
    """

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[int, str] = {}
        self._old: dict[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self._new)

    def learn(self, record: str, passages: Iterable[int]) -> None:
        """Remember the passages of an answer; the latest answer that held one is the one it stands for."""
        new = self._new
        if len(new) >= _GENERATION:
            self._old, self._new = new, (new := {})
        new.update(dict.fromkeys(passages, record))

    def among(self, passages: Iterable[int]) -> list[str]:
        """Return the records of the answers that held any of these passages, each once."""
        new, old = self._new, self._old
        found = {record: None for one in passages if (record := new.get(one) or old.get(one))}
        return list(found)[:_LINKS]


def passages_of(text: str) -> list[str]:
    """Return the lines, sentences and quoted strings of a text, whatever form it stands in."""
    parts = text.replace('"', "\n").replace("\\n", "\n").replace(". ", "\n").replace(": ", "\n").split("\n")
    return [found for part in parts if len(part) >= _SHORT and len(found := part.strip(_EDGES)) >= _SHORT]


def made_from(call: Call) -> dict[str, list[str]]:
    """Return the link from a request to the answers it is made from, {} when there is none."""
    answers, said = call.engine.answers, call.asked.derived
    if not answers:
        return {"derived_from": list(said)} if said else {}
    call.passages = own = _hashes(_texts(call))
    found = dict.fromkeys((*said, *answers.among(own)))
    return {"derived_from": list(found)} if found else {}


def remember(call: Call, record: str, trace: Trace) -> None:
    """Remember an answer that is handed out, by what it says that its own prompt did not."""
    said, protected = "".join(trace.text), "".join(trace.protected)
    kept = _kept(passages_of(said))
    hashes = [hash(one) for one in kept]
    if protected != said:
        hashes += [hash(one) for one in _kept(passages_of(protected))]
    hashes += [hash(tool.id) for tool in trace.tools if len(tool.id) >= _SHORT]
    if record and hashes:
        own = call.passages if call.passages is not None else _hashes(_texts(call))
        call.engine.answers.learn(record, [one for one in hashes if one not in own])


def _kept(passages: Sequence[str]) -> list[str]:
    longest = sorted(passages, key=len, reverse=True)
    return [one for one in longest[:_PASSAGES] if len(one) >= _LONG] or longest[:1]


def _hashes(texts: Iterable[str]) -> frozenset[int]:
    return frozenset(map(hash, passages_of("\n".join(texts))))


def _texts(call: Call) -> Iterable[str]:
    """Yield what a request says: its slots as they came and as they leave, and the values of its sealed references."""
    sight = call.sight
    if call.outgoing is not None:
        for slot in call.outgoing.view.slots:
            if len(slot.text) >= _SHORT:
                yield slot.text
    for spot in sight.spots if sight is not None else ():
        if len(spot.value) >= _SHORT:
            yield spot.value
