"""Warns of requests that are let out, of each once.

Knows: warnings. Must not know: why a request is let out.
"""

from __future__ import annotations

import warnings

from llm_intercept.errors import UnmatchedWarning

REMEMBERED = 1000
"""So many warnings are not given again."""
_warned: dict[str | tuple[str, type[Warning], int], int] = {}


def warn(text: str) -> None:
    """Warn of a request that was let out; each text is another, and Python would remember every one for ever."""
    if len(_warned) >= REMEMBERED:
        _warned.clear()
    warnings.warn_explicit(text, UnmatchedWarning, "<llm-intercept>", 1, module=__name__, registry=_warned)
