"""Reads conversations of Cohere's into the neutral vocabulary.

Knows: the request's JSON (Cohere's reference, "Chat" of version 2). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import encode, is_array, is_object, items, json_object, mapping, text
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.dialects.cohere.cohere_origin import is_cohere
from llm_intercept.dialects.shared.reading import check_whose
from llm_intercept.model.parts import Media, Other, Part, Reasoning, Text, ToolCall, ToolResult
from llm_intercept.model.request import LLMRequest, Message, OutputFormat, Tool, ToolChoice
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.model.wire import WireRequest

NAME, PATH = "cohere.chat", "/v2/chat"
CHOICES = {"REQUIRED": ToolChoice("required"), "NONE": ToolChoice("none")}


def body_of(head: WireRequest, content: bytes, check: Callable[[Mapping[str, Any], str], None]) -> dict[str, Any]:
    """Read a body.

    Args:
        head: Where it is sent.
        content: The body.
        check: Refuses what Cohere refuses of a body and the model that is asked, by which others' requests are known.

    Raises:
        UnreadableError: It is no JSON object, or may be another application's.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    check_whose("Cohere", partial(check, body, text(body.get("model"))), is_asked=is_cohere(head))
    return body


def refused(message: str) -> BadRequestError:
    """Make the refusal of a request, as most are said."""
    return invalid(f"invalid request: {message}")


def invalid(message: str) -> BadRequestError:
    """Make the refusal of a request; some say nothing before what is wrong."""
    return BadRequestError(ErrorReply(400, "invalid_request", message=message))


def check_model(model: str) -> None:
    """Refuse a request that names no model.

    Raises:
        BadRequestError: It names none.

    """
    if not model:
        raise refused("model is required")


def read(head: WireRequest, content: bytes) -> CohereRequest:
    """Read a request."""
    body = body_of(head, content, check)
    stream = body.get("stream") is True
    return CohereRequest.made(head, body, content, api=NAME, model=text(body.get("model")), stream=stream)


def check(body: Mapping[str, Any], model: str) -> None:
    """Refuse what Cohere refuses.

    Raises:
        BadRequestError: It does.

    """
    messages = body.get("messages")
    if not is_array(messages) or not messages:
        raise refused("list of messages must not be empty")
    if not all(map(is_object, items(messages))):
        raise refused("messages must be objects")
    check_model(model)


class CohereRequest(LLMRequest):
    """A conversation, whose parts are read when somebody asks for them."""

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return tuple(map(read_message, items(self.raw.get("messages"))))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return tuple(_tool(mapping(one)) for one in items(self.raw.get("tools")))

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Whether the answer must call one of them, or must not."""
        return CHOICES.get(text(self.raw.get("tool_choice")))

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have."""
        limit = self.raw.get("max_tokens")
        return limit if is_int(limit, 0) else None

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have."""
        wanted = mapping(self.raw.get("response_format"))
        if not wanted:
            return None
        schema = wanted.get("json_schema") or wanted.get("schema")
        return OutputFormat("json_schema", schema=schema) if schema else OutputFormat(text(wanted.get("type")))

    @property
    def stops(self) -> tuple[str, ...]:
        """The sequences before which the text ends."""
        return tuple(one for one in items(self.raw.get("stop_sequences")) if text(one))


def read_message(value: object) -> Message:
    """Read a message."""
    raw = mapping(value)
    role = text(raw.get("role"))
    if role == "tool":
        return Message(role=role, parts=(ToolResult(_result(raw), text(raw.get("tool_call_id"))),), raw=raw)
    return Message(role=role, parts=parts_of(raw), raw=raw)


def parts_of(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what a message says: its plan or its content, and its calls."""
    plan = text(raw.get("tool_plan"))
    calls = (_call(mapping(one)) for one in items(raw.get("tool_calls")))
    return (*_content(raw.get("content")), *((Text(plan),) if plan else ()), *calls)


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(mapping(one)) for one in items(content))


def _part(raw: Mapping[str, Any]) -> Part:
    kind = text(raw.get("type"))
    if kind == "text":
        return Text(text(raw.get("text")))
    if kind == "thinking":
        return Reasoning(text(raw.get("thinking")))
    if kind == "image_url":
        return Media("image", url=text(mapping(raw.get("image_url")).get("url")), raw=raw)
    return Other(kind, raw)


def _result(raw: Mapping[str, Any]) -> str:
    """Read what a tool answered: texts, and documents as JSON."""
    content = raw.get("content")
    if isinstance(content, str):
        return content
    return "".join(map(_said, map(mapping, items(content))))


def _said(part: Mapping[str, Any]) -> str:
    if part.get("type") != "document":
        return text(part.get("text"))
    data = mapping(part.get("document")).get("data")
    return data if isinstance(data, str) else encode(data).decode()


def _call(raw: Mapping[str, Any]) -> ToolCall:
    called = mapping(raw.get("function"))
    return ToolCall(text(called.get("name")), text(called.get("arguments")), text(raw.get("id")))


def _tool(raw: Mapping[str, Any]) -> Tool:
    described = mapping(raw.get("function"))
    return Tool(name=text(described.get("name")), parameters=mapping(described.get("parameters")), raw=raw)
