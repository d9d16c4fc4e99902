"""Tells of an interceptor that was given answers, and nothing to answer for, when it is gone or the program ends.

Knows: warnings, when an object ends. Must not know: interceptors.
"""

from __future__ import annotations

import sys
import warnings
import weakref
from dataclasses import dataclass

from llm_intercept.errors import NeverUsedWarning


@dataclass(slots=True)
class Unused:
    """What is known of one that nothing was done with so far: where it was made, and whether it has answers."""

    where: str
    has_answers: bool = False


def watched(owner: object, unused: Unused) -> weakref.finalize[[Unused], object]:
    """Tell of an object, unless what is returned is detached before."""
    return weakref.finalize(owner, _tell, unused)


def _tell(unused: Unused) -> None:
    """Warn at its place; a test run may make one to look at its rules, and keeps what the tests left out would use."""
    if not unused.has_answers or "pytest" in sys.modules:
        return
    file, _, line = unused.where.rpartition(":")
    message = (
        f"Interceptor(…), made at {unused.where}, was never used: it has answered nothing, and requests to models went "
        "where they were going. Use `with intercept(…) as llm:`, or give it a client: llm.wrap(client), or "
        "InterceptTransport(interceptor=llm)."
    )
    place = int(line) if line.isdecimal() else 0
    warnings.warn_explicit(message, NeverUsedWarning, file or unused.where, place)
