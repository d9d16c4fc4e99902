"""Reads conversations of Bedrock's (Converse) into the neutral vocabulary.

Knows: the request's JSON (Amazon's reference, "Converse"). Must not know: replies.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import encode, is_object, items, json_object, mapping, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.model.parts import Media, Other, Part, Reasoning, Text, ToolCall, ToolResult
from llm_intercept.model.request import LLMRequest, Message, OutputFormat, Tool, ToolChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.parts import MediaKind
    from llm_intercept.model.wire import WireRequest

NAME = "bedrock.converse"
PATH = re.compile(r"/model/(.+)/(converse|converse-stream)/?$")
WHOLE, STREAMED = "converse", "converse-stream"
MEDIA: dict[str, MediaKind] = {"image": "image", "document": "file", "video": "video", "audio": "audio"}


def same_url(url: str) -> str:
    """Name one URL for an answer that is whole and one that is streamed."""
    parts = urlsplit(url)
    return parts._replace(path=re.sub(rf"/{STREAMED}/?$", f"/{WHOLE}", parts.path)).geturl()


def read(head: WireRequest, content: bytes) -> ConverseRequest:
    """Read a request.

    Raises:
        UnreadableError: It is no JSON object.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    found = PATH.search(urlsplit(head.url).path)
    model, how = (unquote(found[1]), found[2]) if found is not None else ("", WHOLE)
    return ConverseRequest.made(head, body, content, api=NAME, model=model, stream=how == STREAMED)


class ConverseRequest(LLMRequest):
    """A conversation, whose parts are read when somebody asks for them."""

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation: what the system says, and the messages."""
        system = parts_of(items(self.raw.get("system")))
        said = tuple(one for one in system if isinstance(one, Text) and one.text)
        before = (Message(role="system", parts=said),) if said else ()
        return (*before, *map(read_message, items(self.raw.get("messages"))))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers; a cache point among them is none."""
        found = (mapping(mapping(one).get("toolSpec")) for one in items(self._tooling.get("tools")))
        return tuple(_tool(one) for one in found if one)

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which of them the answer may or must call."""
        choice = mapping(self._tooling.get("toolChoice"))
        if "any" in choice:
            return ToolChoice("required")
        name = text(mapping(choice.get("tool")).get("name"))
        return ToolChoice("required", (name,)) if name else ToolChoice("auto") if "auto" in choice else None

    @property
    def _tooling(self) -> Mapping[str, Any]:
        return mapping(self.raw.get("toolConfig"))

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have."""
        limit = mapping(self.raw.get("inferenceConfig")).get("maxTokens")
        return limit if is_int(limit, 0) else None

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; its schema is a text."""
        wanted = mapping(mapping(self.raw.get("outputConfig")).get("textFormat"))
        described = mapping(mapping(wanted.get("structure")).get("jsonSchema"))
        if not described:
            return None
        schema = json_object(text(described.get("schema")).encode())
        return OutputFormat("json_schema", text(described.get("name")), True if schema is None else schema)

    @property
    def stops(self) -> tuple[str, ...]:
        """The sequences before which the text ends."""
        given = mapping(self.raw.get("inferenceConfig")).get("stopSequences")
        return tuple(one for one in items(given) if text(one))


def read_message(value: object) -> Message:
    """Read a message."""
    raw = mapping(value)
    return Message(role=text(raw.get("role")), parts=parts_of(items(raw.get("content"))), raw=raw)


def parts_of(content: list[Any]) -> tuple[Part, ...]:
    """Read blocks of content; a point of the cache says nothing."""
    return tuple(_part(mapping(one)) for one in content if "cachePoint" not in mapping(one))


def _part(raw: Mapping[str, Any]) -> Part:
    kind = next(iter(raw), "")
    value = mapping(raw.get(kind))
    if kind == "text":
        return Text(text(raw.get("text")))
    if kind == "toolUse":
        return ToolCall(text(value.get("name")), encode(value.get("input", {})).decode(), text(value.get("toolUseId")))
    if kind == "toolResult":
        said = "".join(map(_said, map(mapping, items(value.get("content")))))
        return ToolResult(said, text(value.get("toolUseId")), is_error=value.get("status") == "error")
    if kind == "reasoningContent":
        thought = mapping(value.get("reasoningText"))
        hidden = text(value.get("redactedContent"))
        return Reasoning(text(thought.get("text")), signature=text(thought.get("signature")), encrypted=hidden)
    if kind == "guardContent":
        return _guarded(value, raw)
    if kind in MEDIA:
        data = text(mapping(value.get("source")).get("bytes"))
        return Media(MEDIA[kind], data, mime=f"{kind}/{text(value.get('format'))}" if kind in MIMES else "", raw=raw)
    return Other(kind, raw)


MIMES = frozenset({"image", "video", "audio"})


def _guarded(value: Mapping[str, Any], raw: Mapping[str, Any]) -> Part:
    """Read what the guardrail is to look at, which is said as all else is."""
    if is_object(value.get("text")):
        return Text(text(value["text"].get("text")))
    return _part({"image": value["image"]}) if "image" in value else Other("guardContent", raw)


def _said(part: Mapping[str, Any]) -> str:
    return text(part.get("text")) or (encode(part["json"]).decode() if "json" in part else "")


def _tool(raw: Mapping[str, Any]) -> Tool:
    return Tool(name=text(raw.get("name")), parameters=mapping(mapping(raw.get("inputSchema")).get("json")), raw=raw)
