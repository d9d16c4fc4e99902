"""What is asked and what is answered, as ready values: requests, JSON bodies, stream frames.

Knows: the shape of chat completions. Must not know: who sends it.
"""

from __future__ import annotations

import itertools
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "https://api.openai.com/v1"
URL = f"{HOST}/chat/completions"
ANSWER = "It's simple to use, and it answers at once."
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Say something nice about the weather in Paris."},
]
ARGUMENTS = '{"city":"Paris","unit":"celsius"}'
PERSON = {"name": "Ada Lovelace", "age": 36, "languages": ["English", "French"]}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "kelvin"]}},
            "required": ["city"],
        },
    },
}


def payload(**more: Any) -> dict[str, Any]:
    """Make a request's body."""
    return {"model": "gpt-4o", "messages": MESSAGES, **more}


def numbered(number: int) -> dict[str, Any]:
    """Make the body that only the rule or take of this number answers."""
    said = f"Please tell me what you know about topic {number:06} in one sentence."
    return {"model": f"model-{number:06}", "messages": [MESSAGES[0], {"role": "user", "content": said}]}


def topic(number: int) -> str:
    """Say the text that only the request of this number has."""
    return f"topic {number:06}"


def body(message: dict[str, Any] | None = None, reason: str = "stop") -> bytes:
    """Make a JSON body, as the API writes it."""
    said = {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": [], **(message or {})}
    detail = {"cached_tokens": 0, "audio_tokens": 0}
    value = {
        "id": "chatcmpl-BQ8aZkT3yqNn0rM1oVx5w2cLsUeJi",
        "object": "chat.completion",
        "created": 1_770_000_000,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": 27,
            "completion_tokens": 12,
            "total_tokens": 39,
            "prompt_tokens_details": detail,
            "completion_tokens_details": {"reasoning_tokens": 0, **detail},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_a1b2c3d4e5",
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def tool_body() -> bytes:
    """Make the body of an answer that calls a tool."""
    call = {"id": "call_BQ8aZkT3yqNn0rM1oVx5w2cL", "type": "function"}
    function = {"name": "get_weather", "arguments": ARGUMENTS}
    return body({"content": None, "tool_calls": [{**call, "function": function}]}, "tool_calls")


def structured_body() -> bytes:
    """Make the body of an answer that is an object's JSON."""
    return body({"content": json.dumps(PERSON)})


def words(chunks: int) -> str:
    """Make a text of so many tokens."""
    return "".join(deltas(chunks))


def deltas(chunks: int) -> list[str]:
    """Make so many deltas, each a word."""
    return [(" again", " and", " sun", " rain\n", ' "quoted"')[number % 5] for number in range(chunks)]


@lru_cache(maxsize=8)
def frames(chunks: int) -> tuple[bytes, ...]:
    """Make the frames of a stream of so many deltas: role, deltas, finish, [DONE]."""
    said: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    said += [{"content": text} for text in deltas(chunks)]
    choices: list[tuple[dict[str, Any], str | None]] = [*((one, None) for one in said), ({}, "stop")]
    return (*(_frame(delta, reason) for delta, reason in choices), b"data: [DONE]\n\n")


def lazy_frames(chunks: int) -> Iterator[bytes]:
    """Make the same frames again and again, as many as asked for, without keeping them."""
    few = frames(100)
    yield from itertools.islice(itertools.cycle(few[:-1]), chunks)
    yield few[-1]


def lazy_deltas(chunks: int) -> Iterator[str]:
    """Make so many deltas without keeping them."""
    return itertools.islice(itertools.cycle(deltas(100)), chunks)


def _frame(delta: dict[str, Any], reason: str | None) -> bytes:
    value = {
        "id": "chatcmpl-BQ8aZkT3yqNn0rM1oVx5w2cLsUeJi",
        "object": "chat.completion.chunk",
        "created": 1_770_000_000,
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "system_fingerprint": "fp_a1b2c3d4e5",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
        "obfuscation": "aB3dE5fG7h",
    }
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
