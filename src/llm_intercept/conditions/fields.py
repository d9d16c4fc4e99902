"""Conditions on what a request asks for: its model, tools, turn, shape and format.

Knows: the neutral request. Must not know: HTTP, replies.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping, text
from llm_intercept.conditions.base import Condition
from llm_intercept.conditions.text import asked_for, written
from llm_intercept.errors import Verdict

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from llm_intercept.model.request import LLMRequest

NEAR = 0.8
WILD = re.compile(r"[*?\[]")
Name = str | re.Pattern[str]


def names(wanted: Name, name: str) -> bool:
    """Tell whether `name` fits a glob (`*`, `?`, `[…]`) or a pattern (searched)."""
    if isinstance(wanted, str):
        return name == wanted or (WILD.search(wanted) is not None and fnmatchcase(name, wanted))
    return wanted.search(name) is not None


def quoted(wanted: Name) -> str:
    """Say a glob or pattern as it was written."""
    return repr(wanted) if isinstance(wanted, str) else written(wanted)


@dataclass(frozen=True, slots=True, repr=False)
class ModelCondition(Condition):
    """The model's name matches a glob or a pattern."""

    wanted: Name

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it does."""
        return names(self.wanted, request.model)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both names."""
        expected = quoted(self.wanted) if isinstance(self.wanted, str) else asked_for(self.wanted)
        got = repr(request.model)
        if self.holds(request):
            return Verdict(True, "model", expected, got, distance=0.0)
        return Verdict(False, "model", expected, got, _model_hint(self.wanted, request.model), _far(expected, got))

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"model={quoted(self.wanted)}"


def _model_hint(wanted: Name, model: str) -> str:
    if not isinstance(wanted, str):
        return ""
    if names(wanted.lower(), model.lower()):
        return "it differs in case only"
    if model.startswith(wanted) and wanted:
        return f"{wanted + '*'!r} matches the versions of a model too"
    if "/" in wanted and names(wanted.split("/", 1)[1], model):
        return "the client sends the name without its provider"
    if "/" in model and names(wanted, model.split("/", 1)[1]):
        return "the client sends the name with its provider"
    return ""


@dataclass(frozen=True, slots=True, repr=False)
class ToolCondition(Condition):
    """The request offers a tool of this name."""

    wanted: Name

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it does."""
        return any(names(self.wanted, tool.name) for tool in request.tools)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Name what it offers."""
        offered = [tool.name for tool in request.tools]
        got = _listed(offered) if offered else "no tools at all"
        expected = f"{quoted(self.wanted)} among them"
        if self.holds(request):
            return Verdict(True, "tools offered", expected, got, distance=0.0)
        hint = _near_name(self.wanted, offered)
        if not hint and any(names(self.wanted, result.name) for result in request.tool_results):
            hint = "its result has come; for that use tool_result=…"
        return Verdict(False, "tools offered", expected, got, hint, _nearest(self.wanted, offered))

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"tool={quoted(self.wanted)}"


@dataclass(frozen=True, slots=True, repr=False)
class ToolResultCondition(Condition):
    """A tool of this name has answered since the last assistant message."""

    wanted: Name

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it has."""
        return any(names(self.wanted, result.name) for result in request.tool_results)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Name the tools that have."""
        answered = [result.name for result in request.tool_results]
        since = " since the last assistant message" if request.turn > 1 else ""
        got = f"the result of {_listed(answered)}" if any(answered) else f"no tool result{since}"
        got = "results for call ids that no call of the conversation has" if answered and not any(answered) else got
        expected = f"the result of {quoted(self.wanted)}"
        if self.holds(request):
            return Verdict(True, "tool result", expected, got, distance=0.0)
        hint = self._hint(request) or _near_name(self.wanted, answered)
        return Verdict(False, "tool result", expected, got, hint, _nearest(self.wanted, answered))

    def _hint(self, request: LLMRequest) -> str:
        called = {call.name for message in request.messages for call in message.tool_calls}
        if any(names(self.wanted, name) for name in called) and not request.tool_results:
            return "it was called in an earlier turn"
        if not called and any(names(self.wanted, tool.name) for tool in request.tools):
            return "the tool is offered, and was not called yet; for that use tool=…"
        if request.tool_results and not any(result.name for result in request.tool_results):
            return "the tool_call_id of a result is the id of the call in an assistant message before it"
        return ""

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"tool_result={quoted(self.wanted)}"


@dataclass(frozen=True, slots=True, repr=False)
class TurnCondition(Condition):
    """Which answer of the model's is asked for: one number, or one of several."""

    wanted: int | Container[int]

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it is."""
        return request.turn == self.wanted if isinstance(self.wanted, int) else request.turn in self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both numbers."""
        turn, many = request.turn, request.turn - 1
        said = "no assistant message" if not many else f"{many} assistant message{'s' if many > 1 else ''}"
        got = f"{turn}: {said} so far"
        holds = self.holds(request)
        distance = 0.0 if holds else min(1.0, abs(turn - self.wanted) / 4) if isinstance(self.wanted, int) else 0.5
        return Verdict(holds, "turn", repr(self.wanted), got, distance=distance)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"turn={self.wanted!r}"


@dataclass(frozen=True, slots=True, repr=False)
class StreamCondition(Condition):
    """The request asks for a stream, or does not."""

    wanted: bool

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it is as wanted."""
        return request.stream == self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both."""
        holds = self.holds(request)
        return Verdict(holds, "stream", repr(self.wanted), repr(request.stream), distance=0.0 if holds else 0.5)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"stream={self.wanted!r}"


@dataclass(frozen=True, slots=True, repr=False)
class FormatCondition(Condition):
    """The request asks for answers of this format: a schema of this name or title, or a `type` of the API's."""

    wanted: str
    of_class: bool = False

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it does."""
        kind, *known = formats(request)
        return self.wanted in known or (not self.of_class and self.wanted == kind)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both formats."""
        holds = self.holds(request)
        hint = ""
        if not holds and request.response_format is None and any(tool.name == self.wanted for tool in request.tools):
            hint = "a tool has that name: use tool=…"
        got = _format(request.response_format)
        return Verdict(holds, "response_format", repr(self.wanted), got, hint, 0.0 if holds else 1.0)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"response_format={self.wanted if self.of_class else repr(self.wanted)}"


def formats(request: LLMRequest) -> tuple[str, str, str]:
    """Give the type of the format a request asks for, its name and its schema's title; empty where it has none."""
    asked = mapping(request.response_format)
    described = mapping(asked.get("json_schema"))
    return text(asked.get("type")), text(described.get("name")), text(mapping(described.get("schema")).get("title"))


def _format(asked: Any) -> str:
    if asked is None:
        return "none: the request has no response_format"
    kind = text(mapping(asked).get("type"))
    name = text(mapping(mapping(asked).get("json_schema")).get("name"))
    return f"{kind} {name!r}" if name else repr(kind)


def _listed(found: Iterable[str]) -> str:
    return ", ".join(map(repr, found))


def _near_name(wanted: Name, offered: list[str]) -> str:
    near = difflib.get_close_matches(wanted, offered, 1, NEAR) if isinstance(wanted, str) else []
    return f"{near[0]!r} is near" if near else ""


def _nearest(wanted: Name, offered: list[str]) -> float:
    """How far the nearest name is: 0.0 to 1.0."""
    return min((_far(quoted(wanted), repr(name)) for name in offered), default=1.0)


def _far(first: str, second: str) -> float:
    return 1 - difflib.SequenceMatcher(None, first[:200], second[:200], autojunk=False).ratio()
