"""What runs when Python starts: answers from the first request on, if `LLM_INTERCEPT` asks for it.

Knows: the environment. Must not know: anything heavier than that before it is asked for. httpx and pydantic are not
imported here: the interceptor is made when the program's first request arrives.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.model.wire import Exchange, WireRequest
    from llm_intercept.settings import EnvironmentSettings

_started = False


def main() -> None:
    """Start what the `LLM_INTERCEPT*` variables ask for; once, however often Python's site asks for it."""
    global _started  # noqa: PLW0603 - a process starts once
    if _started or os.environ.get("LLM_INTERCEPT", "").strip().lower() in {"", "0", "off", "false"}:
        return
    _started = True
    from llm_intercept.errors import SettingsError  # noqa: PLC0415 - nothing is imported when the variable is unset
    from llm_intercept.settings import from_environment  # noqa: PLC0415

    try:
        settings = from_environment()
    except SettingsError as error:
        _stop(str(error))
    else:
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


def _activate(settings: EnvironmentSettings) -> None:
    import atexit  # noqa: PLC0415 - nothing is imported when the variable is unset

    from llm_intercept import __version__  # noqa: PLC0415
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
    _say(
        f"llm-intercept {__version__}: on (LLM_INTERCEPT={settings.mode}); chat completions over httpx and httpx2 are "
        f"{_how(settings)}"
    )


def _how(settings: EnvironmentSettings) -> str:
    from llm_intercept.errors import shorten  # noqa: PLC0415
    from llm_intercept.settings import DEFAULT_REPLY  # noqa: PLC0415

    if settings.mode != "mock":
        return {
            "replay": f"answered from the recordings in {settings.recordings}",
            "record": f"recorded in {settings.recordings}",
            "auto": f"answered from the recordings in {settings.recordings}; what is missing is recorded (not in CI)",
        }[str(settings.mode)]
    if settings.rules is None:
        return f"answered with {shorten(DEFAULT_REPLY if settings.reply is None else settings.reply, 60)}"
    other = f", and with {shorten(settings.reply, 60)} where none matches" if settings.reply is not None else ""
    return f"answered by the rules in {settings.rules}{other}"


def _fail_for_secret(error: Exception) -> None:
    """End the process with a failure if it recorded a secret: a run that did must not look like a good one."""
    from llm_intercept.errors import SecretInRecordingError  # noqa: PLC0415

    if isinstance(error, SecretInRecordingError):
        sys.stdout.flush()
        os._exit(3)


class LazyHandler:
    """Answers like the engine of an interceptor that is made when the first request arrives."""

    def __init__(self, settings: EnvironmentSettings) -> None:
        self._settings = settings

    def exchange(self, request: WireRequest, outer: Sequence[Any], /) -> Exchange | None:
        """Begin an exchange, see `Engine.exchange`."""
        return self.engine().exchange(request, outer)

    def engine(self) -> Engine:
        """Return the engine, which is made now if no request came before."""
        return self._engine

    def unseen(self, library: str, host: str, /) -> None:
        """Hear of a library on its way to `host`, see `Engine.unseen`."""
        from llm_intercept.base.hosts import is_llm_host  # noqa: PLC0415

        if is_llm_host(host):
            self._engine.unseen(library, host)

    def report(self) -> None:
        """Say what went unanswered, even if the program swallowed it; called when the process ends."""
        error = self._engine.settle() if "_engine" in self.__dict__ else None
        if error is not None:
            _say(f"\nllm-intercept: when the program ended, this had gone wrong:\n{error}")
            _fail_for_secret(error)

    @functools.cached_property
    def _engine(self) -> Engine:
        from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415
        from llm_intercept.interceptor.interceptor import Interceptor  # noqa: PLC0415 - it imports pydantic
        from llm_intercept.replies.make import auto  # noqa: PLC0415

        settings = self._settings
        is_bare = settings.mode == "mock" and settings.reply is None and settings.rules is None
        reply = auto() if is_bare else settings.reply
        names = ("mode", "recordings", "unmatched", "rules", "log")
        try:
            engine = Interceptor(reply, **{name: getattr(settings, name) for name in names}).engine
        except LLMInterceptError as error:  # of the file of rules, or the log's
            _stop(str(error))
            raise
        engine.journal.keep = False
        return engine
