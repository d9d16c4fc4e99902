"""What a request says, as the API lists it afterwards: each item with an id, a status and its content in parts.

Knows: items (OpenAI's reference, "List input items", "Conversations"). Must not know: who asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.openai_responses.item_ids import item_id
from llm_intercept.dialects.openai_responses.item_kinds import KINDS
from llm_intercept.dialects.openai_responses.kept import KeptResponse, given, turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.dialects.openai_responses.kept import Before, Item

OUTPUT = "_output"
ANSWERED = {"function_call_output": "fc", "custom_tool_call_output": "ctc", "computer_call_output": "cu"}
"""What the ids of answers of tools begin with."""


def listed(several: Iterable[Mapping[str, Any]], identity: str, created: int) -> list[Item]:
    """List items that a request says."""
    return [_listed(one, item_id(identity, created, f"input {number}")) for number, one in enumerate(several)]


def all_listed(kept: KeptResponse) -> Iterator[Item]:
    """List all that a response answers: the conversation before it, and its own input."""
    yield from said_before(kept.before)
    yield from asked_listed(kept)


def said_before(before: Before) -> Iterator[Item]:
    """List what was said in a conversation, the answers too."""
    for turn in turns(before):
        if isinstance(turn, KeptResponse):
            yield from asked_listed(turn)
            yield from map(dict, turn.output)
        else:
            yield from turn


def asked_listed(kept: KeptResponse) -> list[Item]:
    """List a response's own input."""
    created = kept.body.get("created_at")
    return listed(given(kept.asked), kept.identity, created if isinstance(created, int) else 0)


def _listed(item: Mapping[str, Any], identifier: str) -> Item:
    kind = text(item.get("type")) or "message"
    if kind == "message":
        content = list(_parts(item.get("content"), text(item.get("role"))))
        head = {"id": f"msg_{identifier}", "type": kind, "status": "completed", "content": content}
        return {**head, **{key: value for key, value in item.items() if key not in {"type", "content"}}}
    prefix = KINDS[kind].prefix if kind in KINDS else ANSWERED.get(kind, "item")
    known = {"id": f"{prefix}_{identifier}", "type": kind, **item}
    has_status = KINDS[kind].has_status if kind in KINDS else kind.endswith(OUTPUT)
    return {**known, "status": known.get("status") or "completed"} if has_status else known


def _parts(content: object, role: str) -> Iterator[Item]:
    """Write the content of a message in parts; the model's have sources and log probabilities."""
    is_said = role == "assistant"
    usual: Item = {"annotations": [], "logprobs": []} if is_said else {}
    if isinstance(content, str):
        yield {"type": "output_text" if is_said else "input_text", **usual, "text": content}
    for part in items(content):
        known = mapping(part)
        yield {**usual, **known} if known.get("type") == "output_text" else dict(known)
