"""Reads requests of Ollama's into the neutral vocabulary; what they have alike, a conversation and a completion.

Knows: the requests' JSON (ollama/ollama, `api/types.go`). Must not know: replies.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.hosts import is_llm_host
from llm_intercept.base.json import encode, is_object, items, json_object, mapping, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.ollama.ollama_origin import is_ollama
from llm_intercept.dialects.shared.reading import check_whose
from llm_intercept.model.parts import Media, Part, Reasoning, Text, ToolCall, ToolResult
from llm_intercept.model.request import LLMRequest, Message, OutputFormat, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.model.wire import WireRequest

CHAT, GENERATE = "/api/chat", "/api/generate"


def body_of(head: WireRequest, content: bytes, check: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Read a body.

    Args:
        head: Where it is sent.
        content: The body.
        check: Refuses what Ollama refuses, by which others' requests are known.

    Raises:
        UnreadableError: It is no JSON object, or may be another application's.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    check_whose("Ollama", partial(check, body), is_asked=is_ollama(head) or is_llm_host(head.host))
    return body


class OllamaRequest(LLMRequest):
    """A request that a model answers, whose parts are read when somebody asks for them."""

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation; of a completion the system's text and the prompt."""
        if "messages" in self.raw:
            return tuple(_named(list(map(read_message, items(self.raw.get("messages"))))))
        system, prompt = text(self.raw.get("system")), text(self.raw.get("prompt"))
        parts = (*((Text(prompt),) if prompt else ()), *_images(self.raw))
        before = (Message(role="system", parts=(Text(system),)),) if system else ()
        return (*before, Message(role="user", parts=parts)) if parts else before

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return tuple(_tool(mapping(one)) for one in items(self.raw.get("tools")))

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have; below 1 it is not limited."""
        limit = mapping(self.raw.get("options")).get("num_predict")
        return limit if is_int(limit, 1) else None

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have: any JSON object, or one of a schema."""
        wanted = self.raw.get("format")
        if is_object(wanted):
            return OutputFormat("json_schema", schema=wanted)
        return OutputFormat("json_object") if wanted == "json" else None

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing to answer: it loads a model into memory, or takes it out."""
        return not (self.raw.get("messages") or self.raw.get("prompt") or self.raw.get("images"))

    @property
    def stops(self) -> tuple[str, ...]:
        """The sequences before which the text ends."""
        given = mapping(self.raw.get("options")).get("stop")
        return tuple(one for one in ([given] if isinstance(given, str) else items(given)) if text(one))


def _named(messages: list[Message]) -> Iterator[Message]:
    """Give tools' answers that say neither a name nor an id the names of the calls before them, in their order."""
    called: list[str] = []
    for message in messages:
        called = [call.name for call in message.tool_calls] or called
        answer = message.parts[0] if message.role == "tool" else None
        if called and isinstance(answer, ToolResult):
            name = called.pop(0)
            parts = message.parts if answer.name or answer.id else (replace(answer, name=name),)
            yield replace(message, parts=parts)
        else:
            yield message


def read_message(value: object) -> Message:
    """Read a message."""
    raw = mapping(value)
    role, said = text(raw.get("role")), text(raw.get("content"))
    if role == "tool":
        name = text(raw.get("tool_name")) or text(raw.get("name"))
        return Message(role=role, parts=(ToolResult(said, text(raw.get("tool_call_id")), name),), raw=raw)
    return Message(role=role, parts=(*parts_of(raw), *_images(raw)), raw=raw)


def parts_of(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what an assistant says: its thoughts, its text, its calls."""
    thought, said = text(raw.get("thinking")), text(raw.get("content"))
    calls = (_call(mapping(one)) for one in items(raw.get("tool_calls")))
    return (*((Reasoning(thought),) if thought else ()), *((Text(said),) if said else ()), *calls)


def _call(raw: Mapping[str, Any]) -> ToolCall:
    called = mapping(raw.get("function"))
    arguments = called.get("arguments")
    return ToolCall(
        text(called.get("name")), encode({} if arguments is None else arguments).decode(), text(raw.get("id"))
    )


def _images(raw: Mapping[str, Any]) -> tuple[Media, ...]:
    return tuple(Media("image", text(one)) for one in items(raw.get("images")))


def _tool(raw: Mapping[str, Any]) -> Tool:
    described = mapping(raw.get("function"))
    return Tool(name=text(described.get("name")), parameters=mapping(described.get("parameters")), raw=raw)
