"""The key that stands in where a program has none while it is answered, and where clients look for one.

Knows: environments. Must not know: clients, requests. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import os
import threading
from binascii import Error, a2b_base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DUMMY = "llm-intercept-dummy-key"
VARIABLES: tuple[tuple[str, ...], ...] = (
    ("OPENAI_API_KEY",),
    ("AZURE_OPENAI_API_KEY",),
    ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ("CO_API_KEY", "COHERE_API_KEY"),
    ("MISTRAL_API_KEY",),
    ("GROQ_API_KEY",),
    ("TOGETHER_API_KEY",),
    ("FIREWORKS_API_KEY",),
    ("OPENROUTER_API_KEY",),
    ("DEEPSEEK_API_KEY",),
    ("XAI_API_KEY",),
    ("CEREBRAS_API_KEY",),
    ("PERPLEXITY_API_KEY",),
)
"""Where clients look, the variable that is set first and those that say the same. Not Amazon's: other clients, which
nobody answers, would take what stands there before what is in their own files."""
AMAZON = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
AMAZON_FILES = ("credentials", "config")


_UNSET = (None, "", DUMMY)
"""What stands for no key; a dummy may have been brought back by who restores an environment of within a block."""


def missing(environment: Mapping[str, str]) -> dict[str, str]:
    """Say what an environment lacks: a dummy for each variable, unless it or one that says the same is set."""
    return {names[0]: DUMMY for names in VARIABLES if all(environment.get(name) in _UNSET for name in names)}


def missing_of_amazon(environment: Mapping[str, str]) -> dict[str, str]:
    """Say what an environment lacks of Amazon's keys, where neither it nor a file says where these come from."""
    folder = os.path.expanduser("~/.aws")  # noqa: PTH111 - pathlib is not loaded when Python starts
    if any(name.startswith("AWS_") and "REGION" not in name and environment[name] for name in environment):
        return {}
    if any(os.path.exists(os.path.join(folder, name)) for name in AMAZON_FILES):  # noqa: PTH110, PTH118 - as above
        return {}
    return dict.fromkeys(AMAZON, DUMMY)


def goes_out(settings: Mapping[str, Any]) -> bool:
    """Whether something goes to the network by what a process is told, and so needs the program's own keys."""
    if settings["mode"] in {"record", "auto"} or settings.get("unmatched") in {"passthrough", "warn"}:
        return True
    return leads_away(settings.get("passthrough", ()))


def leads_away(passthrough: Iterable[str]) -> bool:
    """Whether `passthrough` lets out what needs the program's own keys: more than what goes to this machine.

    A program may read them from a file only where none is set.
    """
    from llm_intercept.base.hosts import is_local  # noqa: PLC0415 - it has all hosts, and few let anything out

    return any(not is_local(_host_of(one)) for one in passthrough)


def _host_of(place: str) -> str:
    """Read the host of what is let out: `host`, `host:port`, `::1`, `[::1]:port`, `host/path`."""
    host = place.partition("/")[0]
    if host.startswith("["):
        return host.partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def leaves_with_dummy(host: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> bool:
    """Whether a request to a host would take the dummy from this machine, wherever in it that is."""
    if DUMMY in url or DUMMY.encode() in content or any(map(_holds, headers.values())):
        from llm_intercept.base.hosts import is_local  # noqa: PLC0415 - as above

        return not is_local(host)
    return False


def _holds(value: str) -> bool:
    """Whether a header's value has the dummy, also as a password."""
    if DUMMY in value:
        return True
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        return DUMMY.encode() in a2b_base64(encoded)
    except (Error, ValueError):
        return False


class _StandIn:
    """The dummies in this process's environment, as the innermost of those who answer wants them."""

    def __init__(self) -> None:
        self._wanted: list[tuple[object, bool]] = []
        self._are_there = False
        self._before: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def enter(self, *, wanted: bool) -> object:
        """Let dummies stand in, or keep them away, where nothing is set; gives what ends that."""
        token = object()
        with self._lock:
            self._wanted.append((token, wanted))
            self._follow()
        return token

    def leave(self, token: object) -> None:
        """End what `enter` began, but for what the program has set since."""
        with self._lock:
            self._wanted = [one for one in self._wanted if one[0] is not token]
            self._follow()

    def sweep(self) -> None:
        """Take away what was brought back of them since they were there."""
        with self._lock:
            if not self._are_there:
                self._restore()

    def _follow(self) -> None:
        wanted = bool(self._wanted) and self._wanted[-1][1]
        if wanted and not self._are_there:
            lacks = missing(os.environ)
            found = {name: os.environ.get(name) for name in lacks}
            self._before = {name: None if one == DUMMY else one for name, one in found.items()}
            os.environ.update(lacks)
        elif self._are_there and not wanted:
            self._restore()
        self._are_there = wanted

    def _restore(self) -> None:
        for name, before in self._before.items():
            if os.environ.get(name) == DUMMY:
                if before is None:
                    del os.environ[name]
                else:
                    os.environ[name] = before


STAND_IN = _StandIn()
