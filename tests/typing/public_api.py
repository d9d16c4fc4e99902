"""What type checkers see of the public names; never run, read by mypy and pyright (`make check`)."""

from __future__ import annotations

import re
from typing import assert_type

import httpx
import httpx2
from openai import AsyncOpenAI, OpenAI

from llm_intercept import (
    Call,
    Interceptor,
    InterceptTransport,
    LLMRequest,
    Reply,
    auto,
    intercept,
    refusal,
    structured,
    tool_call,
    when,
    wrap,
)
from llm_intercept.journal.calls import Calls
from llm_intercept.model import Usage
from llm_intercept.replies.reply import ToolCall
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
    Reply("text", tool_calls=(tool_call("f"),), finish_reason="length", usage=Usage(prompt_tokens=1))
