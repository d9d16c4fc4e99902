"""Reads a chat completions request into the neutral vocabulary; total over any JSON object with messages.

Knows: the request's JSON (OpenAI's reference, "Create chat completion"). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.base import BadRequestError, ErrorFacts
from llm_intercept.model.request import (
    LLMRequest,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

PATH = "/chat/completions"
RANGES = {"n": (1, 128), "max_tokens": (0, None), "max_completion_tokens": (0, None), "top_logprobs": (0, 20)}
"""The least and the most of what OpenAI refuses otherwise (its reference)."""
ROLE_AND_CONTENT = 2
STRUCTURE = frozenset({"model", "messages", "tools", "stream", "response_format"})


def claims(request: WireRequest) -> bool:
    """Tell whether this is a POST to a path that ends in /chat/completions, whatever the host and prefix."""
    return request.path.rstrip("/").endswith(PATH) and request.method == "POST"


def read(request: WireRequest, body: Mapping[str, Any], content: bytes = b"") -> LLMRequest:
    """Read the body.

    Raises:
        BadRequestError: There is no list of messages, or a number is out of its range.

    """
    messages = body.get("messages")
    if not is_array(messages):
        raise BadRequestError(_missing("messages", messages))
    if not RANGES.keys().isdisjoint(body):
        for name, (least, most) in RANGES.items():
            _check_integer(body, name, least, most)
    return ChatRequest.of(request, body, content)


class ChatRequest(LLMRequest):
    """A chat completions request, whose parts are read when somebody asks for them."""

    @classmethod
    def of(cls, request: WireRequest, body: Mapping[str, Any], content: bytes) -> ChatRequest:
        """Make one of a body that has messages."""
        made = cls.__new__(cls)
        fields = made.__dict__
        fields["operation"] = "chat.completions"
        fields["model"] = text(body.get("model"))
        fields["stream"] = body.get("stream") is True
        fields["raw"] = body
        fields["headers"] = request.headers
        fields["url"] = request.url
        fields["method"] = request.method
        fields["content"] = content
        return made

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return tuple(_message(message) for message in items(self.raw.get("messages")))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return tuple(_tool(tool) for tool in items(self.raw.get("tools")))

    @cached_property
    def response_format(self) -> Mapping[str, Any] | None:
        """The format the answer is to have; None if the request does not say."""
        wanted = self.raw.get("response_format")
        return mapping(wanted) if is_object(wanted) else None

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """Every field of the body but model, messages, tools, stream and response_format."""
        return {key: value for key, value in self.raw.items() if key not in STRUCTURE}


def _missing(name: str, value: object) -> ErrorFacts:
    if value is None:
        return ErrorFacts(400, f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")
    message = f"Invalid type for '{name}': expected an array of objects, but got {_json_type(value)} instead."
    return ErrorFacts(400, message, param=name, code="invalid_type")


def _check_integer(body: Mapping[str, Any], name: str, least: int, most: int | None) -> None:
    """Refuse what OpenAI refuses (its reference says the ranges), in its words."""
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"Invalid type for '{name}': expected an integer, but got {_json_type(value)} instead."
        raise BadRequestError(ErrorFacts(400, message, param=name, code="invalid_type"))
    if value < least or (most is not None and value > most):
        side, sign, bound = ("below minimum", ">=", least) if value < least else ("above maximum", "<=", most)
        message = f"Invalid '{name}': integer {side} value. Expected a value {sign} {bound}, but got {value} instead."
        code = f"integer_{side.replace(' minimum', '_min').replace(' maximum', '_max')}_value"
        raise BadRequestError(ErrorFacts(400, message, param=name, code=code))


def is_text_alone(message: Any) -> bool:
    """Tell whether a message is a role and a text, as most are, and nothing else."""
    alone = message.__class__ is dict and len(message) == ROLE_AND_CONTENT and "role" in message
    return alone and message.get("content").__class__ is str


def _message(value: object) -> Message:
    raw = mapping(value)
    role = text(raw.get("role"))
    content = raw.get("content")
    if is_text_alone(raw) and role != "tool":
        return Message(role=role, parts=(TextPart(text=content),) if content else (), raw=raw)
    parts = _tool_result(raw) if role == "tool" else (*_content(content), *_said(raw))
    return Message(role=role, parts=parts, name=text(raw.get("name")), raw=raw)


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (TextPart(text=content),) if content else ()
    return tuple(_part(part) for part in items(content))


def _part(value: object) -> Part:
    raw = mapping(value)
    kind = text(raw.get("type"))
    if kind == "text":
        return TextPart(text=text(raw.get("text")))
    if kind == "refusal":
        return RefusalPart(text=text(raw.get("refusal")))
    return OtherPart(type=kind, raw=raw)


def _said(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what an assistant message has beside its content."""
    refusal = raw.get("refusal")
    refusals: tuple[Part, ...] = (RefusalPart(text=refusal),) if isinstance(refusal, str) and refusal else ()
    calls = tuple(_tool_call(call) for call in items(raw.get("tool_calls")))
    legacy = raw.get("function_call")
    old = (_called("", mapping(legacy), "arguments"),) if is_object(legacy) else ()
    return (*refusals, *calls, *old)


def _tool_call(value: object) -> Part:
    raw = mapping(value)
    identifier = text(raw.get("id"))
    if is_object(raw.get("function")):
        return _called(identifier, mapping(raw["function"]), "arguments")
    if is_object(raw.get("custom")):
        return _called(identifier, mapping(raw["custom"]), "input")
    return OtherPart(type=text(raw.get("type")), raw=raw)


def _called(identifier: str, called: Mapping[str, Any], arguments: str) -> ToolCallPart:
    return ToolCallPart(id=identifier, name=text(called.get("name")), arguments=text(called.get(arguments)))


def _tool_result(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    said = "".join(part.text for part in _content(raw.get("content")) if isinstance(part, TextPart))
    return (ToolResultPart(id=text(raw.get("tool_call_id")), text=said),)


def _tool(value: object) -> Tool:
    raw = mapping(value)
    kind = text(raw.get("type")) or "function"
    described = mapping(raw.get(kind))
    return Tool(name=text(described.get("name")), type=kind, parameters=mapping(described.get("parameters")), raw=raw)


def _json_type(value: object) -> str:
    names: dict[type, str] = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal number"}
    return names.get(type(value), "an object" if is_object(value) else "an array")
