"""Conditions on the HTTP side of a request: its headers and its URL.

Knows: HTTP's own terms. Must not know: the conversation, replies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from llm_intercept.conditions.base import KeywordCondition
from llm_intercept.conditions.text import is_text, written
from llm_intercept.facts import Verdict
from llm_intercept.secrets.credentials import is_secret_header
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from llm_intercept.conditions.base import Condition
    from llm_intercept.conditions.text import TextOrPattern
    from llm_intercept.model.request import LLMRequest

Headers = Mapping[str, str | re.Pattern[str] | None]
"""Names of headers and their values: a str to the letter, a pattern searched, None for not there."""
BASE = re.compile(r"[^:/]+://[^/?#]*/?(?:(?:[^?#]*?/)?v\d[\w.]*(?:/|$)|openai/)?")
"""What stands before the paths of an API: the host, and what it puts before them, up to a version."""


@dataclass(frozen=True, slots=True, repr=False)
class HeadersCondition(KeywordCondition):
    """Headers have these values: a str to the letter, a pattern searched, None for a header that is not there."""

    wanted: tuple[tuple[str, TextOrPattern | None], ...]

    key = "headers"
    form = "headers"
    accepts = "a mapping of header names (ASCII) to a str, a pattern, or None for a header that must not be there"

    @classmethod
    def given(cls, value: object) -> HeadersCondition:
        pairs = tuple(cast("Mapping[object, object]", value).items()) if isinstance(value, Mapping) else ()
        if pairs and all(_is_name(name) and (one is None or is_text(one)) for name, one in pairs):
            return cls(cast("tuple[tuple[str, TextOrPattern | None], ...]", pairs))
        raise cls.refused(cast("object", value))

    def holds(self, request: LLMRequest) -> bool:
        return self._failing(request) is None

    def verdict(self, request: LLMRequest) -> Verdict:
        failing = self._failing(request)
        name, wanted = self.wanted[0] if failing is None else failing
        got = request.headers.get(name)
        shown = "no such header" if got is None else _hidden(name, got)
        if is_secret_header(name) and failing is not None and got is not None:
            shown = "another value, not shown"
        return Verdict(
            failing is None, f"header {name}", _header(name, wanted), shown, distance=float(failing is not None)
        )

    def is_of_http(self) -> bool:
        return True

    def implies(self, other: Condition) -> bool:
        return isinstance(other, HeadersCondition) and set(other.wanted) <= set(self.wanted)

    def _failing(self, request: LLMRequest) -> tuple[str, TextOrPattern | None] | None:
        return next((one for one in self.wanted if not _fits(one[1], request.headers.get(one[0]))), None)

    def __str__(self) -> str:
        inner = ", ".join(f"{name!r}: {_header(name, wanted)}" for name, wanted in self.wanted)
        return f"headers={{{inner}}}"


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.isascii()


def _fits(wanted: TextOrPattern | None, got: str | None) -> bool:
    if wanted is None or got is None:
        return wanted is got
    return wanted == got if isinstance(wanted, str) else wanted.search(got) is not None


def _header(name: str, wanted: TextOrPattern | None) -> str:
    if wanted is None:
        return "None"
    return _hidden(name, wanted) if isinstance(wanted, str) else written(wanted)


def _hidden(name: str, value: str) -> str:
    return "(a secret, not shown)" if is_secret_header(name) else shorten(value)


@dataclass(frozen=True, slots=True, repr=False)
class UrlCondition(KeywordCondition):
    """The URL has a string in it, in which `*` stands for anything, or matches a pattern (searched)."""

    wanted: TextOrPattern
    searched: re.Pattern[str]

    key = "url"
    form = "text"
    accepts = "a str or a re.compile(…) pattern of str"

    @classmethod
    def given(cls, value: object) -> UrlCondition:
        if is_text(value):
            return cls(value, _pattern(value))
        raise cls.refused(value)

    def tells_operation(self, request: LLMRequest) -> bool:
        """Whether it is about the end of the path: a host alone tells nothing."""
        return self.searched.search(request.url.partition("?")[0].rpartition("/")[0]) is None

    def tells_path(self, request: LLMRequest) -> bool:
        """Whether it is about the path: a host tells nothing, nor does a version behind it."""
        base = BASE.match(request.url)
        return self.holds(request) and (base is None or self.searched.search(base[0]) is None)

    def is_of_http(self) -> bool:
        return True

    def holds(self, request: LLMRequest) -> bool:
        return self.searched.search(request.url) is not None

    def verdict(self, request: LLMRequest) -> Verdict:
        from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - what a secret looks like takes 40 ms to load

        holds, shown = self.holds(request), shown_url(request.url)
        return Verdict(holds, "url", f"{self._written()} in it", shown, distance=0.0 if holds else 1.0)

    def implies(self, other: Condition) -> bool:
        """A URL with a plain string in it has what is found in the string."""
        if self == other or not isinstance(other, UrlCondition):
            return self == other
        if not isinstance(self.wanted, str) or not isinstance(other.wanted, str):
            return False
        return "*" not in self.wanted and other.searched.search(self.wanted) is not None

    def _written(self) -> str:
        return repr(self.wanted) if isinstance(self.wanted, str) else written(self.wanted)

    def __str__(self) -> str:
        return f"url={self._written()}"


def _pattern(wanted: TextOrPattern) -> re.Pattern[str]:
    """Make the pattern that finds a string with `*` in a URL."""
    if isinstance(wanted, str):
        return re.compile(".*".join(map(re.escape, wanted.split("*"))), re.IGNORECASE)
    return wanted
