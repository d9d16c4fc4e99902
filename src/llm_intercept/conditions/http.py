"""Conditions on the HTTP side of a request: its headers, its URL, and respx's patterns.

Knows: HTTP's own terms, respx. Must not know: the conversation, replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.conditions.base import Both, Condition, Either, Not
from llm_intercept.conditions.text import written
from llm_intercept.errors import Verdict, shorten

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest

SECRET = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"})


@dataclass(frozen=True, slots=True, repr=False)
class HeadersCondition(Condition):
    """Headers have these values: a str to the letter, a pattern searched, None for a header that is not there."""

    wanted: tuple[tuple[str, str | re.Pattern[str] | None], ...]

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether all have."""
        return self._failing(request) is None

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say the first that has not."""
        failing = self._failing(request)
        name, wanted = self.wanted[0] if failing is None else failing
        got = request.headers.get(name)
        shown = "no such header" if got is None else _hidden(name, got)
        if name.lower() in SECRET and failing is not None and got is not None:
            shown = "another value, not shown"
        return Verdict(
            failing is None, f"header {name}", _header(name, wanted), shown, distance=float(failing is not None)
        )

    def _failing(self, request: LLMRequest) -> tuple[str, str | re.Pattern[str] | None] | None:
        return next((one for one in self.wanted if not _fits(one[1], request.headers.get(one[0]))), None)

    def __str__(self) -> str:
        """Say it as it was written."""
        inner = ", ".join(f"{name!r}: {_header(name, wanted)}" for name, wanted in self.wanted)
        return f"headers={{{inner}}}"


def _fits(wanted: str | re.Pattern[str] | None, got: str | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    return wanted == got if isinstance(wanted, str) else wanted.search(got) is not None


def _header(name: str, wanted: str | re.Pattern[str] | None) -> str:
    if wanted is None:
        return "None"
    return _hidden(name, wanted) if isinstance(wanted, str) else written(wanted)


def _hidden(name: str, value: str) -> str:
    return "(a secret, not shown)" if name.lower() in SECRET else shorten(value)


@dataclass(frozen=True, slots=True, repr=False)
class UrlCondition(Condition):
    """The URL has a string in it, in which `*` stands for anything, or matches a pattern (searched)."""

    wanted: str | re.Pattern[str]
    searched: re.Pattern[str]

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it has."""
        return self.searched.search(request.url) is not None

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both."""
        holds = self.holds(request)
        return Verdict(holds, "url", f"{self._written()} in it", request.url, distance=0.0 if holds else 1.0)

    def _written(self) -> str:
        return repr(self.wanted) if isinstance(self.wanted, str) else written(self.wanted)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"url={self._written()}"


def url_pattern(wanted: str | re.Pattern[str]) -> re.Pattern[str]:
    """Make the pattern that finds a string with `*` in a URL."""
    if isinstance(wanted, str):
        return re.compile(".*".join(map(re.escape, wanted.split("*"))), re.IGNORECASE)
    return wanted


@dataclass(frozen=True, slots=True, repr=False)
class RespxCondition(Condition):
    """One of respx's patterns matches."""

    pattern: Any

    def holds(self, request: LLMRequest) -> bool:
        """Ask it, with the request as respx knows requests."""
        return bool(self.pattern.match(_httpx_request(request)))

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say what the pattern looks at."""
        holds = self.holds(request)
        try:
            got = shorten(str(self.pattern.parse(_httpx_request(request))))
        except Exception:  # noqa: BLE001 - respx, too, counts what it cannot read as no match
            got = "nothing that can be read"
        lookup = self.pattern.lookup.value
        expected = repr(self.pattern.value) if lookup == "eq" else f"{lookup} {self.pattern.value!r}"
        return Verdict(holds, f"respx {self.pattern.key}", expected, got, distance=0.0 if holds else 1.0)

    def __str__(self) -> str:
        """Say it as it was written."""
        lookup = "" if self.pattern.lookup.value == "eq" else f"__{self.pattern.lookup.value}"
        return f"M({self.pattern.key}{lookup}={self.pattern.value!r})"


def is_respx_pattern(value: object) -> bool:
    """Tell whether `value` is one of respx's patterns, without importing respx."""
    return any(f"{kind.__module__}.{kind.__qualname__}" == "respx.patterns.Pattern" for kind in type(value).__mro__)


def respx_condition(pattern: Any) -> Condition:
    """Make the condition of a respx pattern; what respx combined is taken apart, so that each part has its verdict."""
    if isinstance(pattern, Condition):
        return pattern
    name = type(pattern).__name__
    if name in {"_And", "_Or"}:
        first, second = map(respx_condition, pattern.value)
        return Both(first, second) if name == "_And" else Either(first, second)
    return Not(respx_condition(pattern.value)) if name == "_Invert" else RespxCondition(pattern)


def _httpx_request(request: LLMRequest) -> Any:
    import httpx  # noqa: PLC0415 - respx's patterns read httpx's requests, and respx has it loaded

    headers: Any = request.headers
    pairs: list[tuple[str, str]] = headers.multi_items() if hasattr(headers, "multi_items") else list(headers.items())
    return httpx.Request(request.method, request.url, headers=pairs, content=request.content)
