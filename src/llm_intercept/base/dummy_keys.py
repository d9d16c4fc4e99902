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


def missing(environment: Mapping[str, str]) -> dict[str, str]:
    """Say what an environment lacks: a dummy for each variable, unless it or one that says the same is set."""
    return {names[0]: DUMMY for names in VARIABLES if not any(environment.get(name) for name in names)}


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
        self._set: dict[str, str] = {}
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Let dummies stand in, where nothing is set."""
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._set = missing(os.environ)
                os.environ.update(self._set)

    def leave(self) -> None:
        """Take them away with the last that answers, but for what the program has set since."""
        with self._lock:
            self._count -= 1
            if not self._count:
                for name, value in self._set.items():
                    if os.environ.get(name) == value:
                        del os.environ[name]


STAND_IN = _StandIn()
