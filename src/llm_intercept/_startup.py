"""What runs when Python starts: answers from the first request on, if `LLM_INTERCEPT` asks for it.

Knows: the environment. Must not know: anything heavier than that before it is asked for. httpx and pydantic are not
imported here: the interceptor is made when the program's first request arrives.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.interceptor.handler import LazyHandler

SERVERS = ("from multiprocessing.forkserver import", "from multiprocessing.resource_tracker import")
"""What is in the command of Python's own servers, which live longer than a block; what they start is told by itself."""
SHOWN = 60  # characters of a text that the line at the start quotes
_started = False
_joined = False


def main() -> None:
    """Start what the `LLM_INTERCEPT*` variables ask for; once, however often Python's site asks for it."""
    global _started  # noqa: PLW0603 - a process starts once
    if _started or os.environ.get("LLM_INTERCEPT", "").strip().lower() in {"", "0", "off", "false"}:
        return
    _started = True
    from llm_intercept.base.foreign import overwritten  # noqa: PLC0415 - nothing is imported when the variable is unset
    from llm_intercept.errors import HookError, SettingsError  # noqa: PLC0415
    from llm_intercept.settings.environment import from_environment  # noqa: PLC0415
    from llm_intercept.settings.guard import is_guard  # noqa: PLC0415

    problem = overwritten()
    if problem:
        _stop(problem)
    try:
        if is_guard(os.environ["LLM_INTERCEPT"]):
            _begin_in_block(os.environ["LLM_INTERCEPT"])
        elif (settings := from_environment()) is not None:
            _activate(settings)
    except (SettingsError, HookError) as error:
        _stop(str(error))


def join(text: str) -> None:
    """Be in the block of another process that a text says, in none if it is empty; raises `HookError`."""
    from llm_intercept.interceptor import inside  # noqa: PLC0415 - nothing is imported when there is no block
    from llm_intercept.interceptor.children import PROCESSES  # noqa: PLC0415

    global _joined  # noqa: PLW0603 - a process has these hooks once
    if not _joined:
        _joined = True
        PROCESSES.acquire()
    inside.join(text)


def _begin_in_block(text: str) -> None:
    """Begin in the block that started this process; a server of multiprocessing, which may outlive it, does not."""
    if any(server in argument for server in SERVERS for argument in sys.orig_argv):
        del os.environ["LLM_INTERCEPT"]
        return
    import atexit  # noqa: PLC0415 - nothing is imported when the variable is unset

    join(text)
    atexit.register(_report_blocks)


def _report_blocks() -> None:
    from llm_intercept.interceptor.inside import handlers  # noqa: PLC0415 - nothing is imported when there is no block

    for handler in handlers():
        _report(handler)


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

    from llm_intercept.base.dummy_keys import STAND_IN, goes_out  # noqa: PLC0415
    from llm_intercept.clients import activation  # noqa: PLC0415
    from llm_intercept.clients.patching import TRAFFIC  # noqa: PLC0415
    from llm_intercept.interceptor.handler import LazyHandler  # noqa: PLC0415
    from llm_intercept.settings.environment import HEARD, restore  # noqa: PLC0415

    restore()
    options = dict(settings)
    reply, quiet = options.pop("reply", None), options.pop("quiet", False)
    handler = LazyHandler(
        options,
        reply,
        auto=reply is None and options["mode"] == "mock" and "rules" not in options,
        where="LLM_INTERCEPT_REPLY",
        mode_from="environment",
        report=os.environ.get(HEARD, ""),
        failed=lambda error: _stop(str(error)),
        made=_made,
    )
    TRAFFIC.acquire()
    activation.activate(handler, "process", is_environment=True)
    if options["mode"] != "block":
        STAND_IN.enter(wanted=not goes_out(options))
    atexit.register(_report, handler)
    first = _tell_run("started")
    if not quiet and first:
        _say_that_it_is_on(settings)


def _made(_: Engine) -> None:
    """Hear that the first request has come, and what is to answer."""
    _tell_run("asked")


def _tell_run(what: str) -> bool:
    """Tell `llm-intercept run` that this process is answered; whether it is the first, or was not started by it."""
    from llm_intercept.base.reports import append  # noqa: PLC0415 - nothing is imported when the variable is unset
    from llm_intercept.settings.environment import HEARD  # noqa: PLC0415

    path = os.environ.get(HEARD)
    if not path:
        return True
    first = not os.path.exists(path)  # noqa: PTH110 - pathlib is slow to import
    append(path, {what: os.getpid(), "python": sys.executable})
    return first


def _say_that_it_is_on(settings: Mapping[str, Any]) -> None:
    from llm_intercept import __version__  # noqa: PLC0415 - nothing is imported when the variable is unset
    from llm_intercept.base.foreign import beside  # noqa: PLC0415

    mode, doors = f"on (LLM_INTERCEPT={settings['mode']})", "httpx, httpx2, aiohttp, urllib3"
    _say(f"llm-intercept {__version__}: {mode}; requests to models over {doors} are {_how(settings)}")
    for problem in filter(None, (beside(), _no_family())):
        _say(f"llm-intercept: {problem}")


def _no_family() -> str:
    """Say that there is no HTTP library to answer; empty if there is."""
    from importlib.machinery import PathFinder  # noqa: PLC0415

    from llm_intercept.base.version import DISTRIBUTION  # noqa: PLC0415
    from llm_intercept.clients.family import FAMILIES  # noqa: PLC0415
    from llm_intercept.clients.urllib3_door import MODULES  # noqa: PLC0415

    if any(name in sys.modules or PathFinder.find_spec(name) for name in (*FAMILIES, *MODULES)):
        return ""
    extra = f"{DISTRIBUTION}[{FAMILIES[0]}]"
    missing = f"{', '.join(FAMILIES)} nor {MODULES[0]}"
    return f"neither {missing} is installed here, so nothing can be answered. Install one: pip install '{extra}'"


def _how(settings: Mapping[str, Any]) -> str:
    from llm_intercept.settings import DEFAULT_REPLY  # noqa: PLC0415

    tape, reply, rules = (_from_here(settings.get(name)) for name in ("recordings", "reply", "rules"))
    if settings["mode"] != "mock":
        return {
            "block": "refused",
            "replay": f"answered from the recordings in {tape}{_unless_there(settings.get('recordings'))}",
            "record": f"recorded in {tape}",
            "auto": f"answered from the recordings in {tape}; what is missing is recorded (not in CI)",
        }[settings["mode"]]
    if rules is None:
        return f"answered with {_quoted(DEFAULT_REPLY if reply is None else reply)}"
    other = f", and with {_quoted(reply)} where none matches" if reply is not None else ""
    return f"answered by the rules in {rules}{other}"


def _quoted(reply: str) -> str:
    """Quote a text that is short and made of words; what finds a secret in another is not loaded when Python starts."""
    from llm_intercept.secrets.looks import is_wordy  # noqa: PLC0415 - as above

    is_shown = len(reply) <= SHOWN and is_wordy(reply)
    return repr(reply) if is_shown else f"a text of {len(reply)} characters"


def _unless_there(tape: str | None) -> str:
    """Say that a folder to be played is not there; of a URL nothing is known."""
    return "" if tape is None or "://" in tape or os.path.isdir(tape) else ": there is no such folder"  # noqa: PTH112 - pathlib is slow to import


def _from_here(path: str | None) -> str | None:
    """Write a path as it is seen from the current folder; any other text as it is."""
    return path.removeprefix(os.getcwd() + os.sep) if path is not None else None  # noqa: PTH109 - pathlib is slow to import


def _fail_for_secret(error: Exception) -> None:
    """End the process with a failure if it recorded a secret: a run that did must not look like a good one."""
    from llm_intercept.errors import SecretInRecordingError  # noqa: PLC0415

    if isinstance(error, SecretInRecordingError):
        sys.stdout.flush()
        os._exit(3)


def _report(handler: LazyHandler) -> None:
    """Say what went unanswered, even if the program swallowed it; called when the process ends."""
    error = handler.settle()
    if error is not None:
        wrong = "\n".join([str(error), *getattr(error, "__notes__", ())])
        _say(f"\nllm-intercept: when the program ended, this had gone wrong:\n{wrong}")
        _fail_for_secret(error)
