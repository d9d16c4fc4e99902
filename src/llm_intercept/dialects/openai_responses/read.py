"""Reads a Responses request into the neutral vocabulary; total over any JSON object that asks a model something.

Knows: the request's JSON (OpenAI's reference, "Create a model response"). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object, items, json_object, mapping, plain, text
from llm_intercept.base.questions import body_asks_a_model
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.flavor import is_openais
from llm_intercept.dialects.openai_responses.items import messages_of
from llm_intercept.dialects.openai_responses.kept import history
from llm_intercept.dialects.openai_responses.offers import offers_of
from llm_intercept.dialects.openai_responses.refused import check
from llm_intercept.dialects.openai_responses.socket import ResponsesSocket
from llm_intercept.dialects.shared.continuing import ContinuingRequest
from llm_intercept.dialects.shared.reading import NOBODYS, check_whose
from llm_intercept.model.request import OutputFormat, Tool, ToolChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.openai_responses.kept import Before
    from llm_intercept.model.request import LLMRequest, Message
    from llm_intercept.model.wire import WireRequest

NAME = "openai.responses"
PATH = "/responses"
NAMED = frozenset({"function", "custom"})


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request.

    Raises:
        UnreadableError: It is no JSON object; or OpenAI would refuse it, and it may be another application's, since
            others have the path too.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    is_asked = is_openais(head)
    if not (is_asked or body_asks_a_model(head.path, content)):
        raise UnreadableError(NOBODYS)
    check_whose("OpenAI", partial(check, body, strictly=False), is_asked=is_asked)
    return ResponsesRequest.of(head, body, content)


class ResponsesRequest(ContinuingRequest):
    """A Responses request; `said` has the items that it refers to by their ids in it.

    Attributes:
        connection: The WebSocket that it came over, which remembers what it answered last.

    """

    CARRIED = ("connection",)
    before: Before = ()
    connection: ResponsesSocket | None = None

    @classmethod
    def of(cls, head: WireRequest, body: Mapping[str, Any], content: bytes, api: str = NAME) -> ResponsesRequest:
        """Make one of a body."""
        return cls.made(head, body, content, api=api, connection=_connection(head))

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation: the instructions, what was said before, and the input."""
        return tuple(messages_of(self.said, map(plain, history(self.before))))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers; those that the API runs itself have a type and no name."""
        return tuple(_tool(one.tool) for one in offers_of(self.raw))

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which of them the answer may or must call."""
        return _tool_choice(self.raw.get("tool_choice"))

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have."""
        limit = self.raw.get("max_output_tokens")
        return limit if is_int(limit, 0) else None

    @cached_property
    def calls_singly(self) -> bool:
        """Whether the request wants no more than one call of a tool at a time."""
        return self.raw.get("parallel_tool_calls") is False

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; None if the request does not say."""
        wanted = mapping(mapping(self.raw.get("text")).get("format"))
        if not wanted:
            return None
        return OutputFormat(text(wanted.get("type")), text(wanted.get("name")), wanted.get("schema", True))


def _connection(head: WireRequest) -> ResponsesSocket | None:
    return head.over if isinstance(head.over, ResponsesSocket) else None


def _tool(raw: Mapping[str, Any]) -> Tool:
    kind = text(raw.get("type")) or "function"
    name = text(raw.get("name")) if kind in NAMED else ""
    return Tool(name=name, type=kind, parameters=mapping(raw.get("parameters")), raw=raw)


def _tool_choice(choice: object) -> ToolChoice | None:
    """Read all forms of a choice; the tools that the API runs itself are named by their type."""
    if isinstance(choice, str):
        modes: dict[str, ToolChoice] = {
            "auto": ToolChoice("auto"),
            "none": ToolChoice("none"),
            "required": ToolChoice("required"),
        }
        return modes.get(choice)
    if not is_object(choice):
        return None
    named = mapping(choice)
    if named.get("type") != "allowed_tools":
        return ToolChoice("required", (_named(named),)) if _named(named) else None
    names = tuple(_named(mapping(tool)) for tool in items(named.get("tools")))
    return ToolChoice("required" if named.get("mode") == "required" else "auto", tuple(filter(None, names)))


def _named(tool: Mapping[str, Any]) -> str:
    kind = text(tool.get("type"))
    return text(tool.get("name")) if kind in NAMED else kind
