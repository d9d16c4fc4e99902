"""What the processes are told that are started inside a block: by the environment, by multiprocessing, with their work.

While a block is active, `LLM_INTERCEPT` says what a process started inside it does with its requests. A value of the
user's own stays, and what the program makes of the variable stays too.

Knows: blocks, environments, how Python starts processes. Must not know: how a process joins a block, requests.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.clients import activation
from llm_intercept.clients.patching import HookSet
from llm_intercept.interceptor.inside import Joining, Within, forked
from llm_intercept.settings import SWITCH
from llm_intercept.settings.guard import LONGEST, Guard, is_guard, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from llm_intercept.interceptor.passed_on import PassedOn

NESTED = "it has no reply for every request, and the blocks around it, which are asked then, are not passed on"
SEVERAL = "several blocks are active at the same time, of which some are of one task or thread alone"
TOO_LONG = "what it would be told is too long for an environment variable"


_numbers = itertools.count(1)
_folder: list[str] = []
"""The folder in which other processes tell this one of their calls; made for the first block, removed at the end."""


def _report() -> str:
    """Name a file that other processes may make; empty where there can be none."""
    if not _folder:
        import tempfile  # noqa: PLC0415 - a process that is told of a block imports this module, and begins none

        try:
            _folder.append(tempfile.mkdtemp(prefix="llm-intercept-"))
        except OSError:
            return ""
        _at_the_end(_remove, _folder[0], os.getpid())
    return os.path.join(_folder[0], f"{os.getpid()}-{next(_numbers)}")  # noqa: PTH118 - pathlib is slow


@dataclass(eq=False, slots=True)
class Block:
    """A block as its children see it.

    Attributes:
        passed_on: What of its answers can be said.
        where: Its place, for messages.
        tell: Lets a forked copy of it tell a file what it answers.
        report: That file.
        active: Its activation, while it is active.
        process: The process it is in.

    """

    passed_on: PassedOn
    where: str
    tell: Callable[[str], None]
    report: str = field(default_factory=_report)
    active: activation.Activation | None = None
    process: int = field(default_factory=os.getpid)

    def enter(self, active: activation.Activation) -> None:
        """Tell the processes that are started from now on."""
        self.active = active
        self.passed_on.changed = _environment.say
        _environment.enter(self)

    def leave(self) -> None:
        """Tell them no longer."""
        self.active = self.passed_on.changed = None
        _environment.leave(self)

    @property
    def is_copy(self) -> bool:
        """Whether this is the copy that a forked process has."""
        return self.process != os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether it answers for this task and thread."""
        return self.active is not None and activation.is_here(self.active)

    @property
    def is_for_all(self) -> bool:
        """Whether it answers for the whole process."""
        return self.active is not None and self.active.scope == "process"


class _Environment:
    """The variable, and the blocks that it speaks of, the newest first."""

    def __init__(self) -> None:
        self.blocks: tuple[Block, ...] = ()
        self.lock = threading.RLock()
        self._found: str | None = None
        self._said: str | None = None

    def enter(self, block: Block) -> None:
        with self.lock:
            if not self.blocks:
                self._said = _value()
                self._found = None if _is_of_this_process(self._said) else self._said
            self.blocks = (block, *self.blocks)
            self.say()

    def leave(self, block: Block) -> None:
        with self.lock:
            self.blocks = tuple(one for one in self.blocks if one is not block)
            if self.blocks:
                self.say()
            else:
                self._put(self._found)

    def say(self) -> None:
        """Say what holds now, if the variable is not the user's own."""
        with self.lock:
            if self.blocks and not _is_users(_value()):
                self._put(_text(self.blocks))

    def said_here(self) -> str | None:
        """Return what holds for this task and thread, empty for no block; None if there is nothing to say at all."""
        with self.lock:
            value = _value()
            if _is_users(value):
                return None
            here = [one for one in self.blocks if one.is_here]
            if here:
                return _text(here)
            inherited = self._found if self.blocks else value
            return inherited if is_guard(inherited) else "" if self.blocks else None

    def _put(self, value: str | None) -> None:
        """Set the variable, or take it away, unless the program has made it something else since."""
        now = _value()
        if now != self._said and not _is_of_this_process(now):
            return
        self._said = value
        if value is None:
            os.environ.pop(SWITCH, None)
        elif value != now:
            os.environ[SWITCH] = value


def _value() -> str | None:
    return os.environ.get(SWITCH)


def _is_users(value: str | None) -> bool:
    """Whether a user, or the program, has said what is to be done."""
    return bool(value) and not is_guard(value)


def _is_of_this_process(value: str | None) -> bool:
    """Whether a block of this process said it, as one may have that has ended and that the program brought back."""
    return is_guard(value) and read(value or "").process == os.getpid()


def _text(blocks: Sequence[Block]) -> str:
    """Say what processes do that are started inside blocks, the newest first: the newest answers, if it answers all."""
    newest = blocks[0]
    said = newest.passed_on.said()
    guard = Guard(
        newest.where,
        os.getpid(),
        said,
        newest.passed_on.text,
        auto=newest.passed_on.is_auto,
        why=newest.passed_on.why_not(),
        report=newest.report,
    )
    if len(blocks) > 1 and not guard.why:
        guard = _among(guard, blocks)
    if len(text := str(guard)) > LONGEST:
        text = str(_refusing(guard, TOO_LONG))
    return text


def _among(guard: Guard, blocks: Sequence[Block]) -> Guard:
    """Let the newest of several blocks refuse, where it alone cannot say what the others would answer."""
    if not all(one.is_for_all for one in blocks):
        return _refusing(guard, SEVERAL)
    return guard if blocks[0].passed_on.answers_all else _refusing(guard, NESTED)


def _refusing(guard: Guard, why: str) -> Guard:
    return Guard(guard.where, guard.process, {"mode": "block"}, why=why, report=guard.report)


_environment = _Environment()


def _at_the_end(function: Callable[..., None], *arguments: object) -> None:
    """Call a function when this process ends; one that multiprocessing has forked does not run what `atexit` has."""
    atexit.register(function, *arguments)
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, function, args=arguments, exitpriority=0)


def _remove(folder: str, process: int) -> None:
    if process == os.getpid():
        import shutil  # noqa: PLC0415 - as for tempfile

        shutil.rmtree(folder, ignore_errors=True)


def _forked() -> None:
    """Let this copy of the process tell what its copies of the blocks answer."""
    _environment.lock = threading.RLock()
    for block in _environment.blocks:
        if block.active is not None:
            forked(block.report, block.active)
            block.tell(block.report)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forked)


def _hook_spawn(module: ModuleType, hooks: HookSet) -> None:
    hooks.add(module, "get_preparation_data", _preparing)


def _hook_pool(module: ModuleType, hooks: HookSet) -> None:
    hooks.add(module.ProcessPoolExecutor, "submit", _submitting)


def _preparing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Tell a process that is spawned, or forked by a server that knows nothing of this block, what holds here."""

    def get_preparation_data(*args: Any, **kwargs: Any) -> Any:
        data, text = original(*args, **kwargs), _environment.said_here()
        return data if text is None else {**data, "llm_intercept": Joining(text)}

    return get_preparation_data


def _submitting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Tell a worker, which may be older than this block, what holds here for the work it is given."""

    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        text = _environment.said_here()
        return original(executor, function if text is None else Within(text, function), *args, **kwargs)

    return submit


PROCESSES = HookSet({"multiprocessing.spawn": _hook_spawn, "concurrent.futures.process": _hook_pool})
