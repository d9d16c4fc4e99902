"""Reads a server's files of rules again at SIGHUP, the signal by which daemons are told so.

What a new file says wrong is told, and the rules stay as they were. A SIGHUP of a terminal that is closed ends a server
as it ends any program, but for one that `nohup` started.

Knows: signals, terminals, what is read. Must not know: who serves.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from llm_intercept.base.words import counted
from llm_intercept.errors import LLMInterceptError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from llm_intercept.rules.rule import Rule
    from llm_intercept.server.worker_plan import Plan


@contextmanager
def renewed(plan: Plan, put: Callable[[list[Rule]], object], *, is_quiet: bool = False) -> Generator[None]:
    """Read the rules of a plan again at each SIGHUP, in a thread, and put them in the place of the last.

    Args:
        plan: Where they are; one without files leaves the signal what it was.
        put: Takes the rules.
        is_quiet: Whether nobody is told but of what is wrong, as of one of several workers; its parent ends it.

    """
    one_at_a_time = threading.Lock()

    def read() -> None:
        with one_at_a_time:
            rules = rules_of(plan, is_quiet=is_quiet)
            if rules is not None:
                put(rules)

    with _hearing(read, is_worker=is_quiet) if plan.files else nullcontext():
        yield


def rules_of(plan: Plan, *, is_quiet: bool = False) -> list[Rule] | None:
    """Read the rules of a plan, and say so; None where they cannot be used, of which is said why."""
    try:
        rules = plan.rules()
    except (LLMInterceptError, OSError) as error:
        _say(f"the rules stay as they were, since what is there now cannot be used: {error}")
        return None
    if not is_quiet:
        _say(f"the rules were read again: {counted(len(rules), 'rule')}")
    return rules


def _say(text: str) -> None:
    sys.stderr.write(f"llm-intercept: {text}\n")
    sys.stderr.flush()


if sys.platform == "win32":  # which has no such signal

    def _hearing(_: Callable[[], None], *, is_worker: bool) -> AbstractContextManager[None]:
        del is_worker
        return nullcontext()

    def held_back() -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    def pass_on(_: int) -> None:
        """Do nothing."""

else:

    @contextmanager
    def _hearing(read: Callable[[], None], *, is_worker: bool) -> Generator[None]:
        is_to_stay = is_worker or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN or not _has_terminal()

        def hear(*_: object) -> None:
            if not (is_to_stay or _has_terminal()):
                signal.raise_signal(signal.SIGTERM)
            else:
                threading.Thread(target=read, name="llm-intercept-rules", daemon=True).start()

        before = signal.signal(signal.SIGHUP, hear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})  # a worker begins with it held back
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)

    @contextmanager
    def held_back() -> Generator[None]:
        """Let processes that are started meanwhile keep the signal for when they hear it, in place of ending by it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def pass_on(number: int) -> None:
        """Let a process read its rules."""
        os.kill(number, signal.SIGHUP)

    def _has_terminal() -> bool:
        try:
            os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
        except OSError:
            return False
        return True
