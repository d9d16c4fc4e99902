"""Tells of an interceptor that was given answers, and nothing to answer for, when it is gone or the program ends.

Knows: warnings, when an object ends, which processes keep more than they use. Must not know: interceptors.
"""

from __future__ import annotations

import sys
import warnings
import weakref
from dataclasses import dataclass

from llm_intercept.errors import NeverUsedWarning

KEEPERS = frozenset({"pytest", "unittest", "__mp_main__"})
"""Modules of processes that rightly keep what they do not use: a run of tests has what those would use that were left
out, and a process that multiprocessing has spawned what the program makes that it imports for one function."""


def may_keep_unused() -> bool:
    """Whether this process may rightly end with what it never used."""
    return not KEEPERS.isdisjoint(sys.modules)


@dataclass(slots=True)
class Unused:
    """What is known of one that nothing was done with so far: where it was made, and whether it has answers."""

    where: str
    has_answers: bool = False


def watched(owner: object, unused: Unused) -> weakref.finalize[[Unused], object]:
    """Tell of an object, unless what is returned is detached before."""
    return weakref.finalize(owner, _tell, unused)


def _tell(unused: Unused) -> None:
    """Warn at its place; a test run may also make one to look at its rules."""
    if not unused.has_answers or may_keep_unused():
        return
    file, _, line = unused.where.rpartition(":")
    message = (
        f"Interceptor(…), made at {unused.where}, was never used: it has answered nothing, and requests to models went "
        "where they were going. Use `with intercept(…) as llm:`, or give it a client: llm.wrap(client), or "
        "InterceptTransport(interceptor=llm)."
    )
    place = int(line) if line.isdecimal() else 0
    warnings.warn_explicit(message, NeverUsedWarning, file or unused.where, place)
