"""What runs when Python starts: answers from the first request on, if `LLM_INTERCEPT` asks for it.

Knows: the environment. Must not know: anything heavier than that before it is asked for. httpx and pydantic are not
imported here: the interceptor is made when the program's first request arrives.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.model.wire import Contact, Exchange, WireRequest

_started = False


def main() -> None:
    """Start what the `LLM_INTERCEPT*` variables ask for; once, however often Python's site asks for it."""
    global _started  # noqa: PLW0603 - a process starts once
    if _started or os.environ.get("LLM_INTERCEPT", "").strip().lower() in {"", "0", "off", "false"}:
        return
    _started = True
    from llm_intercept.base.foreign import overwritten  # noqa: PLC0415 - nothing is imported when the variable is unset
    from llm_intercept.errors import SettingsError  # noqa: PLC0415
    from llm_intercept.settings.environment import from_environment  # noqa: PLC0415

    problem = overwritten()
    if problem:
        _stop(problem)
    try:
        settings = from_environment()
    except SettingsError as error:
        _stop(str(error))
        return
    if settings is not None:
        _activate(settings)


def _say(message: str) -> None:
    """Write a line to stderr, if the process has one."""
    try:
        sys.stderr.write(message + "\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # a daemon or a windowed program has none, or it is closed
        return


def _stop(message: str) -> None:
    """End the process: an exception here would be printed by Python's site and then ignored."""
    try:
        _say(f"llm-intercept: {message}")
    finally:
        os._exit(2)


def _activate(settings: Mapping[str, Any]) -> None:
    import atexit  # noqa: PLC0415 - nothing is imported when the variable is unset

    from llm_intercept import __version__  # noqa: PLC0415
    from llm_intercept.base.foreign import beside  # noqa: PLC0415
    from llm_intercept.clients import activation  # noqa: PLC0415
    from llm_intercept.clients.patching import TRAFFIC  # noqa: PLC0415
    from llm_intercept.errors import HookError  # noqa: PLC0415

    handler = LazyHandler(settings)
    try:
        TRAFFIC.acquire()
    except HookError as error:
        _stop(str(error))
    activation.activate(handler, "process")
    atexit.register(handler.report)
    mode = f"on (LLM_INTERCEPT={settings['mode']})"
    _say(f"llm-intercept {__version__}: {mode}; requests to models over httpx and httpx2 are {_how(settings)}")
    for problem in filter(None, (beside(), _no_family())):
        _say(f"llm-intercept: {problem}")


def _no_family() -> str:
    """Say that there is no HTTP library to answer; empty if there is."""
    from importlib.machinery import PathFinder  # noqa: PLC0415

    from llm_intercept.base.version import DISTRIBUTION  # noqa: PLC0415
    from llm_intercept.clients.family import FAMILIES  # noqa: PLC0415

    if any(name in sys.modules or PathFinder.find_spec(name) for name in FAMILIES):
        return ""
    extra = f"{DISTRIBUTION}[{FAMILIES[0]}]"
    missing = " nor ".join(FAMILIES)
    return f"neither {missing} is installed here, so nothing can be answered. Install one: pip install '{extra}'"


def _how(settings: Mapping[str, Any]) -> str:
    from llm_intercept.errors import shorten  # noqa: PLC0415
    from llm_intercept.settings import DEFAULT_REPLY  # noqa: PLC0415

    tape, reply, rules = (_from_here(settings.get(name)) for name in ("recordings", "reply", "rules"))
    if settings["mode"] != "mock":
        return {
            "replay": f"answered from the recordings in {tape}",
            "record": f"recorded in {tape}",
            "auto": f"answered from the recordings in {tape}; what is missing is recorded (not in CI)",
        }[settings["mode"]]
    if rules is None:
        return f"answered with {shorten(DEFAULT_REPLY if reply is None else reply, 60)}"
    other = f", and with {shorten(reply, 60)} where none matches" if reply is not None else ""
    return f"answered by the rules in {rules}{other}"


def _from_here(path: str | None) -> str | None:
    """Write a path as it is seen from the current folder; any other text as it is."""
    return path.removeprefix(os.getcwd() + os.sep) if path is not None else None  # noqa: PTH109 - pathlib is slow to import


def _fail_for_secret(error: Exception) -> None:
    """End the process with a failure if it recorded a secret: a run that did must not look like a good one."""
    from llm_intercept.errors import SecretInRecordingError  # noqa: PLC0415

    if isinstance(error, SecretInRecordingError):
        sys.stdout.flush()
        os._exit(3)


class LazyHandler:
    """Answers like the engine of an interceptor that is made when the first request arrives."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        from llm_intercept.base.once import Once  # noqa: PLC0415 - nothing is imported when the variable is unset

        self._settings = settings
        self._engine = Once(self._make)

    def exchange(self, request: WireRequest, outer: Sequence[Any], /) -> Exchange | None:
        return self.engine().exchange(request, outer)

    def engine(self) -> Engine:
        return self._engine.get()

    def unseen(self, contact: Contact, outer: Sequence[Any], /) -> None:
        from llm_intercept.base.hosts import is_llm_place  # noqa: PLC0415
        from llm_intercept.base.questions import asks_a_model  # noqa: PLC0415

        head = contact.head
        asks = asks_a_model(head.method, head.path, head.headers) != "no" or is_llm_place(head.host, head.path)
        if asks or "host" in head.headers or self._settings.get("network") == "none":
            self.engine().unseen(contact, outer)

    def report(self) -> None:
        """Say what went unanswered, even if the program swallowed it; called when the process ends."""
        error = self.engine().settle() if self._engine.is_made else None
        if error is not None:
            _say(f"\nllm-intercept: when the program ended, this had gone wrong:\n{error}")
            _fail_for_secret(error)

    def _make(self) -> Engine:
        from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415
        from llm_intercept.interceptor.interceptor import Interceptor, engine_of  # noqa: PLC0415 - it imports pydantic
        from llm_intercept.replies.make import auto  # noqa: PLC0415

        options = dict(self._settings)
        reply = options.pop("reply", None)
        if reply is None and options["mode"] == "mock" and "rules" not in options:
            reply = auto()
        try:
            engine = engine_of(Interceptor(reply, **options))
        except LLMInterceptError as error:  # of the file of rules, or the log's
            _stop(str(error))
            raise
        engine.journal.keep = False
        return engine
