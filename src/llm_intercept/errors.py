"""Every error a user can meet, each built from typed facts so that its text says what happened and what to do next.

Knows: words. Must not know: HTTP libraries, rules, dialects; they hand over facts as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN_RULES = 3
SHOWN_CHARACTERS = 120


def shorten(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Quote `text` for one line of a message, cut to `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(cut)


class LLMInterceptError(Exception):
    """The base of every error llm-intercept raises."""


class SettingsError(LLMInterceptError, ValueError):
    """A setting (an argument, an environment variable, a file's key) has a value that cannot be used."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name, self.value, self.expected = name, value, expected
        super().__init__(f"{name}={value!r} cannot be used. Use {expected}.")


class ReplyError(LLMInterceptError, TypeError):
    """What was given as a reply cannot be one."""

    def __init__(self, problem: str, advice: str, where: str = "") -> None:
        self.problem, self.advice, self.where = problem, advice, where
        super().__init__(f"{problem}{f' (at {where})' if where else ''}. {advice}")


class WrapError(LLMInterceptError, TypeError):
    """What was given to `wrap` holds no HTTP client that can be wrapped, or was never wrapped."""


class ReplyFunctionError(LLMInterceptError):
    """A reply function or a condition of the test raised; `__cause__` is what it raised."""

    def __init__(self, rule: str, where: str, cause: BaseException) -> None:
        self.rule, self.where = rule, where
        self.__cause__ = cause
        super().__init__(
            f"The function of rule {rule} ({where}) raised {type(cause).__name__}: {cause}. "
            "It was called to answer a request; mend it, or raise one of the HTTP library's own exceptions "
            "to make the request itself fail."
        )


class ShadowedRuleWarning(UserWarning):
    """A rule was made that can never answer, because an earlier one answers everything for ever."""


class UnmatchedWarning(UserWarning):
    """A request that nothing answers was let through, as `unmatched="warn"` asks."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A request in short, for messages."""

    method: str
    url: str
    model: str = ""
    last_user: str = ""
    tools: tuple[str, ...] = ()
    stream: bool = False

    def __str__(self) -> str:
        """Say the request in as many lines as it has facts."""
        lines = [f"{self.method} {self.url}"]
        if self.model:
            lines.append(f"  model:     {self.model}{' (stream)' if self.stream else ''}")
        if self.last_user:
            lines.append(f"  last user: {shorten(self.last_user)}")
        if self.tools:
            lines.append(f"  tools:     {', '.join(self.tools)}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A rule that did not answer: what it asks for, where it was written, why it did not, and how near it came."""

    rule: str
    where: str
    reason: str
    failed: int = 1

    def __str__(self) -> str:
        """Say the rule, its place and its reason."""
        return f"{self.rule}\n      {self.reason}\n      at {self.where}"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One request that nothing answered, with what is needed to explain it."""

    request: RequestFacts
    problem: str
    rules: tuple[RuleFacts, ...] = ()
    advice: str = ""

    def __str__(self) -> str:
        """Say the problem, the request, the nearest rules and what to do."""
        lines = [self.problem, *_indent(str(self.request), 2)]
        if self.rules:
            nearest = sorted(self.rules, key=lambda rule: rule.failed)[:SHOWN_RULES]
            lines.append("nearest rules:" if len(nearest) < len(self.rules) else "rules tried:")
            for number, rule in enumerate(nearest, 1):
                lines += _indent(f"{number}. {rule}", 2)
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


class UnmatchedRequestError(LLMInterceptError, AssertionError):
    """Requests that nothing answered, raised when the block that should have answered them ends."""

    def __init__(self, unmatched: Sequence[Unmatched]) -> None:
        self.unmatched = tuple(unmatched)
        count = len(self.unmatched)
        head = "" if count == 1 else f"llm-intercept: {count} requests were not answered.\n\n"
        super().__init__(head + "\n\n".join(str(one) for one in self.unmatched))


class UnseenClientError(LLMInterceptError):
    """An HTTP library that llm-intercept cannot answer for was about to reach a known LLM host."""

    def __init__(self, library: str, host: str) -> None:
        self.library, self.host = library, host
        super().__init__(
            f"{library} was about to reach {host}, a known LLM host, while llm-intercept is active. llm-intercept "
            f"answers httpx and httpx2 and cannot answer {library}; the request was stopped so that nothing reaches a "
            f"paid API unasked. Mock this call with a tool for {library}, or use unmatched='passthrough' to let it out."
        )


def _indent(text: str, width: int) -> list[str]:
    return [" " * width + line for line in text.split("\n")]
