"""Who takes a script's replies: parallel agents with a key never get another's, tasks without one are a loud error.

And what is in order, however it is run, raises no alarm.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, intercept
from llm_intercept.errors import UnmatchedRequestError
from tests.amounts import PATIENCE, amount
from tests.support import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

AGENTS, TURNS = 10, 3
ORDERS, FEW = amount(whole=100, part=16), amount(whole=20, part=5)


def body(agent: object, turn: int = 1) -> dict[str, Any]:
    """The request of an agent's n-th turn, with what was said before."""
    messages = [{"role": "system", "content": f"You are agent {agent}."}, {"role": "user", "content": "begin"}]
    for number in range(1, turn):
        messages += [
            {"role": "assistant", "content": f"turn {number}"},
            {"role": "user", "content": f"go on {number}"},
        ]
    return {"model": "gpt-4o", "messages": messages}


def text(response: Any) -> str:
    """The answer's text; of an error, its message."""
    data = response.json()
    words: str = data["choices"][0]["message"]["content"] if response.status_code == 200 else data["error"]["message"]
    return words


class Turns:
    """Lets steps happen in one order, whoever takes them.

    Threads wait in bare locks, as one that computes or waits for the network would be seen: doing something of its own.
    """

    def __init__(self, order: list[int]) -> None:
        self._order, self._next = order, 0
        self._locks = [threading.Lock() for _ in range(AGENTS)]
        for agent, lock in enumerate(self._locks):
            if agent != order[0]:
                lock.acquire()

    def is_mine(self, agent: int) -> bool:
        return self._order[self._next] == agent

    def wait(self, agent: int) -> None:
        assert self._locks[agent].acquire(timeout=PATIENCE)

    def done(self) -> None:
        self._next += 1
        following = self._order[self._next]
        if following >= 0 and self._locks[following].locked():  # tasks look at is_mine instead
            self._locks[following].release()


def order_of(seed: int) -> list[int]:
    """One random order of all agents' turns."""
    order = [agent for agent in range(AGENTS) for _ in range(TURNS)]
    random.Random(seed).shuffle(order)
    return [*order, -1]


def talk(client: Any, turns: Turns, agent: int, said: dict[int, list[str]]) -> None:
    for turn in range(1, TURNS + 1):
        turns.wait(agent)
        said[agent].append(text(client.post(URL, json=body(agent, turn))))
        turns.done()


async def talk_async(client: Any, turns: Turns, agent: int, said: dict[int, list[str]]) -> None:
    for turn in range(1, TURNS + 1):
        while not turns.is_mine(agent):
            await anyio.lowlevel.checkpoint()
        said[agent].append(text(await client.post(URL, json=body(agent, turn))))
        turns.done()


def in_threads(transport: Any, order: list[int]) -> dict[int, list[str]]:
    said: dict[int, list[str]] = {agent: [] for agent in range(AGENTS)}
    turns = Turns(order)
    with httpx.Client(transport=transport) as client:
        threads = [threading.Thread(target=talk, args=(client, turns, agent, said)) for agent in range(AGENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return said


def in_tasks(transport: Any, order: list[int], backend: str = "asyncio") -> dict[int, list[str]]:
    said: dict[int, list[str]] = {agent: [] for agent in range(AGENTS)}

    async def run() -> None:
        turns = Turns(order)
        async with httpx.AsyncClient(transport=transport) as client, anyio.create_task_group() as group:
            for agent in range(AGENTS):
                group.start_soon(talk_async, client, turns, agent, said)

    anyio.run(run, backend=backend)
    return said


WAYS: dict[str, Callable[[Any, list[int]], dict[int, list[str]]]] = {
    "threads": in_threads,
    "asyncio": in_tasks,
    "trio": partial(in_tasks, backend="trio"),
}

REPLIES = [f"turn {turn}" for turn in range(1, TURNS + 1)]
KEYS: dict[str, Any] = {
    "conversation": "conversation",
    "system": "system",
    "function": lambda request: request.messages[0].text,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", KEYS)
def test_ten_parallel_agents_with_a_keyed_script_never_get_anothers_answer(way, key):
    """In 100 random orders (20 for other keys and trio; in `make test` fewer) each agent has its own conversation's replies, in order."""
    for seed in range(ORDERS if key == "conversation" and way != "trio" else FEW):
        llm = Interceptor()
        llm.on(system="You are").per(KEYS[key]).reply(
            *(lambda request, turn=turn: f"{request.messages[0].text} {turn}" for turn in REPLIES)
        )
        said = WAYS[way](InterceptTransport(interceptor=llm), order_of(seed))
        assert said == {agent: [f"You are agent {agent}. {turn}" for turn in REPLIES] for agent in range(AGENTS)}, seed
        llm.assert_all_used()


@pytest.mark.parametrize("way", ["asyncio", "trio"])
def test_ten_parallel_tasks_with_a_plain_list_end_in_a_loud_error(way):
    """In random orders: somebody is told, the block says why, and nobody is answered after that."""
    replies = [f"reply {number}" for number in range(AGENTS * TURNS)]
    for seed in range(FEW):
        llm = Interceptor()
        llm.reply(*replies)
        order = order_of(seed)
        said = WAYS[way](InterceptTransport(interceptor=llm), order)
        with pytest.raises(UnmatchedRequestError, match=r"(?s)script are taken in parallel.*\.per\(") as caught:
            llm.raise_unmatched()
        assert "test_races.py:" in str(caught.value)
        everything = [one for agent in said.values() for one in agent]
        refused = [one for one in everything if "taken in parallel" in one]
        first = next(number for number, agent in enumerate(order) if agent != order[0])
        assert len(refused) == len(order) - 1 - first, seed


def test_a_taking_neither_sleeps_nor_looks_at_stacks(monkeypatch):
    """It is done in the loop's thread, where others wait."""

    def refused(*_: Any) -> Any:
        raise AssertionError("a taking stopped the loop, or looked at what others run")

    async def run() -> list[str]:
        async with httpx.AsyncClient() as client:
            return [text(await client.post(URL, json=body(1, turn))) for turn in (1, 2, 3)]

    with intercept() as llm:
        llm.reply("turn 1", "turn 2", "turn 3")
        monkeypatch.setattr(time, "sleep", refused)
        monkeypatch.setattr(sys, "_current_frames", refused)
        monkeypatch.setattr(sys, "_getframe", refused)
        assert asyncio.run(run()) == ["turn 1", "turn 2", "turn 3"]
        monkeypatch.undo()


def test_threads_that_take_a_plain_list_beside_each_other_are_not_told():
    """They look like threads that hand over and wait; each reply is still given once."""
    for seed in range(FEW):
        llm = Interceptor()
        replies = [f"reply {number}" for number in range(AGENTS * TURNS)]
        llm.reply(*replies)
        said = in_threads(InterceptTransport(interceptor=llm), order_of(seed))
        assert sorted(one for agent in said.values() for one in agent) == sorted(replies)
        llm.raise_unmatched()
        llm.assert_all_used()


# Misses would be silent swaps


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_gather_of_two_is_told(backend):
    """Whatever the tasks ask."""

    async def run(client: Any) -> None:
        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(partial(client.post, URL, json=body(number)))

    with pytest.raises(UnmatchedRequestError, match="in parallel"), intercept() as llm:
        llm.reply("a", "b")

        async def whole() -> None:
            async with httpx.AsyncClient() as client:
                await run(client)

        anyio.run(whole, backend=backend)


async def ask(client: Any, agent: object = "a", turn: int = 1) -> str:
    return text(await client.post(URL, json=body(agent, turn)))


def told(main: Callable[[Any], Awaitable[Any]]) -> None:
    """Run `main(client)` and hear that a plain script of eight was taken in parallel."""

    async def run() -> None:
        async with httpx.AsyncClient() as client:
            await main(client)

    with pytest.raises(UnmatchedRequestError, match="in parallel"), intercept() as llm:
        llm.reply(*map(str, range(8)))
        asyncio.run(run())


def test_the_same_request_from_two_tasks_at_once_is_told():
    """Equal requests swap as well as others."""
    told(lambda client: asyncio.gather(ask(client), ask(client)))


def test_a_parent_that_asks_while_its_child_does_is_told():
    """The child was begun before."""

    async def main(client: Any) -> None:
        child = asyncio.create_task(ask(client, "child"))
        await ask(client, "parent")
        await child

    told(main)


def test_two_tasks_that_take_turns_are_told():
    """Each waits for the other to be answered, but what lets them is chance to us."""

    async def main(client: Any) -> None:
        first_done, second_done = asyncio.Event(), asyncio.Event()

        async def first() -> None:
            await ask(client, "one")
            first_done.set()
            await second_done.wait()

        async def second() -> None:
            await first_done.wait()
            await ask(client, "two")
            second_done.set()

        await asyncio.gather(first(), second())

    told(main)


def test_tasks_that_ended_before_all_were_done_are_told():
    """The first task of a gather may end before the second asks: its answer was still chance."""

    async def main(client: Any) -> None:
        async def late(number: int) -> str:
            for _ in range(number * 50):
                await asyncio.sleep(0)
            return await ask(client, number)

        await asyncio.gather(*(late(number) for number in range(2)))

    told(main)


# What is in order raises no alarm


@pytest.fixture
def llm() -> Iterator[Interceptor]:
    """A plain script of forty replies that must go out in order, without an alarm."""
    with intercept() as llm:
        llm.reply(*map(str, range(40)))
        yield llm


def numbers(said: list[str]) -> None:
    """The replies are the script's first, in order."""
    assert said == [str(number) for number in range(len(said))]


def post(agent: object = "a", turn: int = 1) -> str:
    with httpx.Client(verify=False) as client:
        return text(client.post(URL, json=body(agent, turn)))


def in_client(main: Callable[[Any], Awaitable[list[str]]], backend: str = "asyncio") -> list[str]:
    async def run() -> list[str]:
        async with httpx.AsyncClient() as client:
            return await main(client)

    return anyio.run(run, backend=backend)


def test_calls_one_after_the_other_in_one_thread(llm):
    """Of any conversations."""
    numbers([post(number % 3) for number in range(6)])


def in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a thread of its own and wait for it."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(function()))
    thread.start()
    thread.join()
    return result[0]


def test_the_main_thread_then_a_joined_thread_then_the_main_thread(llm):
    """A joined thread is over."""
    numbers([post(), in_thread(post), post(), in_thread(lambda: post("b")), post("c")])


def test_a_thread_that_asks_while_the_main_thread_waits_for_it(llm):
    """The main thread stands in join."""
    numbers([post("a"), *in_thread(lambda: [post("b"), post("c")]), post("d")])


def test_a_thread_handed_its_work_through_a_queue(llm):
    """One at a time: the main thread waits in the queue."""
    import queue

    work: queue.Queue[Any] = queue.Queue()
    done: queue.Queue[str] = queue.Queue()

    def worker() -> None:
        while (agent := work.get()) is not None:
            done.put(post(agent))

    thread = threading.Thread(target=worker)
    thread.start()
    said = [post("main")]
    for agent in range(3):
        work.put(agent)
        said.append(done.get())
        said.append(post("main"))
    work.put(None)
    thread.join()
    numbers(said)


def test_a_thread_handed_its_work_by_an_event(llm):
    """The one waits in the event while the other asks."""
    begin, ended = threading.Event(), threading.Event()
    said: list[str] = []

    def worker() -> None:
        begin.wait(PATIENCE)
        said.append(post("worker"))
        ended.set()

    thread = threading.Thread(target=worker)
    thread.start()
    said.append(post("main"))
    begin.set()
    ended.wait(PATIENCE)
    said.append(post("main"))
    thread.join()
    numbers(said)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_pool_used_one_call_at_a_time(llm, workers):
    """`submit(…).result()`, whichever worker takes it."""
    with ThreadPoolExecutor(workers) as pool:
        numbers([pool.submit(post, number).result() for number in range(8)])


def test_a_pool_used_one_call_at_a_time_beside_the_main_thread(llm):
    """The pool's workers stand idle while the main thread asks."""
    with ThreadPoolExecutor(4) as pool:
        numbers([call() for number in range(4) for call in (lambda n=number: pool.submit(post, n).result(), post)])


def test_a_task_that_awaits_a_child(llm):
    """By itself, in wait_for, in a gather of one, in a TaskGroup of one; and asks again after each."""

    async def main(client: Any) -> list[str]:
        said = [await ask(client, "parent")]
        said.append(await asyncio.create_task(ask(client, 1)))
        said.append(await ask(client, "parent"))
        said.append(await asyncio.wait_for(ask(client, 2), PATIENCE))
        said.append(await ask(client, "parent"))
        said += await asyncio.gather(ask(client, 3))
        said.append(await ask(client, "parent"))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(ask(client, 4))
        said.append(task.result())
        said.append(await ask(client, "parent"))
        said.append(await asyncio.shield(ask(client, 5)))
        done, _ = await asyncio.wait([asyncio.create_task(ask(client, 6))])
        return [*said, done.pop().result(), await ask(client, "parent")]

    numbers(in_client(main))


def test_a_child_that_asks_before_its_parent_does(llm):
    """The parent did not ask yet, or only waits."""

    async def main(client: Any) -> list[str]:
        return [await asyncio.create_task(ask(client, number)) for number in range(4)] + [await ask(client, "parent")]

    numbers(in_client(main))


def test_a_child_that_awaits_a_child(llm):
    """Three deep, each asking before and after."""

    async def main(client: Any) -> list[str]:
        async def level(depth: int) -> list[str]:
            before = [await ask(client, depth)]
            inner = await asyncio.create_task(level(depth - 1)) if depth else []
            return [*before, *inner, await ask(client, depth)]

        return await level(3)

    numbers(in_client(main))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_group_of_one_after_the_other(llm, backend):
    """anyio's, on both backends, with the parent asking in between."""

    async def main(client: Any) -> list[str]:
        said: list[str] = []

        async def one(number: int) -> None:
            said.append(await ask(client, number))

        for number in range(4):
            async with anyio.create_task_group() as group:
                group.start_soon(one, number)
            said.append(await ask(client, "parent"))
        return said

    numbers(in_client(main, backend))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_timeouts_and_cancel_scopes_around_calls(llm, backend):
    """They begin no task."""

    async def main(client: Any) -> list[str]:
        said: list[str] = []
        for number in range(3):
            with anyio.fail_after(PATIENCE):
                said.append(await ask(client, number))
        return said

    numbers(in_client(main, backend))


def test_to_thread_one_after_the_other(llm):
    """Whichever worker takes it, with the task asking in between."""

    async def main(client: Any) -> list[str]:
        said: list[str] = []
        for number in range(4):
            said.append(await asyncio.to_thread(post, number))
            said.append(await ask(client, "task"))
        return said

    numbers(in_client(main))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio_worker_threads_one_after_the_other(llm, backend):
    """With the task asking in between."""

    async def main(client: Any) -> list[str]:
        said: list[str] = []
        for number in range(4):
            said.append(await anyio.to_thread.run_sync(post, number))
            said.append(await ask(client, "task"))
        return said

    numbers(in_client(main, backend))


def test_run_in_executor_one_after_the_other(llm):
    """It does not hand over the context."""

    async def main(client: Any) -> list[str]:
        loop = asyncio.get_running_loop()
        said: list[str] = []
        for number in range(4):
            said.append(await loop.run_in_executor(None, post, number))
            said.append(await ask(client, "task"))
        return said

    numbers(in_client(main))


def test_a_loop_run_twice_and_the_thread_itself(llm):
    """asyncio.run, then the thread, then asyncio.run again."""
    said = in_client(lambda client: asyncio.gather(ask(client)))
    said += [post()]
    said += in_client(lambda client: asyncio.gather(ask(client)))
    numbers([*said, post()])


def test_a_loop_in_a_thread_that_is_asked_one_call_at_a_time(llm):
    """run_coroutine_threadsafe(…).result(), as sync facades of async clients do."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def one(number: int) -> str:
        async with httpx.AsyncClient() as client:
            return await ask(client, number)

    try:
        said = []
        for number in range(4):
            said.append(asyncio.run_coroutine_threadsafe(one(number), loop).result(PATIENCE))
            said.append(post("main"))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    numbers(said)


def test_a_task_that_stands_still_for_a_loop_in_another_thread(llm):
    """A sync tool that runs an async sub-agent: its task goes on only when that has ended."""

    async def sub(number: int) -> str:
        async with httpx.AsyncClient() as client:
            return await ask(client, number)

    async def main(client: Any) -> list[str]:
        said: list[str] = []
        with ThreadPoolExecutor(1) as pool:
            for number in range(3):
                said.append(await ask(client, "task"))
                said.append(pool.submit(asyncio.run, sub(number)).result())
        return said

    numbers(in_client(main))


def test_a_new_task_for_each_request_of_a_server(llm):
    """One after the other from a queue, as an ASGI server does; each in a context of its own."""

    async def main(client: Any) -> list[str]:
        said: list[str] = []
        requests: asyncio.Queue[tuple[int, asyncio.Event]] = asyncio.Queue()

        async def handle(number: int, answered: asyncio.Event) -> None:
            said.append(await ask(client, number))
            answered.set()

        async def serve() -> None:
            tasks = set()
            while True:
                number, answered = await requests.get()
                task = asyncio.get_running_loop().create_task(handle(number, answered), context=copy_context())
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        server = asyncio.create_task(serve())
        for number in range(5):
            answered = asyncio.Event()
            requests.put_nowait((number, answered))
            await answered.wait()
        server.cancel()
        return said

    numbers(in_client(main))


def test_one_conversation_that_goes_on_elsewhere(llm):
    """A later turn of the same conversation follows the earlier one, in whatever thread or task that still runs."""
    turn = threading.Barrier(2)
    said: list[str] = []

    def other() -> None:
        turn.wait(PATIENCE)
        said.append(post("a", 2))
        turn.wait(PATIENCE)
        turn.wait(PATIENCE)

    thread = threading.Thread(target=other)
    thread.start()
    said.append(post("a", 1))
    turn.wait(PATIENCE)
    turn.wait(PATIENCE)
    said.append(post("a", 3))
    turn.wait(PATIENCE)
    thread.join()
    numbers(said)


def test_an_async_generator_read_by_another_task(llm):
    """An agent that yields between its calls, read step by step in tasks of their own."""

    async def main(client: Any) -> list[str]:
        async def agent() -> Any:
            for number in range(4):
                yield await ask(client, number)

        steps = agent()
        said = [await asyncio.create_task(anext(steps)) for _ in range(4)]
        await steps.aclose()
        return said

    numbers(in_client(main))


def test_a_streamed_answer_read_in_another_task(llm):
    """Reading is no taking."""

    async def main(client: Any) -> list[str]:
        said = []
        for number in range(3):
            request = client.build_request("POST", URL, json={**body(number), "stream": True})
            response = await client.send(request, stream=True)
            whole = (await asyncio.create_task(response.aread())).decode()
            said.append(next(word for word in "0123" if f'"content":"{word}"' in whole))
        return said

    numbers(in_client(main))


def test_two_scripts_in_two_tasks_each_with_its_own():
    """Each task has its own rule: nothing is shared."""

    async def main(client: Any) -> list[str]:
        async def agent(name: str) -> list[str]:
            return [await ask(client, name, turn) for turn in (1, 2, 3)]

        return [word for said in await asyncio.gather(agent("a"), agent("b")) for word in said]

    with intercept() as llm:
        llm.on(system="agent a").reply("0", "1", "2")
        llm.on(system="agent b").reply("3", "4", "5")
        numbers(in_client(main))


def test_one_reply_for_ever_is_taken_by_anyone():
    """It is no script."""
    with intercept("0"):
        assert set(in_client(lambda client: asyncio.gather(*(ask(client, number) for number in range(20))))) == {"0"}


def test_blocks_one_after_the_other_know_nothing_of_each_other():
    """Each block's script begins anew."""
    for _ in range(3):
        with intercept() as llm:
            llm.reply("0", "1")
            numbers([post(), in_thread(post)])
