"""Show a thing under the running cell; the front end takes the form it can: HTML, or text."""

from __future__ import annotations


def show(thing: object) -> None:
    """Show `thing`, which has `_repr_html_` or a repr fit for people."""
    from IPython import display

    display.display(thing)  # type: ignore[no-untyped-call]
