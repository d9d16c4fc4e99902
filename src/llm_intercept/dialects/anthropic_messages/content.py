"""Reads messages and their content blocks, of a request and of an answer, into the neutral vocabulary.

Knows: the blocks' JSON (Anthropic's reference, "Create a Message"). Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_object, items, mapping, text
from llm_intercept.model.parts import Citation, Media, Other, Part, Reasoning, Text, ToolCall, ToolResult
from llm_intercept.model.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.model.parts import MediaKind

MEDIA: dict[str, MediaKind] = {"image": "image", "document": "file"}
CALL, RESULT, REMOVAL = "tool_use", "tool_result", "tool_removal"


def messages_of(body: Mapping[str, Any], before: Iterable[Mapping[str, Any]] = ()) -> Iterator[Message]:
    """Read a request's conversation.

    Args:
        body: The request's body.
        before: The messages of the conversation that it continues.

    """
    said = body.get("system")
    if said:
        yield Message(role="system", parts=tuple(parts_of(said)), raw={"system": said})
    for message in (*before, *map(mapping, items(body.get("messages")))):
        yield Message(role=text(message.get("role")), parts=tuple(parts_of(message.get("content"))), raw=message)


def tools_of(body: Mapping[str, Any], before: Iterable[Mapping[str, Any]] = ()) -> Iterator[Mapping[str, Any]]:
    """Give the tools that a request offers: those it begins with, and what a system's message changes of that later on.

    Args:
        body: The request's body.
        before: The messages of the conversation that it continues.

    """
    known, removed = list(map(mapping, items(body.get("tools")))), set[str]()
    for message in (*before, *map(mapping, items(body.get("messages")))):
        for block in map(mapping, items(message.get("content")) if message.get("role") == "system" else ()):
            tool = mapping(block.get("tool"))
            name = text(tool.get("name"))
            if block.get("type") == REMOVAL:
                removed.add(name or text(tool.get("server_name")))
            elif is_object(tool.get("definition")):
                known.append(mapping(tool["definition"]))
                removed.discard(text(tool["definition"].get("name")))
            else:
                removed.discard(name)
    names = ({text(one.get("name")), text(one.get("mcp_server_name"))} - {""} for one in known)
    yield from (one for one, own in zip(known, names, strict=True) if not own & removed)


def parts_of(content: object) -> Iterator[Part]:
    """Read the content of a message: a text, or blocks."""
    if isinstance(content, str):
        yield from (Text(content),) if content else ()
    for block in items(content):
        yield from _block_parts(mapping(block))


def _block_parts(block: Mapping[str, Any]) -> Iterator[Part]:
    match text(block.get("type")):
        case "text":
            yield Text(text(block.get("text")))
            yield from (Citation(raw=mapping(one)) for one in items(block.get("citations")))
        case "thinking":
            yield Reasoning(text(block.get("thinking")), signature=text(block.get("signature")))
        case "redacted_thinking":
            yield Reasoning(encrypted=text(block.get("data")))
        case "tool_use":
            yield ToolCall(text(block.get("name")), encode(mapping(block.get("input"))).decode(), text(block.get("id")))
        case "tool_result":
            answered, failed = _answered(block.get("content")), block.get("is_error") is True
            yield ToolResult(answered, text(block.get("tool_use_id")), is_error=failed)
        case "image" | "document" as kind:
            yield _media(MEDIA[kind], block)
        case kind:
            yield Other(kind, block)


def texts_of(content: object) -> str:
    """Read the text of a content, without anything else in it."""
    return "".join(part.text for part in parts_of(content) if isinstance(part, Text))


def _answered(content: object) -> str:
    """Read the text of what a tool answered, and of what it found: results of a search, documents."""
    if isinstance(content, str):
        return content
    return "".join(map(_found, map(mapping, items(content))))


def _found(block: Mapping[str, Any]) -> str:
    if block.get("type") == "search_result":
        return texts_of(block.get("content"))
    return "".join(
        part.transcript if isinstance(part, Media) else part.text
        for part in _block_parts(block)
        if isinstance(part, Text | Media)
    )


def _media(kind: MediaKind, block: Mapping[str, Any]) -> Media:
    source = mapping(block.get("source"))
    mime, identifier = text(source.get("media_type")), text(source.get("file_id"))
    is_plain = source.get("type") == "text"
    data = "" if is_plain else text(source.get("data"))
    transcript = text(source.get("data")) if is_plain else texts_of(source.get("content"))
    return Media(kind, data, text(source.get("url")), mime, transcript, identifier, block)
