"""Reads a chat completions request into the neutral vocabulary; total over any JSON object with messages.

Knows: the request's JSON (OpenAI's reference, "Create chat completion"). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, is_object, items, json_object, mapping, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.plain_texts import is_text_alone
from llm_intercept.dialects.openai.refusals import missing, wrong_type
from llm_intercept.model.parts import Media, Other, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from llm_intercept.model.request import LLMRequest, Message, OutputFormat, Tool, ToolChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.parts import CallType, MediaKind
    from llm_intercept.model.wire import WireRequest

NAME = "openai.chat"
PATH = "/chat/completions"
BROWSER_USE = "browser-use"
FOREIGN_HOSTS = {"llm.api.browser-use.com": BROWSER_USE}
"""Hosts that have the path of chat completions and a schema of their own, and whose they are."""
BROWSER_USES = frozenset({"request_type", "anonymized_telemetry"})
"""Fields that only browser-use sends, to whatever host (browser-use 0.13.14, `ChatBrowserUse`)."""
MEDIA: dict[str, MediaKind] = {"image_url": "image", "input_audio": "audio", "file": "file", "video_url": "video"}


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request.

    Raises:
        BadRequestError: There is no list of messages.
        UnreadableError: It is no JSON object, or another API's.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    if head.host in FOREIGN_HOSTS or "request_type" in body:
        _check_foreign(head, body)
    if not is_array(body.get("messages")):
        given = body.get("messages")
        raise missing("messages") if given is None else wrong_type("messages", "an array of objects", given)
    known: dict[str, Any] = {} if "response_format" in body else {"output_format": None}  # which is asked of each
    stream = body.get("stream") is True
    return ChatRequest.made(head, body, content, api=NAME, model=text(body.get("model")), stream=stream, **known)


def _check_foreign(head: WireRequest, body: Mapping[str, Any]) -> None:
    """Refuse to read what is another API's in spite of its path.

    Raises:
        UnreadableError: It is; the message says whose.

    """
    name = FOREIGN_HOSTS.get(head.host) or (BROWSER_USE if body.keys() >= BROWSER_USES else "")
    if name:
        raise UnreadableError(
            f"POST {head.path} is {name}'s own API there, which no rule answers, and not OpenAI's chat completions"
        )


class ChatRequest(LLMRequest):
    """A chat completions request, whose parts are read when somebody asks for them."""

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return tuple(read_message(message) for message in items(self.raw.get("messages")))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return tuple(_tool(tool) for tool in items(self.raw.get("tools")))

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which of them the answer may or must call."""
        return _tool_choice(self.raw.get("tool_choice"))

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have; the newer of the two fields counts."""
        newer, older = self.raw.get("max_completion_tokens"), self.raw.get("max_tokens")
        limit = older if newer is None else newer
        return limit if is_int(limit, 0) else None

    @cached_property
    def calls_singly(self) -> bool:
        """Whether the request wants no more than one call of a tool at a time."""
        return self.raw.get("parallel_tool_calls") is False

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; None if the request does not say."""
        if "response_format" not in self.raw:
            return None
        wanted = mapping(self.raw["response_format"])
        if not wanted:
            return None
        described = mapping(wanted.get("json_schema"))
        return OutputFormat(text(wanted.get("type")), text(described.get("name")), described.get("schema", True))


def read_message(value: object) -> Message:
    """Read a message."""
    raw = mapping(value)
    role = text(raw.get("role"))
    if is_text_alone(raw) and role not in {"tool", "function"}:
        return Message(role=role, parts=(Text(raw["content"]),) if raw["content"] else (), raw=raw)
    parts = _tool_result(raw) if role in {"tool", "function"} else _parts(raw)
    return Message(role=role, parts=parts, name=text(raw.get("name")), raw=raw)


def _parts(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what a message says, in the order in which chat completions give it in a stream."""
    thought = text(raw.get("reasoning_content")) or text(raw.get("reasoning"))
    thoughts = (Reasoning(thought),) if thought else ()
    return (*thoughts, *_content(raw.get("content")), *_beside(raw))


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(part) for part in items(content))


def _part(value: object) -> Part:
    raw = mapping(value)
    kind = text(raw.get("type"))
    if kind == "text":
        return Text(text(raw.get("text")))
    if kind == "refusal":
        return Refusal(text(raw.get("refusal")))
    if kind in MEDIA:
        return _media(MEDIA[kind], mapping(raw.get(kind)), raw)
    return Other(kind, raw)


def _media(kind: MediaKind, described: Mapping[str, Any], raw: Mapping[str, Any]) -> Media:
    url = text(described.get("url"))
    data = text(described.get("data")) or text(described.get("file_data"))
    if url.startswith("data:"):
        head, _, content = url.removeprefix("data:").partition(",")
        return Media(kind, content, mime=head.partition(";")[0], raw=raw)
    return Media(kind, data, url, id=text(described.get("file_id")), raw=raw)


def _beside(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what an assistant message has beside its content."""
    refusal = text(raw.get("refusal"))
    refusals = (Refusal(refusal),) if refusal else ()
    calls = tuple(_tool_call(call) for call in items(raw.get("tool_calls")))
    legacy = raw.get("function_call")
    old = (_called("", mapping(legacy), "arguments", "function_call"),) if is_object(legacy) else ()
    return (*refusals, *calls, *old)


def _tool_call(value: object) -> Part:
    raw = mapping(value)
    identifier = text(raw.get("id"))
    if is_object(raw.get("function")):
        return _called(identifier, mapping(raw["function"]), "arguments", "function")
    if is_object(raw.get("custom")):
        return _called(identifier, mapping(raw["custom"]), "input", "custom")
    return Other(text(raw.get("type")), raw)


def _called(identifier: str, called: Mapping[str, Any], arguments: str, kind: CallType) -> ToolCall:
    return ToolCall(text(called.get("name")), text(called.get(arguments)), identifier, kind)


def _tool_result(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    said = "".join(part.text for part in _content(raw.get("content")) if isinstance(part, Text))
    name = text(raw.get("name")) if raw.get("role") == "function" else ""
    return (ToolResult(said, text(raw.get("tool_call_id")), name),)


def _tool(value: object) -> Tool:
    raw = mapping(value)
    kind = text(raw.get("type")) or "function"
    described = mapping(raw.get(kind))
    return Tool(name=text(described.get("name")), type=kind, parameters=mapping(described.get("parameters")), raw=raw)


def _tool_choice(choice: object) -> ToolChoice | None:
    """Read all forms of a choice (OpenAI's reference); Mistral's `any` is `required`."""
    if choice is None:
        return None
    if isinstance(choice, str):
        modes: dict[str, ToolChoice] = {"auto": ToolChoice("auto"), "none": ToolChoice("none")}
        return modes.get(choice) or (ToolChoice("required") if choice in {"required", "any"} else None)
    named = _named(choice)
    if named:
        return ToolChoice("required", (named,))
    allowed = mapping(mapping(choice).get("allowed_tools"))
    if not allowed:
        return None
    names = tuple(name for name in map(_named, items(allowed.get("tools"))) if name)
    return ToolChoice("required" if allowed.get("mode") == "required" else "auto", names)


def _named(choice: object) -> str:
    known = mapping(choice)
    kind = text(known.get("type"))
    return text(mapping(known.get(kind)).get("name")) if kind in {"function", "custom"} else ""
