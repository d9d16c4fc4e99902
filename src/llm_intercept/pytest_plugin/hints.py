"""What pytest shows of a failure: a hint at one whose cause is known, and no lines of this package.

Knows: pytest's reports, SDKs' words for a missing key. Must not know: how requests are answered.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.base.dummy_keys import missing
from llm_intercept.base.missing_names import advice_on
from llm_intercept.base.words import nearest
from llm_intercept.settings.of_others import NAMES, OF_CALL, OF_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

NAME = Path(__file__).parents[1].name
PACKAGE = str(Path(__file__).parents[1]) + os.sep
TITLE = "llm-intercept"
KEYLESS = (
    "A client is made when a module is imported, before any test begins: no dummy key stands in yet.\n"
    "Set a key for the tests, in conftest.py: os.environ.setdefault({!r}, 'none')"
)
WORDS = {"Call": OF_CALL, "LLMRequest": OF_REQUEST}
NOT_THERE = "ImportError: cannot import name '"


def add_hint(report: pytest.CollectReport) -> None:
    """Say what to do where a module cannot be imported for want of a key, or of a name of ours."""
    problem = str(report.longrepr)
    keyless = next((name for name in missing(os.environ) if name in problem), None)
    told = KEYLESS.format(keyless) if keyless is not None else _name_of_ours(problem)
    if told:
        report.sections.append((TITLE, told))


def hide_ours(error: BaseException) -> None:
    """Leave this package's own lines out of the traceback of an error that it raised."""
    shown = error.__traceback__
    while shown is not None:
        while shown.tb_next is not None and shown.tb_next.tb_frame.f_code.co_filename.startswith(PACKAGE):
            shown.tb_next = shown.tb_next.tb_next
        shown = shown.tb_next


def note_what_was_meant(error: AttributeError) -> None:
    """Note on an error what to write for a name that a call or a request lacks."""
    cls, name = type(error.obj), error.name or ""
    words = next(
        (WORDS[one.__name__] for one in cls.__mro__ if one.__name__ in WORDS and one.__module__.startswith(NAME)), None
    )
    if words is None:
        return
    body: Mapping[str, object] = getattr(error.obj, "raw", {})
    here = f"Here it is request.raw[{name!r}]." if name in body else advice_on(cls, name, words)
    if here:
        error.add_note(here)


def _name_of_ours(problem: str) -> str:
    """Say which name was meant where one is imported that this package does not have."""
    name, _, place = problem.partition(NOT_THERE)[2].partition("' from '")
    if not place.startswith(f"{NAME}'"):
        return ""
    import llm_intercept  # noqa: PLC0415 - its names are wanted for a message alone

    if name in NAMES:
        return f"{NAME} has no {name}: {NAMES[name]}"
    known = [one for one in dir(llm_intercept) if not one.startswith("_")]
    near = nearest(name, known)
    return f"{NAME} has no {name}. " + (f"Did you mean {near}?" if near else f"It has {', '.join(known)}.")
