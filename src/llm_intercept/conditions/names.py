"""Conditions on names: of the model, of the tools offered, of the tools that answered.

Knows: globs, patterns, and what users mistake in a name. Must not know: HTTP, replies.
"""

from __future__ import annotations

import difflib
import re
from abc import abstractmethod
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

from llm_intercept.base.words import nearest
from llm_intercept.conditions.base import Clue, KeywordCondition
from llm_intercept.conditions.text import asked_for, is_text, written
from llm_intercept.facts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.conditions.base import Condition
    from llm_intercept.conditions.text import TextOrPattern
    from llm_intercept.model.request import LLMRequest

NEAR = 0.8  # from this similarity on, a name is another with a slip in it
WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, repr=False)
class NameCondition(KeywordCondition):
    """A name of the request (`subject` in messages) fits a glob (`*`, `?`, `[…]`) or a pattern (searched)."""

    wanted: TextOrPattern

    form = "text"
    accepts = "a str, which may hold the wildcards * and ?, or a pattern"
    subject: ClassVar[str]

    @classmethod
    def given(cls, value: object) -> NameCondition:
        if is_text(value):
            return cls(value)
        raise cls.refused(value)

    @staticmethod
    @abstractmethod
    def names(request: LLMRequest) -> Iterable[str]:
        """Return the names one of which is to fit."""

    def holds(self, request: LLMRequest) -> bool:
        wanted = self.wanted
        for name in self.names(request):  # noqa: SIM110 - a generator for any(…) costs more than the comparison
            if fits(wanted, name):
                return True
        return False

    def verdict(self, request: LLMRequest) -> Verdict:
        names, expected = list(self.names(request)), self.expected()
        got = self.got(request, names)
        if self.holds(request):
            return Verdict(True, self.subject, expected, got, distance=0.0)
        return Verdict(False, self.subject, expected, got, self.hint(request), distance(self.wanted, names))

    def expected(self) -> str:
        """Say what is asked for."""
        return quoted(self.wanted) if isinstance(self.wanted, str) else asked_for(self.wanted)

    def got(self, request: LLMRequest, names: list[str]) -> str:
        """Say what names the request has."""
        del request
        return listed(names) or "none"

    def hint(self, request: LLMRequest) -> str:
        """Guess what was meant; empty if that cannot be told."""
        return near_name(self.wanted, self.names(request))

    def clue(self) -> Clue | None:
        """A plain name; of a glob its longest piece without wildcards."""
        if type(self.wanted) is not str:
            return None
        if not WILD.search(self.wanted):
            return Clue("value", self.names, self.wanted)
        piece = max(re.split(r"[*?]", self.wanted.partition("[")[0]), key=len)
        return Clue("part", self.names, piece) if piece else None

    def implies(self, other: Condition) -> bool:
        """A name implies what it fits; a glob implies one that leaves the end open earlier."""
        if self == other or not isinstance(other, type(self)) or not isinstance(self.wanted, str):
            return self == other
        if not WILD.search(self.wanted):
            return fits(other.wanted, self.wanted)
        return isinstance(other.wanted, str) and _opens_earlier(other.wanted, self.wanted)

    def __str__(self) -> str:
        return f"{self.key}={quoted(self.wanted)}"


class ModelCondition(NameCondition):
    """The model's name."""

    __slots__ = ()

    key = subject = "model"

    @staticmethod
    def names(request: LLMRequest) -> tuple[str]:
        return (request.model,)

    def tells_operation(self, request: LLMRequest) -> bool:
        """Whether it is about some models: each has one use."""
        del request
        return not fits(self.wanted, "")

    def hint(self, request: LLMRequest) -> str:
        wanted, model = self.wanted, request.model
        if not isinstance(wanted, str):
            return ""
        if fits(wanted.lower(), model.lower()):
            return "it differs in case only"
        if model.startswith(wanted) and wanted:
            return f"{wanted + '*'!r} matches the versions of a model too"
        if "/" in wanted and fits(wanted.split("/", 1)[1], model):
            return "the client sends the name without its provider"
        if "/" in model and fits(wanted, model.split("/", 1)[1]):
            return "the client sends the name with its provider"
        return ""


class ToolCondition(NameCondition):
    """The name of a tool that the request offers."""

    __slots__ = ()

    key = "tool"
    subject = "tools offered"

    @staticmethod
    def names(request: LLMRequest) -> list[str]:
        return [tool.name for tool in request.tools]

    def expected(self) -> str:
        return f"{quoted(self.wanted)} among them"

    def got(self, request: LLMRequest, names: list[str]) -> str:
        del request
        return listed(names) or "no tools at all"

    def hint(self, request: LLMRequest) -> str:
        if any(fits(self.wanted, result.name) for result in request.tool_results):
            return near_name(self.wanted, self.names(request)) or "its result has come; for that use tool_result=…"
        return near_name(self.wanted, self.names(request))


class ToolResultCondition(NameCondition):
    """The name of a tool that has answered since the last assistant message."""

    __slots__ = ()

    key = "tool_result"
    subject = "tool result"

    @staticmethod
    def names(request: LLMRequest) -> list[str]:
        return [result.name for result in request.tool_results]

    def expected(self) -> str:
        return f"the result of {quoted(self.wanted)}"

    def got(self, request: LLMRequest, names: list[str]) -> str:
        if any(names):
            return f"the result of {listed(names)}"
        since = " since the last assistant message" if request.turn > 1 else ""
        return "results for call ids that no call of the conversation has" if names else f"no tool result{since}"

    def hint(self, request: LLMRequest) -> str:
        called = {call.name for message in request.messages for call in message.tool_calls}
        if any(fits(self.wanted, name) for name in called) and not request.tool_results:
            return "it was called in an earlier turn"
        if not called and any(fits(self.wanted, tool.name) for tool in request.tools):
            return "the tool is offered, and was not called yet; for that use tool=…"
        if request.tool_results and not any(result.name for result in request.tool_results):
            return "the call id of a result is the id of the call in an assistant message before it"
        return near_name(self.wanted, self.names(request))


def fits(wanted: TextOrPattern, name: str) -> bool:
    """Whether `name` fits a glob (`*`, `?`, `[…]`) or a pattern (searched)."""
    if isinstance(wanted, str):
        return name == wanted or (WILD.search(wanted) is not None and fnmatchcase(name, wanted))
    return wanted.search(name) is not None


def quoted(wanted: TextOrPattern) -> str:
    """Say a glob or pattern as it was written."""
    return repr(wanted) if isinstance(wanted, str) else written(wanted)


def listed(names: Iterable[str]) -> str:
    """Quote names in one line."""
    return ", ".join(map(repr, names))


def near_name(wanted: TextOrPattern, names: Iterable[str]) -> str:
    """Hint at a name that is the wanted one with a slip in it; empty if there is none."""
    near = nearest(wanted, names, NEAR) if isinstance(wanted, str) else None
    return f"{near!r} is near" if near is not None else ""


def distance(wanted: TextOrPattern, names: Iterable[str]) -> float:
    """How far the nearest name is: 0.0 to 1.0."""
    return min((_far(quoted(wanted), repr(name)) for name in names), default=1.0)


def _far(first: str, second: str) -> float:
    return 1 - difflib.SequenceMatcher(None, first[:200], second[:200], autojunk=False).ratio()


def _opens_earlier(glob: str, given: str) -> bool:
    """Whether a glob is a beginning and `*`, and another glob begins so."""
    beginning = glob.removesuffix("*")
    if beginning == glob or WILD.search(beginning):
        return False
    return WILD.split(given, maxsplit=1)[0].startswith(beginning)
