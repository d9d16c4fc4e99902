"""How the openai SDK is asked with a fault, and what it says; see fault_list.py."""

from __future__ import annotations

import importlib
from typing import Any

import openai
from fault_list import FAMILIES, JSON, RETRIES, SECONDS, STREAM, collect, faults, maybe, points, short

NAME = "openai"
VERSION = openai.__version__
KEY = f"{NAME}{VERSION.partition('.')[0]}"
TEXT = "One two three four."
FAULTS = faults(NAME)
POINTS = points(FAMILIES, ("sync", "async"), JSON, STREAM)


def client(family: str, way: str) -> Any:
    """Make a client on an HTTP library that tries three times at once."""
    module = importlib.import_module(family)
    http_client = module.AsyncClient() if way == "async" else module.Client()
    kind = openai.AsyncOpenAI if way == "async" else openai.OpenAI
    made = kind(api_key="none", http_client=http_client, max_retries=RETRIES, timeout=SECONDS)
    made._calculate_retry_timeout = lambda *_: 0
    return made


def close(client: Any) -> Any:
    """Close the client."""
    return client.close()


async def ask(client: Any, shape: str, got: list[Any]) -> tuple[str, str | None] | str:
    """Ask; the text and the reason to finish, or what came instead."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Count."}], "stream": shape == STREAM}
    answer = await maybe(client.chat.completions.create(**body))
    if shape == JSON:
        return f"no error: a str, {short(answer)}" if isinstance(answer, str) else _message(answer)
    await collect(answer, got)
    return _joined(got)


def _message(answer: Any) -> tuple[str, str | None]:
    if not answer.choices:
        return "", None
    message = answer.choices[0].message
    calls = "".join(call.function.arguments for call in message.tool_calls or ())
    return (message.content or "") + calls, answer.choices[0].finish_reason


def _joined(chunks: list[Any]) -> tuple[str, str | None] | str:
    if any(chunk.choices is None for chunk in chunks):
        return "no error: a chunk whose `choices` is None"
    choices = [choice for chunk in chunks for choice in chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    for choice in choices:
        text += "".join(call.function.arguments or "" for call in choice.delta.tool_calls or ())
    return text, next((choice.finish_reason for choice in choices if choice.finish_reason), None)
