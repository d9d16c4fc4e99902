"""What type checkers see of the public names; never run, read by mypy and pyright (`make check`)."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import re
from typing import assert_type

import httpx
import httpx2
from openai import AsyncOpenAI, OpenAI
from respx.patterns import M

from llm_intercept import (
    Call,
    Interceptor,
    InterceptTransport,
    LLMRequest,
    Reply,
    auto,
    intercept,
    moderation,
    refusal,
    structured,
    tool_call,
    when,
    wrap,
)
from llm_intercept.journal.calls import Calls
from llm_intercept.model import ToolCall, Usage
from llm_intercept.rules.rule import Rule


def as_a_block() -> None:
    with intercept("hi", scope="context", unmatched="raise", seed=1) as llm:
        assert_type(llm, Interceptor)
        assert_type(llm.on("a", model="gpt-*"), Rule)
        assert_type(llm.on(re.compile("a")).reply("a", auto()), Rule)
        assert_type(llm.reply(lambda request: "x"), Rule)
        assert_type(llm.calls, Calls)
        assert_type(llm.calls[0], Call)
        assert_type(llm.calls.matching(model="gpt-*")[:1], Calls)
        assert_type(llm.on(when(model="a") | when(turn=1) & ~when("b"), stream=True).cycle(), Rule)
        assert_type(llm.calls[0].request, LLMRequest)
        assert_type(llm.calls[0].usage, Usage | None)


async def as_an_async_block() -> None:
    async with intercept() as llm:
        assert_type(llm, Interceptor)


@intercept("hi")
def decorated(number: int) -> str:
    return str(number)


@intercept("hi")
async def decorated_coroutine(number: int) -> str:
    return str(number)


def decorators_keep_signatures() -> None:
    assert_type(decorated(1), str)


async def coroutines_stay_coroutines() -> None:
    assert_type(await decorated_coroutine(1), str)


def conditions() -> None:
    llm = Interceptor()
    assert_type(
        llm.on(M(host="a"), re.compile("a"), lambda request: request.turn, api="openai.*", turn=range(1, 3)), Rule
    )
    assert_type(llm.on(json={"a": [1, {"b": re.compile("a")}]}, headers={"a": None}, response_format=Reply), Rule)
    assert_type(llm.reply("a", "b").per("conversation").cycle(), Rule)
    assert_type(llm.reply("a", "b").per(lambda request: request.model), Rule)
    assert_type(llm.reply("a", "b").shared().repeat_last().optional(), Rule)
    assert_type(llm.calls.matching("a", status=200, failed=False, source="rule", model="a"), Calls)


def mistakes_in_conditions_are_seen() -> None:
    llm = Interceptor()
    llm.on(modle="a")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    llm.on(turn="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    llm.on(json={"a": {1, 2}})  # type: ignore[dict-item] # pyright: ignore[reportArgumentType]
    llm.on(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    when(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    when("a") & "b"  # type: ignore[operator] # pyright: ignore[reportOperatorIssue, reportUnusedExpression]
    llm.calls.matching(source="mock")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    llm.reply("a", "b").per("session")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def wrapping_keeps_the_type() -> None:
    assert_type(wrap(OpenAI(), "hi"), OpenAI)
    assert_type(Interceptor().wrap(AsyncOpenAI()), AsyncOpenAI)
    transport = InterceptTransport("hi")
    httpx.Client(transport=transport)
    httpx.AsyncClient(transport=transport)
    httpx2.Client(transport=transport)
    httpx2.AsyncClient(transport=transport)


def replies() -> None:
    assert_type(tool_call("f", {"a": 1}, id="call_1"), ToolCall)
    assert_type(structured([1]), Reply)
    assert_type(refusal("no"), Reply)
    with intercept() as llm:
        llm.on("a").reply(moderation("violence", hate=0.9))
        llm.on("b").reply([moderation("violence"), moderation()])
        llm.on("c").reply(auto("Done.", tools="each once"))
    Reply("text", tool_calls=(tool_call("f"),), finish_reason="length", usage=Usage(input_tokens=1))
