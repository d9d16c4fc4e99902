"""What of an interceptor can be said to another process, and why the rest cannot.

Knows: settings and replies. Must not know: environments, processes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.replies.kinds import AutoReply
from llm_intercept.settings import BY_NAME, WITHOUT_TAPE
from llm_intercept.settings.values import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PLAIN = ("mode", "unmatched", "passthrough", "seed", "created", "time_scale", "replay_speed", "max_age", "old_takes")
"""Settings that are said as they are."""
PATHS = ("recordings", "rules", "log")
"""Settings that are said as paths from anywhere."""
OBJECTS = ("tokenizer", "pace")
"""Settings that are objects of Python, or a word for one."""
NO_REPLY = "it has no reply for every request"


@dataclass(slots=True)
class PassedOn:
    """What an interceptor was made of, and what was added in Python since.

    Attributes:
        reply: What it answers where no rule does.
        settings: The value of every setting.
        added: What was added that no other process can be given; empty for nothing.
        refuses: Why it answers nothing, where it is there to refuse.
        changed: Is called when something was added, while a block is active.

    """

    reply: object
    settings: Mapping[str, Any]
    added: str = ""
    refuses: str = ""
    changed: Callable[[], None] | None = None

    def add(self, what: str) -> None:
        """Note that something was added in Python."""
        if not self.added:
            self.added = what
            if self.changed is not None:
                self.changed()

    @property
    def text(self) -> str | None:
        """The reply, if it is a text."""
        return self.reply if isinstance(self.reply, str) else None

    @property
    def is_auto(self) -> bool:
        """Whether the reply is a plain `auto()`."""
        return self.reply == AutoReply()

    @property
    def answers_all(self) -> bool:
        """Whether nothing is left for others to answer."""
        return self.reply is not None

    def why_not(self) -> str:
        """Say why its answers cannot be passed on; empty if they can."""
        settings = self.settings
        if self.refuses:
            return self.refuses
        if self.added:
            return f"{self.added} cannot be given to another process"
        if self.reply is not None and self.text is None and not self.is_auto:
            return "its reply is an object of Python, which cannot be given to another process"
        if self.is_auto and settings["rules"]:
            return "auto() beside files of rules cannot be said to another process"
        for name in OBJECTS:
            if not isinstance(settings[name], str | None):
                return f"{name}= is an object of Python, which cannot be given to another process"
        if any(callable(one) for one in listed(settings["rules"])):
            return "rules= has a function, which cannot be given to another process"
        if settings["mode"] not in WITHOUT_TAPE and not isinstance(settings["recordings"], str | os.PathLike):
            return "Recordings(…) is an object of Python; recordings= as a path could be given to another process"
        if settings["mode"] == "mock" and self.reply is None and not settings["rules"]:
            return NO_REPLY
        return ""

    def said(self) -> dict[str, Any]:
        """Return the settings as plain values, of which JSON can be made."""
        found = {name: _plain(self.settings[name]) for name in PLAIN}
        found |= {name: _absolute(self.settings[name]) for name in PATHS}
        for name in OBJECTS:
            if isinstance(said := self.settings[name], str):
                found[name] = BY_NAME[name].kind.seen_from(os.getcwd(), said)  # noqa: PTH109 - as below
        if self.why_not():
            found |= self._refusing()
        return {name: value for name, value in found.items() if value is not None}

    def _refusing(self) -> dict[str, Any]:
        """Return what else is said where its answers cannot be: what is let out still is, if there are no rules."""
        lets_out = self.settings["unmatched"] in {"passthrough", "warn"} and self.why_not() != NO_REPLY
        policy = BY_NAME["unmatched"].default if lets_out else self.settings["unmatched"]
        return {"mode": "block", "rules": None, "recordings": None, "unmatched": policy}


def _plain(value: object) -> object:
    return [*cast("Iterable[object]", value)] if isinstance(value, tuple | set | frozenset) else value


def _absolute(value: object) -> object:
    """Make paths absolute, one or several; what is no path is none."""
    if isinstance(value, list | tuple):
        return [path for one in cast("Iterable[object]", value) if (path := _absolute(one)) is not None]
    if not isinstance(value, str | os.PathLike):
        return None
    text = os.fspath(cast("str | os.PathLike[str]", value))
    return text if "://" in text else os.path.abspath(text)  # noqa: PTH100 - pathlib is slow where a block takes microseconds
