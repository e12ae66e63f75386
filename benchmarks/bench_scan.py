"""Looking for data: texts of 1 KB with nothing, two findings, and dense notes; and a million known values."""

from __future__ import annotations

import random
import time

from benchmarks import measuring
from benchmarks.setting import prompt_with_none, prompts_with_five
from govai.core.data import Datum, Tracked
from govai.core.taxonomy import Sensitivity
from govai.detect.known import KnownValues
from govai.detect.look import Lookout

_NOTE = (
    "Rappeler Mme Aubrac au 06 12 34 56 78 ou au 01 42 68 53 00, écrire à renee.aubrac@exemple.fr, copie à "
    "asl@exemple.net ; prélèvement sur FR76 3000 6000 0112 3456 7890 189 refusé, elle compare et rappellera lundi. "
)


def _per_second(texts: list[str], look) -> float:
    """Return MB/s of the median of 5 passes over the texts, one by one."""
    size = sum(len(text.encode()) for text in texts)
    took = measuring.by_turns({"look": lambda: [look(text) for text in texts]}, 5, warm=1)
    return size / took["look"] / 1e6


def _two_in(text: str, number: int) -> str:
    at = len(text) // 2
    return f"{text[:at]}écrire à client{number}@exemple.fr ou appeler le 06 12 34 {number % 90 + 10} 78. {text[at:]}"


def _values(count: int) -> tuple[Tracked, ...]:
    dice = random.Random(7)
    syllables = "ba be bi bo ca co da de du fa fi ga go ka la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se ta te ti to va ve vi".split()
    datum = Datum("name", "user.name", Sensitivity.CONFIDENTIAL, field="nom")
    return tuple(Tracked("".join(dice.choices(syllables, k=5)).title() + f" {n % 97}", datum) for n in range(count))


def main(values: int = 1_000_000) -> None:
    lookout = Lookout()
    none = prompt_with_none(1024)
    measuring.title("looking for data in texts of 1 KB, built-in detectors with checksums")

    def look(text: str):
        return lookout.look((text,), (0,))

    assert not look(none)
    assert len(look(_two_in(none, 1))) == 2
    assert len(look(next(prompts_with_five()))) == 5
    measuring.at_least("nothing to find", _per_second([none] * 500, look), 60, "MB/s")
    measuring.at_least("two findings", _per_second([_two_in(none, n) for n in range(500)], look), 25, "MB/s")
    measuring.at_least("dense notes", _per_second([_NOTE * 5] * 100, look), 4, "MB/s")
    tracked = _values(values)
    start = time.perf_counter()
    known = (KnownValues(tracked),)
    measuring.said(f"{values:,} known values built in", f"{time.perf_counter() - start:.1f} s")
    held = f"{none} Voir {tracked[values // 2].value} ."
    assert len(lookout.look((held,), (0,), known)) == 1
    alone = _per_second([held] * 500, lambda text: list(known[0].find(text)))
    measuring.at_least("known values alone", alone, 80, "MB/s")
    with_known = _per_second([held] * 500, lambda text: lookout.look((text,), (0,), known))
    measuring.said("known values and detectors together", f"{with_known:.1f} MB/s")


if __name__ == "__main__":
    main()
