"""How commands end: what each status says, and what is told of what went wrong.

Knows: click, the errors that have words for users. Must not know: what commands do.
"""

from __future__ import annotations

import errno
import os
import sys

import click

from llm_intercept.errors import LLMInterceptError
from llm_intercept.shown import visible

FOUND = 1
"""Something differs or is wrong: what a command that compares or checks is asked for."""
FAILED = 2
"""It could not be done; click ends so too where it is asked wrongly."""
NOT_FOUND = 127
"""There is no such program; a shell says so."""
STOPPED = 130
"""Ctrl-C; a shell says so of what SIGINT ended."""
UNREAD = 141
"""Nobody reads what it writes any more, as after `| head`; a shell says so of what SIGPIPE ended."""
NOBODY = "nothing was done: nobody answered yes. --yes does not ask"


class Failure(click.ClickException):
    """What a command ends with that could not be done."""

    exit_code = FAILED


class Finding(Failure):
    """What a command ends with that found something in one sentence."""

    exit_code = FOUND


class NoProgram(Failure):
    """What a command ends with whose program is not there."""

    exit_code = NOT_FOUND


def failure(error: object, kind: type[Failure] = Failure) -> Failure:
    """Make what a command ends with, with the text of an error."""
    return kind(visible(str(error), lines=True))


class Commands(click.Group):
    """Commands that end as is said here: a line and a status in place of a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that is meant."""
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()  # so that what cannot be written is told
        except BrokenPipeError as error:
            _read_by_nobody()
            raise SystemExit(UNREAD) from error
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            raise SystemExit(STOPPED) from None
        except click.Abort as error:
            raise failure(NOBODY) from error
        except (LLMInterceptError, OSError) as error:
            raise failure(_words(error)) from error
        except LookupError as error:
            if type(error) is not LookupError:  # a mistake of ours
                raise
            raise failure(error) from error
        return value


def _words(error: Exception) -> str:
    """Say what went wrong, of a file with its name first."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    if error.errno == errno.EPIPE or error.filename is None:
        return error.strerror
    return f"{os.fspath(error.filename)}: {error.strerror}"


def _read_by_nobody() -> None:
    """Let what is left to be written go nowhere, else Python complains when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
