"""A target: inputs and the law that each of them must keep; and the hunt for one that breaks it."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import UnsatisfiedAssumption

import llm_intercept
from llm_intercept.errors import AnswerError, LLMInterceptError, LLMInterceptWarning
from llm_intercept.shown import STEERING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

ROUND = 200
"""How many inputs one seed makes, at the most."""
BOUND = 3.0
"""How many seconds of the processor an input may take."""
WAITED = 300.0
"""How many seconds it may take by the clock, on a machine that others use too."""
SHRINKING = 20.0
"""How many seconds an input that broke a law is made smaller."""
HERE = Path(__file__).parent
OURS = Path(llm_intercept.__file__).parent
BLUNDER = re.compile(
    r"\b(?:Type|Attribute|Key|Index|Lookup|Recursion|Overflow|Name|UnboundLocal|UnicodeEncode|UnicodeDecode|Assertion)Error\b"
)
"""What no clear text says: the name of an exception that a mistake of ours raises."""


class TooLongError(BaseException):
    """An input took longer than it may; no `except Exception` hears of it."""


class _EnoughError(BaseException):
    """The time for this round is over."""


@dataclass(frozen=True)
class Target:
    """Inputs and their law.

    Attributes:
        law: Gets an input, and raises if it breaks the law that its docstring says.
        inputs: Makes the inputs.

    """

    law: Callable[[Any], object]
    inputs: SearchStrategy[Any]

    @property
    def name(self) -> str:
        """Its module and its function."""
        return f"{self.law.__module__.rpartition('.')[2]}.{self.law.__name__}"


@dataclass(frozen=True)
class _Input:
    """An input, which hypothesis would write out: too deep for it, some of them."""

    value: Any

    def __repr__(self) -> str:
        return "…"


@dataclass
class Finding:
    """A way to break a law, told from others by what was raised where; the shortest input, and the seed of its round."""

    what: str
    where: str
    seed: int
    input: str
    trace: str


@dataclass
class Hunt:
    """What came of a hunt."""

    target: Target
    inputs: int = 0
    seconds: float = 0.0
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict[tuple[str, str], Finding])


def target(inputs: SearchStrategy[Any]) -> Callable[[Callable[[Any], object]], Target]:
    """Make a target of a law."""
    return lambda law: Target(law, inputs)


@contextlib.contextmanager
def clear() -> Iterator[None]:
    """Let one of our errors pass that says to a user what is wrong; any other exception breaks the law."""
    try:
        yield
    except LLMInterceptError as error:
        check_clear(error)


def check_clear(error: LLMInterceptError) -> None:
    """Raise if an error is a mistake of ours in other words, says nothing, or steers a terminal."""
    text = str(error)
    assert text.strip(), f"{type(error).__name__} says nothing"
    check_shown(text)
    cause = error.__cause__
    if isinstance(error, AnswerError) or (BLUNDER.search(text) and not isinstance(cause, LLMInterceptError | None)):
        raise error if cause is None else cause


def check_shown(text: str) -> None:
    """Raise if a text steers a terminal."""
    found = STEERING.search(text.replace("\n", "").replace("\t", ""))
    assert found is None, f"a terminal would obey {found}"


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raise `TooLongError` in what takes longer, or after it, where that hears of no alarm."""

    def late(*_: object) -> None:
        raise TooLongError(f"it took more than {seconds:g} s")

    begin = time.process_time()
    alarms = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, WAITED)}
    before = {number: signal.signal(number, late) for number in alarms}
    for timer, limit in alarms.values():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for number, (timer, _) in alarms.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
    if time.process_time() - begin > seconds:
        late()


def _try(one: Target, value: Any) -> BaseException | None:
    """Hold an input against the law; return what it raised."""
    try:
        with _bounded(BOUND), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", LLMInterceptWarning)
            one.law(value)
    except (KeyboardInterrupt, SystemExit, UnsatisfiedAssumption):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it breaks the law
        return error
    return None


def _where(error: BaseException) -> str:
    """Say the innermost line of ours that raised, or else of the law."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if Path(one.filename).is_relative_to(OURS)]
    laws = [
        one for one in frames if Path(one.filename).is_relative_to(HERE) and Path(one.filename) != HERE / "target.py"
    ]
    found = (ours or laws or list(frames))[-1]
    if isinstance(error, TooLongError | RecursionError):  # where these are raised is chance
        return "anywhere"
    return f"{Path(found.filename).name}:{found.lineno}"


def hunt(one: Target, *, seconds: float = 1e9, examples: int = 10**9, first_seed: int | None = None) -> Hunt:
    """Try inputs until the seconds are over or so many were made; an input that breaks a law again is passed over.

    Args:
        one: The target.
        seconds: For how long, but for the input that is tried then.
        examples: How many inputs.
        first_seed: The seed of the first round; the next has the next. By default any.

    """
    found = Hunt(one)
    begin = time.perf_counter()
    number = random.randrange(10**6) if first_seed is None else first_seed
    while time.perf_counter() - begin < seconds and found.inputs < examples:
        _round(found, number, min(ROUND, examples - found.inputs), begin + seconds)
        number += 1
    found.seconds = time.perf_counter() - begin
    return found


def _round(found: Hunt, number: int, examples: int, end: float) -> None:
    """Try the inputs of one seed; those that break a law in a new way are made smaller."""
    new: dict[tuple[str, str], Finding] = {}
    enough = end

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    @given(found.target.inputs.map(_Input))
    def law(given_one: _Input) -> None:
        nonlocal enough
        value = given_one.value
        if time.perf_counter() > enough:
            raise _EnoughError
        found.inputs += 1
        error = _try(found.target, value)
        if error is None:
            return
        key = type(error).__name__, _where(error)
        if key in found.findings:
            return
        enough = min(enough, time.perf_counter() + SHRINKING) if key not in new else enough
        shown = repr(value)
        if key not in new or len(shown) <= len(new[key].input):
            trace = "".join(traceback.format_exception(error))
            new[key] = Finding(f"{key[0]}: {str(error)[:300]}", key[1], number, shown, trace)
        try:
            raise error  # so that it is the context, by which hypothesis tells findings apart
        except BaseException as raised:
            raise AssertionError(str(key)) from raised

    with contextlib.suppress(_EnoughError, AssertionError, ExceptionGroup):
        law()
    found.findings.update(new)
