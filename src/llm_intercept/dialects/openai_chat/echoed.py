"""What of an answer OpenAI takes where it is sent back in a message, though its SDK's types of requests do not have it.

Recorded requests that were answered have it: litellm sends `annotations`, and the `name` of a tool that answers;
programs the `index` of a streamed call.

Knows: the request's JSON. Must not know: the SDK's types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

ECHOED = {"assistant": "annotations", "tool": "name"}
"""The field that a message of a role may have besides."""
INDEX = "index"


def without_echoes(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out of a body what its answers had."""
    return {**body, "messages": [_told(one) for one in items(body.get("messages"))]}


def _told(message: Any) -> Any:
    if not is_object(message) or message.get("role") not in ECHOED:
        return message
    told = {name: value for name, value in message.items() if name != ECHOED[message["role"]]}
    calls = told.get("tool_calls")
    return {**told, "tool_calls": [_call(one) for one in items(calls)]} if is_array(calls) else told


def _call(call: Any) -> Any:
    return {name: value for name, value in mapping(call).items() if name != INDEX} if is_object(call) else call
