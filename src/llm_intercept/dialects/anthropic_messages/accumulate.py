"""Adds up a stream's events to the message that says the same, also where it broke off.

Knows: events (Anthropic's reference, "Streaming Messages"). Must not know: rules, how a body is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object, items, mapping, plain, text
from llm_intercept.dialects.anthropic_messages.speaking import input_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "compaction_delta": "content"}
MOST_BLOCKS = 10_000


def accumulated(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up events; without the one that begins a message, there is only what others say."""
    body: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for event in events:
        kind, index = text(event.get("type")), _index(event)
        if kind == "message_start":
            body = plain(mapping(event.get("message")))
        elif kind == "content_block_start":
            blocks[index] = plain(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            _add(blocks.setdefault(index, {}), index, inputs, mapping(event.get("delta")))
        elif kind == "message_delta":
            body |= plain(mapping(event.get("delta")))
            body["usage"] = {**mapping(body.get("usage")), **_told(event.get("usage"))}
        elif kind == "error":
            return dict(plain(event))
    for index, given in inputs.items():
        blocks[index]["input"] = _given(given)
    return {**body, "content": [blocks[index] for index in sorted(blocks)]} if body else body


def _index(event: Mapping[str, Any]) -> int:
    found = event.get("index")
    return found if is_int(found, 0, MOST_BLOCKS) else 0


def _add(block: dict[str, Any], index: int, inputs: dict[int, str], delta: Mapping[str, Any]) -> None:
    kind = text(delta.get("type"))
    if kind in TEXTS:
        block[TEXTS[kind]] = text(block.get(TEXTS[kind])) + text(delta.get(TEXTS[kind]))
    elif kind == "signature_delta":
        block["signature"] = text(delta.get("signature"))
    elif kind == "citations_delta":
        block["citations"] = [*items(block.get("citations")), plain(delta.get("citation"))]
    elif kind == "input_json_delta":
        inputs[index] = inputs.get(index, "") + text(delta.get("partial_json"))


def _given(arguments: str) -> Any:
    try:
        return input_of(arguments)
    except ValueError:
        return {}


def _told(usage: object) -> dict[str, Any]:
    return (
        {name: plain(value) for name, value in mapping(usage).items() if value is not None} if is_object(usage) else {}
    )
