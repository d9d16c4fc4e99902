"""respx's patterns as conditions.

Knows: respx's patterns, httpx's requests. Must not know: the conversation, replies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from llm_intercept.conditions.base import Both, Condition, Either, Not
from llm_intercept.facts import Verdict
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    import httpx

    from llm_intercept.model.request import LLMRequest


class RespxPattern(Protocol):
    """One of respx's patterns, made with `M(…)`."""

    def match(self, request: httpx.Request) -> object:
        """Return something true if the request matches."""


@dataclass(frozen=True, slots=True, repr=False)
class RespxCondition(Condition):
    """One of respx's patterns matches."""

    pattern: Any

    def holds(self, request: LLMRequest) -> bool:
        return bool(self.pattern.match(_httpx_request(request)))

    def is_of_http(self) -> bool:
        return True

    def verdict(self, request: LLMRequest) -> Verdict:
        holds = self.holds(request)
        try:
            got = shorten(_shown(self.pattern.parse(_httpx_request(request))))
        except Exception:  # noqa: BLE001 - respx, too, counts what it cannot read as no match
            got = "nothing that can be read"
        lookup = self.pattern.lookup.value
        expected = repr(self.pattern.value) if lookup == "eq" else f"{lookup} {self.pattern.value!r}"
        return Verdict(holds, f"respx {self.pattern.key}", expected, got, distance=0.0 if holds else 1.0)

    def __str__(self) -> str:
        lookup = "" if self.pattern.lookup.value == "eq" else f"__{self.pattern.lookup.value}"
        return f"M({self.pattern.key}{lookup}={self.pattern.value!r})"


def _shown(read: object) -> str:
    """Write what a pattern reads from a request without the secrets in it."""
    from llm_intercept.secrets.redactor import Redactor  # noqa: PLC0415 - only messages need it
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - as above

    text = str(read)
    return shown_url(text) if "://" in text else Redactor().text(text)


def is_respx_pattern(value: object) -> TypeGuard[RespxPattern]:
    """Whether `value` is one of respx's patterns, without importing respx."""
    return any(f"{kind.__module__}.{kind.__qualname__}" == "respx.patterns.Pattern" for kind in type(value).__mro__)


def respx_condition(pattern: Any) -> Condition:
    """Make the condition of a respx pattern; what respx combined is taken apart, so that each part has its verdict."""
    name = type(pattern).__name__
    if name in {"_And", "_Or"}:
        first, second = map(respx_condition, pattern.value)
        return Both(first, second) if name == "_And" else Either(first, second)
    return Not(respx_condition(pattern.value)) if name == "_Invert" else RespxCondition(pattern)


def _httpx_request(request: LLMRequest) -> Any:
    import httpx  # noqa: PLC0415 - respx's patterns read httpx's requests, and respx has it loaded

    return httpx.Request(request.method, request.url, headers=dict(request.headers), content=request.content)
