"""A pace as text says it, in a file of rules, a variable, a flag: `ttft=0.3,tokens_per_second=60,load=0.02`.

Knows: the arguments of `Pace`. Must not know: where it is said. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SettingsError
from llm_intercept.timing.pace import Pace, lognormal, normal

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.timing.pace import Duration

EXPECTED = (
    "a Pace(…), or its arguments as text, 'ttft=0.3,tokens_per_second=60,jitter=0.2,load=0.02,max_batch=64', "
    "'ttft=lognormal(0.8, 0.3)', 'tape=recordings/demo'"
)
BETWEEN = re.compile(r",(?=\s*[a-z_]+\s*=)")
DRAWN = re.compile(r"(normal|lognormal)\(([^,()]+),([^,()]+)\)")
DURATIONS = ("ttft", "per_token", "length")
NUMBERS = ("jitter", "tokens_per_second", "load")
WHOLE = ("max_batch",)
TAPE = "tape"
OF_TAPES = ("jitter", "load", "max_batch")
"""What can be said beside a tape, which says the rest."""


def pace_of(name: str, given: Pace | str) -> Pace:
    """Return the pace that is given, or that a text says; a tape is read now.

    Raises:
        SettingsError: The text, which the message calls `name`, says no pace, or the tape cannot be measured.

    """
    if isinstance(given, Pace):
        return given
    said = _said(name, given)
    return _made(name, given, said, said.pop(TAPE, None))


def check_text(name: str, given: str) -> None:
    """Raise `SettingsError` at a text that says no pace; a tape is not looked at."""
    said = _said(name, given)
    if said.pop(TAPE, None) is not None:
        _check_beside(name, given, said)
    _made(name, given, said)


def seen_from(folder: str, given: str) -> str:
    """Make the path of a tape one from a folder."""
    return ",".join(_from(folder, one) for one in BETWEEN.split(given))


def _from(folder: str, one: str) -> str:
    key, _, value = one.partition("=")
    if key.strip() != TAPE or "://" in value:
        return one
    return f"{TAPE}={os.path.normpath(os.path.join(folder, value.strip()))}"  # noqa: PTH118 - pathlib is slow to import


def _said(name: str, given: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for one in BETWEEN.split(given):
        key, equals, value = (part.strip() for part in one.partition("="))
        if not equals or key not in (*DURATIONS, *NUMBERS, *WHOLE, TAPE) or key in said or not value:
            raise SettingsError(name, given, EXPECTED)
        said[key] = value
    return said


def _made(name: str, given: str, said: dict[str, str], tape: str | None = None) -> Pace:
    """Make the pace of what is said; raises `SettingsError`, which has the whole text."""
    make: Callable[..., Pace] = Pace
    if tape is not None:
        _check_beside(name, given, said)
        make = partial(Pace.from_tape, tape)
    try:
        values: dict[str, Any] = {key: _value(key, value) for key, value in said.items()}
        return make(**values)
    except SettingsError as error:
        raise SettingsError(name, given, advice=str(error)) from error
    except ValueError:
        raise SettingsError(name, given, EXPECTED) from None


def _check_beside(name: str, given: str, said: dict[str, str]) -> None:
    more = [key for key in said if key not in OF_TAPES]
    if more:
        raise SettingsError(name, given, f"{', '.join(OF_TAPES)} beside a tape, which says {more[0]} itself")


def _value(key: str, value: str) -> Duration | int:
    drawn = DRAWN.fullmatch(value) if key in DURATIONS else None
    if drawn is not None:
        make = normal if drawn[1] == "normal" else lognormal
        return make(float(drawn[2]), float(drawn[3]))
    return int(value) if key in WHOLE else float(value)
