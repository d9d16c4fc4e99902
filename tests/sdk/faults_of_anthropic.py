"""How Anthropic's SDK is asked with a fault, and what it says; see fault_list.py."""

from __future__ import annotations

import importlib
import json
from typing import Any

import anthropic
from fault_list import HELPER, JSON, RETRIES, SECONDS, STREAM, collect, faults, maybe, points, short

NAME = "anthropic"
VERSION = anthropic.__version__
KEY = f"{NAME}{VERSION.partition('.')[0]}"
TEXT = "One two three four five six seven eight nine ten eleven twelve."
FAULTS = faults(NAME)
POINTS = points(["httpx2"], ("sync", "async"), JSON, STREAM, HELPER)  # it takes clients of no other family
BODY: dict[str, Any] = {
    "model": "claude-opus-4-6",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Count."}],
}


def client(family: str, way: str) -> Any:
    """Make a client on an HTTP library that tries three times at once."""
    module: Any = importlib.import_module(family)
    http_client = module.AsyncClient() if way == "async" else module.Client()
    kind: Any = anthropic.AsyncAnthropic if way == "async" else anthropic.Anthropic
    made = kind(api_key="none", http_client=http_client, max_retries=RETRIES, timeout=SECONDS)
    made._calculate_retry_timeout = lambda *_: 0
    return made


def close(client: Any) -> Any:
    """Close the client."""
    return client.close()


async def ask(client: Any, shape: str, got: list[Any]) -> tuple[str, str | None] | str:
    """Ask; the text and the reason to stop, or what came instead."""
    if shape == HELPER:
        return _message(await _helped(client))
    answer = await maybe(client.messages.create(**BODY, stream=shape == STREAM))
    if shape == JSON:
        return f"no error: a str, {short(answer)}" if isinstance(answer, str) else _message(answer)
    await collect(answer, got)
    return _joined(got)


async def _helped(client: Any) -> Any:
    manager = client.messages.stream(**BODY)
    if isinstance(client, anthropic.AsyncAnthropic):
        async with manager as stream:
            return await stream.get_final_message()
    with manager as stream:
        return stream.get_final_message()


def _message(answer: Any) -> tuple[str, str | None]:
    blocks = answer.content or ()
    said = (block.text if block.type == "text" else json.dumps(block.input, separators=(",", ":")) for block in blocks)
    return "".join(said), answer.stop_reason


def _joined(events: list[Any]) -> tuple[str, str | None]:
    deltas = [event.delta for event in events if event.type == "content_block_delta"]
    said = "".join(delta.text if delta.type == "text_delta" else delta.partial_json for delta in deltas)
    reasons = [event.delta.stop_reason for event in events if event.type == "message_delta"]
    return _compact(said), next(filter(None, reasons), None)


def _compact(said: str) -> str:
    """Write arguments without the spaces that the API puts between them."""
    try:
        return json.dumps(json.loads(said), separators=(",", ":"))
    except ValueError:
        return said
