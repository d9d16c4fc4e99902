"""The law of the server: of every API, whatever the reply and in both shapes, a socket gives what a transport in process does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Reply,
    api_error,
    auto,
    disconnect,
    faults,
    malformed,
    raw,
    reasoning,
    tool_call,
)
from llm_intercept.model.wire import CONNECTION_HEADERS
from llm_intercept.server import serve
from tests.support import GEMINI, MESSAGES, RESPONSES, URL, chat, contents, message, respond

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("uvicorn")
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
TOOLS = [{"type": "function", "function": {"name": name, "description": "", "parameters": SCHEMA}} for name in "fg"]
CLAUDE_TOOLS = [{"name": name, "input_schema": SCHEMA} for name in "fg"]
OPENAI, COHERE, OLLAMA = "https://api.openai.com/v1", "https://api.cohere.com/v2", "https://ollama.com/api"
GOOGLE = "https://generativelanguage.googleapis.com/v1beta"
AMAZON = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
CLAUDE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99}

Said = tuple[str, Any]
"""The URL and the body of a request, which is JSON unless it is bytes; without a body it is a GET."""
MADE_BY = {"anthropic.models": {"anthropic-version": "2023-06-01"}, "google.models": {"x-goog-api-key": "none"}}
"""What clients send by which a path of several makers is told."""


def gemini(user: str, stream: bool) -> Said:
    tools = [{"functionDeclarations": [{"name": name, "parametersJsonSchema": SCHEMA} for name in "fg"]}]
    return f"{GEMINI}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}", contents(user, tools=tools)


def converse(user: str, stream: bool) -> Said:
    tools = [{"toolSpec": {"name": name, "inputSchema": {"json": SCHEMA}}} for name in "fg"]
    body = {"messages": [{"role": "user", "content": [{"text": user}]}], "toolConfig": {"tools": tools}}
    return f"{AMAZON}/amazon.nova-pro-v1:0/converse{'-stream' if stream else ''}", body


def invoke(user: str, stream: bool) -> Said:
    body = {**CLAUDE, "messages": [{"role": "user", "content": user}], "tools": CLAUDE_TOOLS}
    return f"{AMAZON}/anthropic.claude-opus-4-6-v1:0/invoke{'-with-response-stream' if stream else ''}", body


def chatting(url: str, user: str, stream: bool, *, always: bool = False, **more: Any) -> Said:
    """Ask an API whose request is as a chat completion's; `always` where a stream is what it gives by default."""
    body = chat(user, stream=stream, tools=TOOLS, **more)
    return url, {**body, "stream": stream} if always else body


CONVERSATIONS: dict[str, Callable[[str, bool], Said]] = {
    "openai.chat": partial(chatting, URL),
    "azure": partial(chatting, "https://api.openai.com/openai/deployments/d/chat/completions?api-version=2024-10-21"),
    "openai.completions": lambda user, stream: (
        f"{OPENAI}/completions",
        {"model": "gpt-3.5-turbo-instruct", "prompt": user, "stream": stream},
    ),
    "openai.responses": lambda user, stream: (
        RESPONSES,
        respond(user, stream=stream, tools=[{"type": "function", **tool["function"]} for tool in TOOLS]),
    ),
    "anthropic.messages": lambda user, stream: (MESSAGES, message(user, stream=stream, tools=CLAUDE_TOOLS)),
    "google.gemini": gemini,
    "ollama.chat": partial(chatting, f"{OLLAMA}/chat", always=True),
    "ollama.generate": lambda user, stream: (
        f"{OLLAMA}/generate",
        {"model": "llama3.2", "prompt": user, "stream": stream},
    ),
    "cohere.chat": partial(chatting, f"{COHERE}/chat", model="command-a-03-2025"),
    "bedrock.converse": converse,
    "bedrock.invoke": invoke,
}
OTHERS: dict[str, Callable[[str], Said]] = {
    "openai.embeddings": lambda user: (f"{OPENAI}/embeddings", {"model": "text-embedding-3-small", "input": [user]}),
    "openai.moderations": lambda user: (f"{OPENAI}/moderations", {"input": user}),
    "openai.models": lambda _: (f"{OPENAI}/models", None),
    "openai.files": lambda _: (f"{OPENAI}/files", None),
    "google.embeddings": lambda user: (
        f"{GOOGLE}/models/gemini-embedding-001:embedContent",
        {"content": {"parts": [{"text": user}]}},
    ),
    "google.models": lambda _: (f"{GOOGLE}/models", None),
    "anthropic.models": lambda _: ("https://api.anthropic.com/v1/models", None),
    "ollama.embed": lambda user: (f"{OLLAMA}/embed", {"model": "nomic-embed-text", "input": user}),
    "ollama.models": lambda _: (f"{OLLAMA}/tags", None),
    "cohere.embed": lambda user: (
        f"{COHERE}/embed",
        {"model": "embed-v4.0", "input_type": "search_query", "texts": [user], "embedding_types": ["float"]},
    ),
    "cohere.rerank": lambda user: (
        f"{COHERE}/rerank",
        {"model": "rerank-v3.5", "query": user, "documents": ["a", user]},
    ),
    "tokens": lambda user: (f"{MESSAGES}/count_tokens", message(user)),
}
REPLIES: dict[str, Any] = {
    "a text": "A frog leaps in.",
    "some calls": [tool_call("f", a=1), tool_call("g", b=2)],
    "deltas": Reply(deltas=["one ", "two"], usage=None),
    "a thought": Reply(reasoning("So."), "Then."),
    "a reason": Reply("x", finish_reason="length"),
    "by itself": auto(),
    "limited": api_error(429, retry_after=3),
    "failing": api_error(500),
    "ready bytes": raw(b"one\ntwo", headers={"content-type": "text/plain"}),
}
FAULTS: dict[str, Any] = {
    "is malformed": malformed(1),
    "is cut off": faults.cut_off(1),
    "misses its end": faults.missing_done(),
    "misses why": faults.missing_finish(),
    "comes twice": faults.duplicate_chunk(1),
    "is out of order": faults.out_of_order(1),
    "ends in an error": faults.stream_error(1),
    "is a page": faults.html_error(),
    "is empty": faults.empty_body(),
    "is called otherwise": faults.wrong_content_type(),
    "has comments": faults.keep_alive(),
    "has other lines": faults.crlf(),
    "comes in bytes": faults.rechunk(7, how="bytes"),
    "breaks off": disconnect(2),
}


def rules(llm: Interceptor) -> None:
    for words, reply in REPLIES.items():
        llm.on(words, api="*").reply(reply)
    for words, fault in FAULTS.items():
        llm.on(words, api="*").reply(Reply(deltas=["one ", "two ", "three"], fault=fault))


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the rules."""
    with serve(Interceptor(rules=rules)) as url:
        yield url


@pytest.fixture
def inside() -> Iterator[httpx.Client]:
    with httpx.Client(transport=InterceptTransport(rules=rules)) as client:
        yield client


@pytest.fixture
def outside(request: pytest.FixtureRequest, served: str) -> Iterator[httpx.Client]:
    """Make a client whose requests are those of one test; that some are not answered is meant, and forgotten."""
    with httpx.Client(headers={"x-llm-intercept-test": request.node.name}, trust_env=False) as client:
        yield client
        client.post(f"{served}/__llm_intercept/reset").raise_for_status()


def heard(client: httpx.Client, said: Said, at: str = "") -> tuple[Any, ...]:
    """Ask, at a server if one is given; return all that comes, to the error that ends it.

    What is left out of the headers is one server's and one connection's, and when a limit that is not near is full again.
    """
    url, body = said
    parts = urlsplit(url)
    place = url.replace(f"{parts.scheme}://{parts.netloc}", at) if at else url
    content, error = b"", None
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    with client.stream("GET" if body is None else "POST", place, **given) as answer:
        try:
            for chunk in answer.iter_raw():
                content += chunk
        except httpx.TransportError as raised:
            error = type(raised)
    left_out = {*CONNECTION_HEADERS, "content-length"}
    headers = {k: v for k, v in answer.headers.items() if k not in left_out and not k.endswith("-reset")}
    return answer.status_code, headers, content, error


def same(inside: httpx.Client, outside: httpx.Client, served: str, said: Said) -> tuple[Any, ...]:
    """Ask on both ways; return what both give, which is the same."""
    one, other = heard(inside, said), heard(outside, said, served)
    assert one == other, said
    return one


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("api", CONVERSATIONS)
def test_a_conversation_is_the_same_at_the_socket(served, inside, outside, api, stream):
    """The status, the API's headers, every byte, and how it breaks off."""
    ask = CONVERSATIONS[api]
    for words in (*REPLIES, *FAULTS):
        status, _, content, error = same(inside, outside, served, ask(words, stream))
        assert status != 404, (words, content)
        assert (error is not None) == (words == "breaks off"), words


@pytest.mark.parametrize("api", OTHERS)
def test_what_is_no_conversation_is_the_same_at_the_socket(served, inside, outside, api):
    """What is answered by default, and errors."""
    for client in (inside, outside):
        client.headers.update(MADE_BY.get(api, {}))
    for words in ("a frog", "limited", "failing"):
        same(inside, outside, served, OTHERS[api](words))


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("api", CONVERSATIONS)
def test_what_is_not_answered_is_the_same_at_the_socket(served, inside, outside, api, stream):
    """What no rule answers, what the API itself would refuse, and what is no JSON."""
    url, body = CONVERSATIONS[api]("else", stream)
    refused = [same(inside, outside, served, (url, one))[0] for one in (body, {}, b"no JSON")]
    assert refused[0] == 404
    assert min(refused) >= 400
