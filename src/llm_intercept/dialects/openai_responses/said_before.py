"""What OpenAI takes as a message of the model's that is sent back, though its SDK's types do not have it so.

A recorded request that was answered has it: the role, and the content that an answer had, without the message's id.

Knows: the request's JSON. Must not know: the SDK's types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

SAID = ("output_text", "refusal")
FIELDS = frozenset({"type", "role", "content"})


def without_answers(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say such messages of a body as texts, which the types have."""
    given = body.get("input")
    return {**body, "input": [_as_text(one) for one in items(given)]} if is_array(given) else body


def _as_text(item: Any) -> Any:
    said = mapping(item)
    parts = [mapping(one).get("type") for one in items(said.get("content"))]
    is_answer = said.get("role") == "assistant" and said.keys() <= FIELDS and parts and set(parts) <= {*SAID}
    return {**said, "content": ""} if is_answer else item
