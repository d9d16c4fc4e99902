"""What tests share beside fixtures: one request, and how its answer is read."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import statistics
import subprocess
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import InterceptTransport
from llm_intercept.base.json import encode
from llm_intercept.dialects.openai_chat.dialect import OpenAIChat
from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest

SHARED = Path(__file__).parents[2] / "shared" / "wire"  # other projects' recordings, where they are
URL = "https://api.openai.com/v1/chat/completions"
RESPONSES = "https://api.openai.com/v1/responses"
MESSAGES = "https://api.anthropic.com/v1/messages"
VERTEX = (
    "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict"
)
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
VERTEX_GEMINI = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash"
ELSEWHERE = "http://llm.test/v1/chat/completions"


def chat(user: str = "hi", *, model: str = "gpt-4o", stream: bool = False, **more: Any) -> dict[str, Any]:
    """Make the body of a chat completions request."""
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": user}], **more}
    return {**body, "stream": True} if stream else body


def respond(user: str = "hi", *, model: str = "gpt-4o", stream: bool = False, **more: Any) -> dict[str, Any]:
    """Make the body of a Responses request."""
    body: dict[str, Any] = {"model": model, "input": [{"role": "user", "content": user}], **more}
    return {**body, "stream": True} if stream else body


def message(user: str = "hi", *, model: str = "claude-opus-4-6", stream: bool = False, **more: Any) -> dict[str, Any]:
    """Make the body of a request to Anthropic's Messages."""
    known = {"model": model, "max_tokens": 4096, "messages": [{"role": "user", "content": user}]}
    return {**known, **more, **({"stream": True} if stream else {})}


def contents(user: str = "hi", **more: Any) -> dict[str, Any]:
    """Make the body of a request to Gemini."""
    return {"contents": [{"role": "user", "parts": [{"text": user}]}], **more}


def said(response: Any) -> str:
    """Read the assistant's text out of a JSON answer."""
    assert response.status_code == 200, response.text
    content: str = response.json()["choices"][0]["message"]["content"]
    return content


def ask(client: Any, user: str = "hi", *, url: str = URL, **more: Any) -> str:
    """Ask a sync client (or an HTTP library) and read the answer's text."""
    return said(client.post(url, json=chat(user, **more)))


async def ask_async(client: Any, user: str = "hi", *, url: str = URL, **more: Any) -> str:
    """Ask an async client and read the answer's text."""
    return said(await client.post(url, json=chat(user, **more)))


def run_command(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this environment, of whose variables of ours and of OpenAI's only those given are set."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LLM_INTERCEPT", "OPENAI_"))}
    environment = {**inherited, **variables}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE, cwd=cwd, env=environment
    )


def complete(coroutine: Coroutine[Any, Any, Any], *, is_async: bool) -> Any:
    """Run a law written once for sync and async clients; for sync ones it never waits, and no loop runs."""
    if is_async:
        return asyncio.run(coroutine)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a sync client was waited for")


async def maybe(value: Any) -> Any:
    """Await what an async client returns; give what a sync one does."""
    return await value if inspect.isawaitable(value) else value


@contextmanager
def collecting() -> Iterator[None]:
    """Collect at its end the garbage that a block makes, and nothing older: to look at all that the process holds takes 0.3 s.

    While nothing is collected by itself, what is made in the block is all among the youngest.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect(1)


def upstream(reply: Any) -> httpx.MockTransport:
    """Make a transport that answers as an API would, for what is to be recorded; another interceptor does."""
    api = httpx.Client(transport=InterceptTransport(reply, time_scale=0))

    def answer(request: httpx.Request) -> httpx.Response:
        def send() -> httpx.Response:  # outside of what lets a request out
            return api.request(request.method, request.url, content=request.content, headers=request.headers)

        made = contextvars.Context().run(send)
        headers = {"content-type": made.headers["content-type"]}
        return httpx.Response(made.status_code, headers=headers, content=made.content)

    return httpx.MockTransport(answer)


def in_both_shapes(
    folder: Path, reply: Any, ask: Callable[[httpx.Client, bool], bytes], *, first: bool
) -> tuple[bytes, bytes, bytes]:
    """Record an answer in one shape; what was answered, and what a tape answers in the same and in the other shape."""
    inner = upstream(reply)
    with httpx.Client(transport=InterceptTransport(inner=inner, mode="record", recordings=folder)) as client:
        recorded = ask(client, first)
    played: list[bytes] = []
    for stream in (first, not first):
        with httpx.Client(transport=InterceptTransport(mode="replay", recordings=folder)) as client:
            played.append(ask(client, stream))
    return recorded, played[0], played[1]


def nearest_median_gap(measure: Callable[[], list[float]], wanted: float, tries: int = 40) -> float:
    """Measure moments until the median gap between them is within 5 %; on a busy machine some measurements are not.

    Args:
        measure: Returns moments, in seconds.
        wanted: The gap, in seconds.
        tries: How often to measure at the most.

    """
    found: list[float] = []
    for _ in range(tries):
        found.append(statistics.median(second - first for first, second in pairwise(measure())))
        if abs(found[-1] - wanted) < wanted * 0.05:
            break
    return min(found, key=lambda gap: abs(gap - wanted))


def read_chat(head: WireRequest, body: Mapping[str, Any]) -> LLMRequest:
    """Read a chat completions request as its dialect does."""
    return OpenAIChat().read(head, encode(body))
