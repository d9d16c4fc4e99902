"""Shows takes as people read them: a conversation, and what answered it.

Knows: chat messages in any API's JSON, rich. Must not know: where takes are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from llm_intercept.base.json import encode, is_array, is_object, items, mapping, text
from llm_intercept.dialects.openai_chat.ready import accumulated
from llm_intercept.tapetools.checking import event_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.take import Take

COLOURS = {"system": "magenta", "developer": "magenta", "user": "cyan", "assistant": "green", "tool": "yellow"}


def conversation(take: Take) -> Iterator[Text]:
    """Give the lines of an exchange: what was asked, message by message, and what was answered."""
    request = mapping(take.request.body)
    yield Text(f"{take.request.method} {take.request.url}", "dim")
    tools = ", ".join(text(mapping(mapping(tool).get("function")).get("name")) for tool in items(request.get("tools")))
    yield Text(f"model {request.get('model', '?')}{f', tools {tools}' if tools else ''}", "dim")
    for message in map(mapping, items(request.get("messages", request.get("input")))):
        yield said(text(message.get("role")) or text(message.get("type")), message)
    if isinstance(request.get("input"), str):
        yield said("user", {"content": request["input"]})
    yield Text(f"── {take.response.status}{f' (partial: {take.partial})' if take.partial else ''} ──", "dim")
    yield from _answer(take)


def said(role: str, message: Any) -> Text:
    """Say a message in one text: its role, its words, its tool calls."""
    line = Text(f"{role}: ", f"bold {COLOURS.get(role, 'white')}")
    line.append(_words(message.get("content") or message.get("refusal")), "")
    for call in map(mapping, items(message.get("tool_calls"))):
        called = mapping(call.get("function", call.get("custom")))
        line.append(f"\n  → {called.get('name')}({called.get('arguments', called.get('input', ''))})", "yellow")
    return line


def _answer(take: Take) -> Iterator[Text]:
    response = take.response
    is_chat = take.request.url.partition("?")[0].endswith("/chat/completions")
    body: Any = response.body
    if response.events is not None and is_chat:
        body = accumulated(event_values(take))
    if is_object(body) and items(mapping(body).get("choices")):
        for choice in map(mapping, items(mapping(body)["choices"])):
            yield said("assistant", mapping(choice.get("message")))
            yield Text(f"finish_reason {choice.get('finish_reason')}", "dim")
    elif response.events is not None:
        yield Text("\n".join((event.text or encode(event.data).decode()).strip() for event in response.events))
    else:
        yield Text(response.text if response.text is not None else encode(body, indent=2).decode())
    usage = mapping(mapping(body).get("usage"))
    if usage:
        yield Text(f"tokens {usage.get('prompt_tokens', '?')} in, {usage.get('completion_tokens', '?')} out", "dim")


def _words(content: Any) -> str:
    if not is_array(content):
        return text(content)
    return "\n".join(text(mapping(part).get("text")) or f"[{mapping(part).get('type')}]" for part in items(content))
