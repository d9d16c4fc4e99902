"""How a process joins the block that it was started in: as its environment says, or as it is told with its work.

Knows: what a block says of itself (`settings/guard.py`). Must not know: the block. Imports nothing heavy: it runs at
interpreter start.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.activation import Activation, activate, deactivate
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.facts import Refusal
from llm_intercept.interceptor.handler import LazyHandler
from llm_intercept.settings import SWITCH
from llm_intercept.settings.guard import Guard, is_guard, read

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from llm_intercept.errors import LLMInterceptError

ADVICE = (
    "What is passed on to other processes: a text (intercept('text')), auto(), files of rules (rules='rules.toml'),\n"
    "recordings= as a path. Or say in that process's environment what it is to do: LLM_INTERCEPT=mock with\n"
    "LLM_INTERCEPT_REPLY=… or LLM_INTERCEPT_RULES=…; LLM_INTERCEPT=0 lets its requests out."
)
JOIN = """
try:
    from llm_intercept._startup import join
except ImportError:
    pass
else:
    join(text)
"""


class Joining:
    """Is sent to a process that multiprocessing starts, and joins the block there when it is read.

    It is read before the process has the import path of the one that started it, so that it brings no class of ours.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (JOIN, {"text": self._text})


@dataclass(frozen=True, slots=True)
class Within:
    """A function that is run inside a block, in a process that may have been started before it."""

    text: str
    function: Callable[..., Any]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        with _inside(self.text):
            return self.function(*args, **kwargs)


@dataclass(slots=True)
class _State:
    """The block that this process is in, as it was said; and the blocks that it was forked in, by their reports."""

    text: str = ""
    activation: Activation | None = None
    is_hooked: bool = False
    forked_in: dict[str, Activation] = field(default_factory=dict[str, Activation])


_state = _State()
_handlers: dict[str, LazyHandler] = {}


def join(text: str) -> None:
    """Be in the block that a text says, and in no other; in none if it is empty. Raises `HookError`."""
    if text == _state.text:
        return
    if not _state.is_hooked:
        TRAFFIC.acquire()
        _state.is_hooked = True
    if _state.activation is not None:
        deactivate(_state.activation)
    _state.activation = activate(_handler(text), "process") if text else None
    _state.text = text
    _say(text)


def handlers() -> tuple[LazyHandler, ...]:
    """Return what answers for the blocks that this process was told of."""
    return tuple(_handlers.values())


def forked(report: str, copy: Activation) -> None:
    """Note that this process was forked inside a block, and so has a copy of all it answers."""
    _state.forked_in[report] = copy


@contextmanager
def _inside(text: str) -> Generator[None]:
    """Be in a block for a while; a process that was forked in it is."""
    before = _state.text
    if text and read(text).report in _state.forked_in:
        yield
        return
    for copy in _state.forked_in.values():  # of other blocks
        deactivate(copy)
    _state.forked_in.clear()
    join(text)
    try:
        yield
    finally:
        join(before)


def _say(text: str) -> None:
    """Tell the processes that this one starts."""
    if text:
        os.environ[SWITCH] = text
    elif is_guard(os.environ.get(SWITCH)):
        del os.environ[SWITCH]


def _handler(text: str) -> LazyHandler:
    if text not in _handlers:
        guard = read(text)
        _handlers[text] = LazyHandler(
            guard.settings,
            guard.reply,
            auto=guard.auto,
            where=guard.where,
            refusal=refusal_of(guard),
            report=guard.report,
            failed=_failed,
        )
    return _handlers[text]


def refusal_of(guard: Guard) -> Refusal | None:
    """Say why a process in a block answers nothing; None if it does."""
    if not guard.why:
        return None
    problem = (
        f"llm-intercept: this process ({os.getpid()}) was started inside a block ({guard.where}, in process "
        f"{guard.process}), whose answers it does not have: {guard.why}."
    )
    return Refusal(problem, ADVICE)


def _failed(error: LLMInterceptError) -> None:
    """End the process: without answers its requests would go out."""
    try:
        sys.stderr.write(f"llm-intercept: {error}\n")
    finally:
        os._exit(2)
