"""Layout: every node has a place of its own, arrows lead to the right, and circles do no harm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from govai.ledger.layout import layout

NAMES = [f"n{number}" for number in range(12)]
GRAPHS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=30)


@given(GRAPHS, st.frozensets(st.sampled_from(NAMES)))
def test_any_graph_has_a_place_for_each_node_and_a_route_for_each_arrow(arrows: list[tuple[str, str]], late: frozenset[str]) -> None:
    placed = layout(NAMES, arrows, late)
    assert set(placed.places) == set(NAMES)
    by_column: dict[int, list[float]] = {}
    for column, row in placed.places.values():
        assert 0 <= column < placed.columns and 0 <= row < placed.rows
        by_column.setdefault(column, []).append(row)
    for rows in by_column.values():
        rows.sort()
        assert all(after - before > 1 - 1e-9 for before, after in zip(rows, rows[1:], strict=False))
    assert set(placed.routes) == {pair for pair in arrows if pair[0] != pair[1]}
    for (here, there), route in placed.routes.items():
        assert route[0] == placed.places[here] and route[-1] == placed.places[there]
        assert all(abs(a[0] - b[0]) <= 1 for a, b in zip(route, route[1:], strict=False))


@given(GRAPHS)
def test_without_circles_every_arrow_leads_to_the_right(arrows: list[tuple[str, str]]) -> None:
    onward = [pair for pair in arrows if pair[0] < pair[1]]
    placed = layout(NAMES, onward)
    assert all(placed.places[here][0] < placed.places[there][0] for here, there in onward)


def test_a_long_chain_needs_no_recursion() -> None:
    names = [str(number) for number in range(3000)]
    placed = layout(names, list(zip(names, names[1:], strict=False)))
    assert placed.columns == 3000 and placed.rows == 1.0


def test_data_stands_right_before_what_it_goes_into() -> None:
    placed = layout(["a", "b", "c", "field"], [("a", "b"), ("b", "c"), ("field", "c")], frozenset({"field"}))
    assert placed.places["field"][0] == placed.places["b"][0]
