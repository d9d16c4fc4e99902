"""The key that stands in where a program has none while it is answered, and where clients look for one.

Knows: environments. Must not know: clients, requests. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

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


def is_dummy(values: Iterable[str]) -> bool:
    """Whether one of some header values holds the dummy."""
    return any(DUMMY in value for value in values)


class _StandIn:
    """The dummies in this process's environment, there while anybody answers."""

    def __init__(self) -> None:
        self._count = 0
        self._before: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Let dummies stand in, where nothing is set."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                lacks = missing(os.environ)
                found = {name: os.environ.get(name) for name in lacks}
                self._before = {name: None if one == DUMMY else one for name, one in found.items()}
                os.environ.update(lacks)

    def leave(self) -> None:
        """Take them away with the last that answers, but for what the program has set since."""
        with self._lock:
            self._count -= 1
            if not self._count:
                self._restore()

    def sweep(self) -> None:
        """Take away what was brought back of them since the last answered."""
        with self._lock:
            if not self._count:
                self._restore()

    def _restore(self) -> None:
        for name, before in self._before.items():
            if os.environ.get(name) == DUMMY:
                if before is None:
                    del os.environ[name]
                else:
                    os.environ[name] = before


STAND_IN = _StandIn()
