"""Layout: where the nodes of a small directed graph stand, in columns from left to right. Pure; it knows nothing of records.

Sugiyama's method in its plainest form (Sugiyama, Tagawa, Toda 1981): columns by longest path, an invisible node wherever an
arrow crosses a column, order by barycentres, then heights drawn towards the neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SWEEPS = 12
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in columns and rows; rows are fractions, 1.0 apart at least.

    Attributes:
        places: node → (column, row). routes: arrow → the (column, row) places it goes through, its ends included.
        columns, rows: how far it reaches.
    """

    places: Mapping[str, tuple[int, float]]
    routes: Mapping[Pair, Sequence[tuple[int, float]]]
    columns: int
    rows: float


def layout(nodes: Sequence[str], arrows: Iterable[Pair], late: frozenset[str] = frozenset()) -> Layout:
    """Return where nodes stand.

    Args:
        nodes: in the order that is kept where nothing speaks against it. arrows: (from, to); one that closes a circle is
            drawn, and not laid out by. late: nodes that stand right before what they lead to, rather than far left.
    """
    wanted = list(dict.fromkeys(pair for pair in arrows if pair[0] != pair[1]))
    onward = {node: [there for here, there in wanted if here == node] for node in nodes}
    order = _topological(nodes, onward)
    rank = {node: at for at, node in enumerate(order)}
    forward = [pair for pair in wanted if rank[pair[0]] < rank[pair[1]]]
    column = _columns(order, forward, late)
    chains = {pair: _chain(pair, column) for pair in wanted}
    columns: list[list[str]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    at_column = dict(column)
    for node in nodes:
        columns[column[node]].append(node)
    links: list[Pair] = []
    for pair, chain in chains.items():
        steps = 1 if column[pair[1]] >= column[pair[0]] else -1
        for number, invisible in enumerate(chain[1:-1], start=1):
            at_column[invisible] = column[pair[0]] + steps * number
            columns[at_column[invisible]].append(invisible)
        links += pairwise(chain)
    near = _neighbours(links)
    _order(columns, near)
    row = _rows(columns, near)
    places = {node: (column[node], row[node]) for node in nodes}
    routes = {pair: [(at_column[one], row[one]) for one in chain] for pair, chain in chains.items()}
    return Layout(places, routes, len(columns), max(row.values(), default=0.0) + 1)


def _topological(nodes: Sequence[str], onward: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the nodes so that arrows lead onward (depth first, without recursion); circles are cut where they close."""
    done: dict[str, None] = {}
    for first in nodes:
        todo = [(first, iter(onward[first]))]
        open_: set[str] = {first}
        while todo:
            node, rest = todo[-1]
            step = next((one for one in rest if one not in done and one not in open_), None)
            if step is None:
                done.setdefault(node)
                open_.discard(node)
                todo.pop()
            else:
                open_.add(step)
                todo.append((step, iter(onward[step])))
    return list(reversed(done))


def _columns(order: Sequence[str], arrows: Sequence[Pair], late: frozenset[str]) -> dict[str, int]:
    before: dict[str, list[str]] = {node: [] for node in order}
    after: dict[str, list[str]] = {node: [] for node in order}
    for here, there in arrows:
        before[there].append(here)
        after[here].append(there)
    column: dict[str, int] = {}
    for node in order:
        column[node] = max((column[one] + 1 for one in before[node]), default=0)
    for node in reversed(order):
        if node in late and after[node]:
            column[node] = min(column[one] for one in after[node]) - 1
    first = min(column.values(), default=0)
    return {node: at - first for node, at in column.items()}


def _chain(pair: Pair, column: Mapping[str, int]) -> list[str]:
    here, there = pair
    return [here, *(f"\0{here}\0{there}\0{at}" for at in range(1, abs(column[there] - column[here]))), there]


def _neighbours(links: Iterable[Pair]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {}
    for here, there in links:
        near.setdefault(here, []).append(there)
        near.setdefault(there, []).append(here)
    return near


def _order(columns: list[list[str]], near: Mapping[str, Sequence[str]]) -> None:
    """Sort each column by the barycentre of what its nodes hang on, to and fro."""
    at = {node: float(number) for column in columns for number, node in enumerate(column)}
    for sweep in range(_SWEEPS):
        numbers = range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1)
        for number in numbers:
            beside = set(columns[number - 1] if sweep % 2 == 0 and number else ())
            beside |= set(columns[number + 1] if sweep % 2 and number + 1 < len(columns) else ())
            mean = {
                node: _mean([at[one] for one in near.get(node, ()) if one in beside], at[node])
                for node in columns[number]
            }
            columns[number].sort(key=mean.__getitem__)
            at.update({node: float(place) for place, node in enumerate(columns[number])})


def _rows(columns: list[list[str]], near: Mapping[str, Sequence[str]]) -> dict[str, float]:
    row = {node: float(number) for column in columns for number, node in enumerate(column)}
    for _sweep in range(_SWEEPS):
        for column in columns:
            wanted = [_mean([row[one] for one in near.get(node, ())], row[node]) for node in column]
            row.update(zip(column, _apart(wanted), strict=True))
    top = min(row.values(), default=0.0)
    return {node: place - top for node, place in row.items()}


def _apart(wanted: Sequence[float]) -> list[float]:
    """Return the places nearest to the wanted ones that are 1.0 apart, in the same order (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []  # mean of (wanted - index), how many
    for number, place in enumerate(wanted):
        mean, count = place - number, 1
        while blocks and blocks[-1][0] > mean:
            before, some = blocks.pop()
            mean, count = (before * some + mean * count) / (some + count), some + count
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + number for number, mean in enumerate(flat)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
