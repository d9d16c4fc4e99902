"""Writes to the terminal what others wrote: shown as it is, never obeyed, neither by the terminal nor by rich.

Knows: click, rich. Must not know: what is said.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from llm_intercept.shown import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.text import Text


def say(text: str, *, err: bool = False) -> None:
    """Write a line, on stderr if `err`."""
    click.echo(visible(text, lines=True), err=err)


def say_error(error: object) -> None:
    """Write the text of an error to stderr, and what else went wrong beside it."""
    click.echo(visible("\n\n".join([str(error), *getattr(error, "__notes__", ())]), lines=True), err=True)


def say_json(value: object, indent: int | None = None) -> None:
    """Write a value as JSON, without what looks like a secret in it."""
    from llm_intercept.secrets.redactor import Redactor  # noqa: PLC0415 - only this needs it

    click.echo(json.dumps(Redactor().value(value), indent=indent))


def console() -> Console:
    """Open rich's console; what it is given is `styled`, since text by itself is markup to rich."""
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import, and `run` does without

    class Screen(Console):
        """What ends the command where nobody reads any more is said in one place, which is not rich."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Screen(highlight=False, soft_wrap=True, markup=False, emoji=False)


def say_lines(screen: Console, lines: Iterable[Text]) -> None:
    """Write lines as they are; what is no terminal shows no styles, and rich takes longer over these than all else."""
    for one in lines:
        if screen.is_terminal:
            screen.print(one)
        else:
            screen.file.write(one.plain + "\n")  # by click it would be UTF-8 where the encoding is ASCII
    screen.file.flush()


def styled(text: str, style: str = "") -> Text:
    """Make a name, or something else that stands on one line, as rich writes it."""
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(visible(text), style)
