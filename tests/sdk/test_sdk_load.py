"""Many requests at once, on tasks and on threads: each gets its own answer, and none is lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("openai")

from openai import NotFoundError
from sdk_support import body, make, text_of
from tests.amounts import amount

from llm_intercept import intercept
from llm_intercept.errors import UnmatchedRequestError

if TYPE_CHECKING:
    from llm_intercept import LLMRequest


def _echo(request: LLMRequest) -> str:
    return f"echo {request.last_user}"


async def _echo_async(request: LLMRequest) -> str:
    await asyncio.sleep(0)
    return f"echo {request.last_user}"


@pytest.mark.parametrize("reply", [_echo, _echo_async], ids=["sync", "async"])
def test_a_thousand_concurrent_calls_have_each_their_own_answer(reply: object) -> None:
    """1,000 tasks (300 in `make test`) ask one client at once, half of them for a stream."""
    asked = [f"question {number}" for number in range(amount(whole=1000, part=300))]

    async def run() -> list[str]:
        async with make(is_async=True) as client:

            async def one(number: int, user: str) -> str:
                stream = number % 2 == 0
                answer = await client.chat.completions.create(**body(user, stream=stream))
                if not stream:
                    return answer.choices[0].message.content
                return "".join([text_of(chunk) async for chunk in answer])

            return await asyncio.gather(*(one(number, user) for number, user in enumerate(asked)))

    with intercept(reply) as llm:
        assert asyncio.run(run()) == [f"echo {user}" for user in asked]
    assert sorted(call.request.last_user for call in llm.calls) == sorted(asked)
    assert {call.status for call in llm.calls} == {200}


def test_eight_threads_have_each_their_own_answers() -> None:
    """200 calls of one client on 8 threads, half of them streams."""
    asked = [f"question {number}" for number in range(200)]
    client = make(is_async=False)

    def one(user: str) -> str:
        if user.endswith(("0", "2", "4", "6", "8")):
            return "".join(map(text_of, client.chat.completions.create(**body(user, stream=True))))
        return client.chat.completions.create(**body(user)).choices[0].message.content

    with intercept(_echo) as llm, client, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, asked)) == [f"echo {user}" for user in asked]
    assert sorted(call.request.last_user for call in llm.calls) == sorted(asked)


def test_a_shared_script_is_used_once_each_on_any_thread() -> None:
    """Its replies go out once each, whichever thread asks."""
    replies = [f"reply {number}" for number in range(64)]
    with intercept() as llm, make(is_async=False) as client, ThreadPoolExecutor(8) as pool:
        llm.reply(*replies).shared()
        create = client.chat.completions.create
        given = list(pool.map(lambda _: create(**body()).choices[0].message.content, replies))
    assert sorted(given) == sorted(replies)


def test_a_plain_script_taken_by_parallel_tasks_is_a_loud_error() -> None:
    """Which task gets which reply would be chance, and the block says so; a client's first call looks its platform up."""
    replies = [f"reply {number}" for number in range(64)]

    async def run() -> None:
        async with make(is_async=True) as client:
            await client.chat.completions.create(**body())
            await asyncio.gather(*(client.chat.completions.create(**body()) for _ in replies))

    with pytest.raises(UnmatchedRequestError, match="taken in parallel"), intercept() as llm:
        llm.reply(*replies)
        with pytest.raises(NotFoundError, match="taken in parallel"):
            asyncio.run(run())
