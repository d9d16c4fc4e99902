"""How google-genai is asked with a fault, and what it says; see fault_list.py."""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

from fault_list import FAMILIES, JSON, RETRIES, SECONDS, STREAM, collect, faults, maybe, points
from google import genai
from google.genai import types

NAME = "google.genai"
VERSION = genai.__version__
KEY = f"google-genai{VERSION.partition('.')[0]}"
TEXT = " ".join(f"This is the sentence of number {number}." for number in range(1, 21))
"""Long enough for some chunks, each of which has a good many words."""
AIOHTTP = ["aiohttp"] if importlib.util.find_spec("aiohttp") else []
FAULTS = faults(NAME)
POINTS = [*points(FAMILIES, ("sync", "async"), JSON, STREAM), *points(AIOHTTP, ("async",), JSON, STREAM)]
AGAIN = types.HttpRetryOptions(attempts=RETRIES + 1, initial_delay=0, max_delay=0, jitter=0)


def client(family: str, way: str) -> Any:
    """Make a client on an HTTP library that tries three times at once; aiohttp is what async ones take by themselves."""
    options: dict[str, Any] = {"timeout": SECONDS * 1000, "retry_options": AGAIN}
    if family != "aiohttp":
        module: Any = importlib.import_module(family)
        own = {"httpx_async_client": module.AsyncClient()} if way == "async" else {"httpx_client": module.Client()}
        options |= own
    made = genai.Client(api_key="none", http_options=types.HttpOptions(**options))
    return made.aio if way == "async" else made


def close(client: Any) -> Any:
    """Close the client."""
    return client.aclose() if hasattr(client, "aclose") else client.close()


async def ask(client: Any, shape: str, got: list[Any]) -> tuple[str, Any]:
    """Ask; the text and the reason to finish."""
    body: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": "Count."}
    if shape == JSON:
        return _joined([await maybe(client.models.generate_content(**body))])
    await collect(await maybe(client.models.generate_content_stream(**body)), got)
    return _joined(got)


def _joined(answers: list[Any]) -> tuple[str, Any]:
    candidates = [one for answer in answers for one in answer.candidates or ()]
    parts = [part for one in candidates if one.content for part in one.content.parts or ()]
    said = "".join(_said(part) for part in parts)
    return said, next((one.finish_reason for one in candidates if one.finish_reason), None)


def _said(part: Any) -> str:
    called = part.function_call
    return json.dumps(called.args, separators=(",", ":")) if called else part.text or ""
