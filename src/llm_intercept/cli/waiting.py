"""Waits for a command as if it had taken this process's place: signals reach it, and its end is this one's.

Knows: processes, signals, terminals. Must not know: what the command is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

KILLED = 128
"""What shells add to a signal's number, as the status of a command that it ended."""
CANNOT_RUN = 126
PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGQUIT", "SIGBREAK")
FROM_TERMINALS = ("SIGINT", "SIGQUIT", "SIGBREAK")
"""What a terminal sends to a command itself, too, since both are in the terminal's foreground."""


def status_of(program: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program, by the words of its command, in this process's terminal, group and folder.

    Returns:
        Its status, as a shell says it.

    """
    sys.stdout.flush()
    early: list[int] = []
    with _handling(early.append):
        try:
            child = subprocess.Popen(command, executable=program, env=environment)  # noqa: S603 - running it is what was asked for
        except OSError as error:
            click.echo(f"Error: {command[0]!r} cannot be run: {error.strerror or error}", err=True)
            return CANNOT_RUN
        with _handling(lambda number: _pass_on(child, number)):
            for number in early:
                _pass_on(child, number)
            status = child.wait()
    return KILLED - status if status < 0 else status


@contextmanager
def _handling(handle: Callable[[int], object]) -> Generator[None]:
    """Call a function with each signal that is to be passed on; what was ignored stays so."""
    numbers = [getattr(signal, name) for name in PASSED_ON if hasattr(signal, name)]
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}
    heard = [number for number in numbers if before[number] is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda number, _: handle(number))
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _pass_on(child: subprocess.Popen[bytes], number: int) -> None:
    if signal.Signals(number).name in FROM_TERMINALS and _is_in_foreground():
        return
    child.send_signal(number)


if sys.platform == "win32":

    def _is_in_foreground() -> bool:
        """Whether a terminal sends its signals to this process, and so to the command beside it."""
        return True

else:

    def _is_in_foreground() -> bool:
        """Whether a terminal sends its signals to this process, and so to the command beside it."""
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False
        finally:
            os.close(terminal)
