"""Ask at once: in the terminal, or through a hook."""

from __future__ import annotations

import sys

from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.core.protocols import ReviewDetails, Verdict


def ask_terminal(details: ReviewDetails) -> Verdict:
    """Show the protected text in the terminal and ask.

    Raises:
        PolicyError: there is no terminal to ask in.
    """
    if not sys.stdin.isatty():
        raise PolicyError(
            say("there is no terminal to ask in", "pas de terminal pour demander"),
            where='review="ask"',
            todo=say('use review="queue" or a hook', 'utilisez review="queue" ou un hook'),
        )
    from rich.console import Console
    from rich.panel import Panel
    from rich.prompt import Prompt
    from rich.text import Text

    console = Console(stderr=True)
    title = say(f"Review of the {details.on} for {details.purpose}", f"Relecture ({details.on}) pour {details.purpose}")
    console.print(Panel(Text(details.text), title=title, subtitle=", ".join(details.sources) or None))
    for reason in details.reasons:
        console.print(Text(f"· {reason}", style="dim"))
    question = say("[a]pprove, [e]dit, [r]eject", "[a]pprouver, [e]diter, [r]efuser").replace("[", "\\[")
    answer = Prompt.ask(question, choices=["a", "e", "r"], console=console, show_choices=False)
    if answer == "a":
        return Verdict.approve()
    if answer == "e":
        return Verdict.approve(Prompt.ask(say("New text", "Nouveau texte"), console=console))
    return Verdict.reject(Prompt.ask(say("Why", "Pourquoi"), default="", console=console))


def read_verdict(result: object) -> Verdict:
    """Return a hook's verdict.

    Raises:
        PolicyError: it is not one; nothing goes on.
    """
    if isinstance(result, Verdict):
        return result
    raise PolicyError(
        say(
            f"a review hook returned a {type(result).__name__}", f"un hook de revue a rendu un {type(result).__name__}"
        ),
        where="review=",
        todo="Verdict.approve(text=None, note=''), Verdict.reject(note)",
    )
