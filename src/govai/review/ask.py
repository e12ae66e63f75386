"""Ask at once: in the terminal, or through a hook. What is shown came from a model, so it is shown as text and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.core.protocols import ReviewDetails, Verdict
from govai.core.wording import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

_END = "."  # alone on a line, it ends a new text
_way: list[Callable[[], Any]] = []  # how to ask here, where not in the terminal


def asking() -> Any:
    """Return how `review="ask"` asks here: a hook, or `queue` where nobody can be asked at once."""
    return _way[-1]() if _way else ask_terminal


def ask_through(way: Callable[[], Any]) -> Callable[[], None]:
    """Have `review="ask"` ask in another way, until the function returned is called.

    Args:
        way: returns a hook, or `queue`; called for each review.
    """
    _way.append(way)
    return lambda: _way.remove(way)


def ask_terminal(details: ReviewDetails) -> Verdict:
    """Show the protected text in the terminal (on standard error) and ask.

    Raises:
        PolicyError: there is no terminal to ask in, or it was closed before an answer.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise PolicyError(
            say("there is no terminal to ask in", "pas de terminal pour demander"),
            where='review="ask"',
            todo=say('use review="queue" or a hook', 'utilisez review="queue" ou un hook'),
        )
    from rich.console import Console

    console = Console(stderr=True)
    _show(console, details)
    try:
        return _answer(console)
    except EOFError:
        pass
    raise PolicyError(
        say("the terminal was closed before an answer", "le terminal a été fermé sans réponse"),
        where='review="ask"',
        todo=say("make the call again", "refaites l'appel"),
    )


def read_verdict(result: object) -> Verdict:
    """Return a verdict, if it is one to the letter: what is only truthy approves nothing.

    Raises:
        PolicyError: it is not one; nothing goes on.
    """
    if isinstance(result, Verdict):
        text_fits = isinstance(result.text, str) or result.text is None
        if isinstance(result.approved, bool) and text_fits and isinstance(result.note, str):
            return result
        what = say("a verdict's fields are of other types", "les champs d'un verdict sont d'autres types")
    else:
        name = type(result).__name__
        what = say(f"a review returned a {name}, not a Verdict", f"une revue a rendu un {name}, pas un Verdict")
    raise PolicyError(what, where="review", todo='Verdict.approve(text=None, note=""), Verdict.reject(note)')


def _show(console: Console, details: ReviewDetails) -> None:
    from rich.panel import Panel
    from rich.text import Text

    title = say(f"Review of the {details.on} for {details.purpose}", f"Relecture ({details.on}) pour {details.purpose}")
    about = ", ".join(details.sources)
    subtitle = Text(visible(about)) if about else None
    console.print(Panel(Text(visible(details.text)), title=Text(visible(title)), subtitle=subtitle))
    for reason in details.reasons:
        console.print(Text(f"· {visible(reason)}", style="dim"))
    asked_by = say(
        f"asked by {details.requester}; role: {details.role}",
        f"demandé par {details.requester} ; rôle : {details.role}",
    )
    console.print(Text(visible(asked_by), style="dim"))


def _answer(console: Console) -> Verdict:
    from rich.prompt import Prompt
    from rich.text import Text

    question = Text(say("[a]pprove, [e]dit, [r]eject", "[a]pprouver, [e]diter, [r]efuser"))
    chosen = Prompt.ask(question, choices=["a", "e", "r"], case_sensitive=False, console=console, show_choices=False)
    if chosen == "a":
        return Verdict.approve()
    if chosen == "r":
        return Verdict.reject(Prompt.ask(say("Why", "Pourquoi"), default="", show_default=False, console=console))
    console.print(
        say(f"New text, ended by a line with '{_END}' alone:", f"Nouveau texte, fini par une ligne « {_END} » :")
    )
    lines = list(iter(console.input, _END))
    return Verdict.approve("\n".join(lines)) if lines else _answer(console)
