"""What a host's row has: the forms of its bodies, chunks, headers and errors, as templates.

Knows: in what the hosts that speak as OpenAI does differ (docs/wire.md 7). Must not know: any one host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Template = Mapping[str, Any]
When = Literal["never", "asked", "always"]
Moment = Literal[
    "opening", "opening of calls", "opening of reasoning",
    "reasoning begins", "reasoning", "text begins after reasoning", "text after reasoning", "calls", "finish",
]  # fmt: skip
"""What a delta is: the first with the role, a piece of something, the last."""
Aspect = Literal["any", "calls", "reasoning"]
"""What the message of a body has: any, calls and no text, reasoning."""

HEADERS: tuple[tuple[str, str], ...] = (
    ("date", "{date}"),
    ("content-type", "{content_type}"),
    ("transfer-encoding", "chunked"),
)


@dataclass(frozen=True, slots=True)
class Words:
    """How an error is told.

    Attributes:
        message: What it says.
        type: Its type.
        code: Its code.
        param: What it is about.
        status: The status, where it is another than OpenAI's.
        shape: The body's template, where it is another than the host's usual one.

    """

    message: str
    type: str | None = None
    code: str | int | None = None
    param: str | None = None
    status: int | None = None
    shape: Template | None = None


USUAL_WORDS: Mapping[str, Words] = {
    "invalid_api_key": Words("Invalid API key provided.", "invalid_request_error", "invalid_api_key"),
    "rate_limit_exceeded": Words("Rate limit exceeded.", "rate_limit_error", "rate_limit_exceeded"),
    "insufficient_quota": Words("Insufficient credits.", "insufficient_quota", "insufficient_quota"),
}
"""The errors of a host of which no others were seen, without what OpenAI says of itself in them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Host:
    """A host's row; what is not said is what most hosts do (docs/wire.md 7.2).

    Attributes:
        name: What the host is called.
        body: A body that is no stream.
        choice: A choice in it.
        message: The message of a choice.
        message_beside: What the message has besides, by aspect; `any` is what stands where nothing is said.
        call: A call of a tool, with `{index}` where the host has one there.
        chunk: A chunk of a stream.
        chunk_choice: A choice in it.
        delta: What a choice of a chunk says.
        beside: What a delta has besides, by moment.
        chunk_call: A call in a delta.
        first: What the first chunk has besides.
        last: What the chunk that ends the last choice has besides.
        apart: What the chunk of usage has besides.
        usage: The tokens.
        stream_usage: The tokens in a stream, where their order is another.
        usage_along: The tokens in chunks before the last, where the host has them there.
        usage_at_finish: When the tokens are beside the choice that ends.
        usage_apart: When the tokens are in a chunk of their own.
        null_usage: Whether other chunks say that there is no usage yet, if it is asked for.
        id: An answer's id.
        call_id: A call's id.
        fingerprint: The system's fingerprint; None is null.
        role: Whether the role is in a first delta of its own, joined to what is said first, or in every delta.
        whole_calls: Whether a call is told in one delta.
        calls_at_finish: Whether calls are told in the chunk that ends the choice.
        padding: What chunks of text are padded with: the key.
        providers: What the maker of a model is called, by the beginning of the model's name.
        comment: A comment before the first chunk.
        newline: What ends a line of a stream.
        has_done: Whether `[DONE]` ends a stream.
        tail: What a body ends with.
        json_type: The type of JSON.
        stream_type: The type of a stream.
        headers: The headers of an answer, by name and order.
        words: Its errors, by their names here.
        error: The body of an error.

    """

    name: str
    body: Template = field(default_factory=lambda: BODY)
    choice: Template = field(default_factory=lambda: CHOICE)
    message: Template = field(default_factory=lambda: MESSAGE)
    message_beside: Mapping[Aspect, Template] = field(default_factory=dict[Aspect, Template])
    call: Template = field(default_factory=lambda: CALL)
    chunk: Template = field(default_factory=lambda: CHUNK)
    chunk_choice: Template = field(default_factory=lambda: CHUNK_CHOICE)
    delta: Template = field(default_factory=lambda: MESSAGE)
    beside: Mapping[Moment, Template] = field(default_factory=lambda: BESIDE)
    chunk_call: Template = field(default_factory=lambda: CHUNK_CALL)
    first: Template = field(default_factory=dict[str, Any])
    last: Template = field(default_factory=dict[str, Any])
    apart: Template = field(default_factory=dict[str, Any])
    usage: Template = field(default_factory=lambda: USAGE)
    stream_usage: Template | None = None
    usage_along: Template | None = None
    usage_at_finish: When = "never"
    usage_apart: When = "asked"
    null_usage: bool = False
    id: str = "chatcmpl-{letters:29}"
    call_id: str = "call_{letters:24}"
    fingerprint: str | None = "fp_{hex:10}"
    role: Literal["first", "joined", "every"] = "first"
    whole_calls: bool = False
    calls_at_finish: bool = False
    padding: str = ""
    providers: Mapping[str, str] = field(default_factory=dict[str, str])
    comment: str = ""
    newline: str = "\n"
    has_done: bool = True
    tail: str = ""
    json_type: str = "application/json"
    stream_type: str = "text/event-stream; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = HEADERS
    words: Mapping[str, Words] = field(default_factory=dict[str, Words])
    error: Template = field(default_factory=lambda: ERROR)


BODY: Template = {
    "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}", "choices": "{choices}",
    "usage": "{usage}", "system_fingerprint": "{fingerprint}",
}  # fmt: skip
CHOICE: Template = {"index": "{index}", "message": "{message}", "finish_reason": "{finish_reason}"}
MESSAGE: Template = {
    "role": "{role}", "content": "{content}", "reasoning_content": "{reasoning}", "tool_calls": "{tool_calls}",
}  # fmt: skip
CALL: Template = {"id": "{id}", "type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"}}
CHUNK: Template = {
    "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
    "system_fingerprint": "{fingerprint}", "choices": "{choices}", "usage": "{usage}",
}  # fmt: skip
CHUNK_CHOICE: Template = {"index": "{index}", "delta": "{delta}", "finish_reason": "{finish_reason}"}
CHUNK_CALL: Template = {"index": "{index}", **CALL}
BESIDE: Mapping[Moment, Template] = {"opening": {"content": ""}, "opening of calls": {"content": None}}
USAGE: Template = {
    "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}",
    "prompt_tokens_details": {"cached_tokens": "{cached}"},
    "completion_tokens_details": {"reasoning_tokens": "{reasoned}"},
}  # fmt: skip
ERROR: Template = {"error": {"message": "{message}", "type": "{type}", "param": "{param}", "code": "{code}"}}
