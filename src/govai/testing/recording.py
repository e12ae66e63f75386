"""The ledger of a governor under test, for assertions that read well. Records hold no raw value, so errors may show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.records import Record
    from govai.governor.governor import Governor


class Records(Sequence["Record"]):
    """What a governor's ledger holds now, oldest first; it is read anew each time.

    Args:
        gov: the governor.
    """

    def __init__(self, gov: Governor) -> None:
        self._gov = gov

    def __repr__(self) -> str:
        return f"<Records {', '.join(self.kinds) or 'none'}>"

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Record]:
        return self._gov.ledger.records()

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        return list(self)[index]

    @property
    def kinds(self) -> list[str]:
        """The kind of each: `["intent", "outcome"]`."""
        return [record.kind for record in self]

    @property
    def last(self) -> Record:
        """The newest; AssertionError when there is none."""
        __tracebackhide__ = True
        if not (all_ := list(self)):
            raise AssertionError(say("nothing was recorded", "rien n'a été enregistré"))
        return all_[-1]

    def of(self, kind: str) -> list[Record]:
        """Return those of a kind: `intent`, `outcome`, `refusal`, `review`, `release`."""
        return list(self._gov.ledger.records(kind=kind))


def assert_recorded(
    gov: Governor,
    kind: str = "",
    *,
    purpose: str = "",
    provider: str = "",
    model: str = "",
    status: str = "",
    error: str = "",
    effect: str = "",
    category: str = "",
    source: str = "",
    field: str = "",
    rule: str = "",
    seen: str = "",
) -> Record:
    """Assert that a record says all of this, and return the first that does.

    Args:
        gov: the governor. kind: `intent`, `outcome`, `refusal`, …
        purpose, provider, model: of the call. status: of an outcome: `completed`, `failed`, … error: class of a refusal's error.
        effect, category, source, field, rule, seen: of one and the same finding; a category covers its children.

    Raises:
        AssertionError: none does; it lists what was recorded.
    """
    __tracebackhide__ = True
    call = {"purpose": purpose, "provider": provider, "model": model, "status": status}
    found = {"effect": effect, "source": source, "field": field, "rule": rule, "seen": seen}
    call, found = ({k: v for k, v in wanted.items() if v} for wanted in (call, found))
    for record in Records(gov):
        if kind and record.kind != kind:
            continue
        if error and (record.body.get("error") or {}).get("type") != error:
            continue
        if any(record.body.get(name) != value for name, value in call.items()):
            continue
        if not (found or category) or any(_fits(one, found, category) for one in _findings(record, effect)):
            return record
    told = {"kind": kind, "error": error, **call, **found, "category": category}
    wanted = ", ".join(f"{name}={value}" for name, value in told.items() if value)
    listed = "\n".join(f"  {_line(record)}" for record in Records(gov)) or say("  nothing", "  rien")
    raise AssertionError(
        say(f"no record says {wanted}; recorded was:", f"aucun enregistrement ne dit {wanted} ; il y a :")
        + f"\n{listed}"
    )


def _findings(record: Record, effect: str) -> list[dict[str, Any]]:
    found = list(record.body.get("fields") or [])
    if not found and effect and "decision" in record.body:  # nothing was found: the call as a whole has an effect
        found = [{"effect": record.body["decision"]["effect"]}]
    return found


def _fits(finding: dict[str, Any], wanted: dict[str, str], category: str) -> bool:
    if any(finding.get(name) != value for name, value in wanted.items()):
        return False
    has = str(finding.get("category") or "")
    return not category or has == category or has.startswith(f"{category}.")


def _line(record: Record) -> str:
    body = record.body
    parts = [f"{name}={body[name]}" for name in ("purpose", "provider", "model", "status") if body.get(name)]
    if error := (body.get("error") or {}).get("type"):
        parts.append(f"error={error}")
    parts += [
        f"[{one.get('category') or one.get('kind')}: {one['effect']} by {one['rule']}]"
        for one in body.get("fields") or []
    ]
    return " ".join([record.kind, *parts])
