"""What type checkers refuse: every ignored error here must be one (`make check`: unused ignores are errors themselves)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
from openai import OpenAI

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Pace,
    Recordings,
    Reply,
    api_error,
    auto,
    completion,
    embedding,
    intercept,
    moderation,
    refusal,
    wrap,
)

if TYPE_CHECKING:
    import httpx


def what_cannot_be_a_reply() -> None:
    with intercept("hi") as llm:
        llm.reply(42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.reply("a", 42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("i").reply("a", 42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("j").reply(object())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("a").reply(None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("b").reply([1, 2])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
        auto(tools="all")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("d").reply(Reply)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("e").reply(b"text")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("f").reply("a", times="2")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("g").reply("a", expect="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("h").reply("a").per("session")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.on("c").reply(lambda: "no request")  # type: ignore[arg-type,misc] # pyright: ignore[reportArgumentType]
    intercept("hi", validate="of")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Interceptor(42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    InterceptTransport(42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    wrap(OpenAI(), 42)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def what_a_reply_may_not_have() -> None:
    api_error("rate_limited")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    api_error(429, retry_after="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Reply(content="text")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    Reply("text", fault="disconnect")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    embedding("text")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    moderation(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    refusal(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    completion(model="gpt-4o", messages="hi")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def what_cannot_be_asked_of_calls() -> None:
    with intercept("hi") as llm:
        llm.on(modle="gpt-4o")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        llm.on("a", turn="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.calls.matching(source="replay")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.calls.matching(status="200")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        llm.assert_called_with(modle="gpt-4o")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        llm.budget(call=5)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        llm.rate_limit(requests_per_minute="4")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def what_a_setting_may_not_be() -> None:
    intercept(mode="mocked")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(recordings=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(rules=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(unmatched="never")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(passthrough=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(scope="thread")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(seed="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(tokenizer="gpt-4o")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(pace=0.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    intercept(replay_speed=Pace())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Interceptor(log=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    InterceptTransport(time_scale="0")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    wrap(OpenAI(), "hi", all_used="no")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    InterceptTransport("hi", inner=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def what_is_no_setting() -> None:
    intercept(modle="mock")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    Interceptor(scope="context")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    InterceptTransport("hi", match="$.temperature")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    wrap(OpenAI(), reply="hi")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def what_a_tape_may_not_be() -> None:
    Recordings(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Recordings("tape", ignore=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Recordings("tape", replay_speed="slow")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Recordings("tape", volatile=3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def what_none_of_this_refuses(client: httpx.Client) -> None:
    """Beside the errors, so that a type that refuses everything is one."""
    intercept(["a", "b"], rules=["rules.toml", lambda llm: None], replay_speed=2, pace=Pace(ttft=1))
    intercept(lambda request: request.last_user, passthrough=["api.mistral.ai"], tokenizer=None)
    intercept(RuntimeError, recordings=Recordings("tape", key=lambda request: request.model))
    wrap(client, Reply("hi"), seed=1)
    InterceptTransport("hi", inner=httpx2.HTTPTransport())
