"""Who answers: every thread and task of the process, or one context and what it starts; the innermost first."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from llm_intercept import intercept
from llm_intercept.clients import activation
from llm_intercept.errors import UnmatchedRequestError
from tests.amounts import PATIENCE
from tests.support import ask, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/v1/chat/completions"


@pytest.fixture
def answer(server) -> Callable[[], str | None]:
    """Ask with a new client: the text of our answer, None if the request went out (to the loopback server)."""

    def ask_it() -> str | None:
        with httpx.Client(verify=False) as client:
            return read(client.post(server.url + PATH, json=chat()))

    return ask_it


@pytest.fixture
def answer_async(server) -> Callable[[], Any]:
    """Ask with a new async client."""

    async def ask_it() -> str | None:
        async with httpx.AsyncClient(verify=False) as client:
            return read(await client.post(server.url + PATH, json=chat()))

    return ask_it


def read(response: httpx.Response) -> str | None:
    choices = response.json().get("choices")
    return choices[0]["message"]["content"] if choices else None


def run_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a thread of its own and give what it returned."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


# One context and what it starts


def test_two_tasks_hold_different_mocks_at_once(answer_async):
    """Each task sees its own block, whatever the others do meanwhile."""

    async def work(name: str, barrier: asyncio.Barrier) -> list[str | None]:
        await barrier.wait()
        with intercept(name, scope="context"):
            await barrier.wait()
            inside = await answer_async()
            await barrier.wait()
        await barrier.wait()
        return [inside, await answer_async()]

    async def law() -> list[list[str | None]]:
        barrier = asyncio.Barrier(3)
        return await asyncio.gather(*(work(name, barrier) for name in "abc"))

    assert asyncio.run(law()) == [["a", None], ["b", None], ["c", None]]


def test_two_tasks_hold_different_mocks_under_trio(answer_async):
    """The same holds without asyncio."""
    answers: dict[str, Any] = {}

    async def work(name: str) -> None:
        with intercept(name, scope="context"):
            await anyio.lowlevel.checkpoint()
            answers[name] = await answer_async()

    async def law() -> None:
        async with anyio.create_task_group() as group:
            for name in "ab":
                group.start_soon(work, name)

    anyio.run(law, backend="trio")
    assert answers == {"a": "a", "b": "b"}


def test_two_threads_hold_different_mocks_at_once(answer):
    """Each thread sees its own block, and the main thread none."""
    barrier = threading.Barrier(3)

    def work(name: str) -> list[str | None]:
        with intercept(name, scope="context"):
            barrier.wait(PATIENCE)
            inside = answer()
            barrier.wait(PATIENCE)
        return [inside, answer()]

    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(work, name) for name in "ab"]
        barrier.wait(PATIENCE)
        assert answer() is None
        barrier.wait(PATIENCE)
        assert [one.result() for one in running] == [["a", None], ["b", None]]


def test_a_context_block_does_not_reach_a_thread_that_ran_before(answer):
    """What the context did not start, it does not answer for; the process does."""
    begin, answers = threading.Event(), []

    def work() -> None:
        assert begin.wait(PATIENCE)
        answers.append(answer())

    for scope in ("context", "process"):
        begin.clear()
        thread = threading.Thread(target=work)
        thread.start()
        with intercept("x", scope=scope):
            begin.set()
            thread.join()
    assert answers == [None, "x"]


def start_thread(function: Callable[[], Any]) -> Any:
    return run_thread(function)


def start_subclass(function: Callable[[], Any]) -> Any:
    class Own(threading.Thread):
        def run(self) -> None:
            self.result = function()

    thread = Own()
    thread.start()
    thread.join()
    return thread.result


def start_timer(function: Callable[[], Any]) -> Any:
    results: list[Any] = []
    timer = threading.Timer(0, lambda: results.append(function()))
    timer.start()
    timer.join()
    return results[0]


def submit(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def submit_keyword(function: Callable[[], Any]) -> Any:
    def run(*, ask_it: Callable[[], Any]) -> Any:
        return ask_it()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run, ask_it=function).result()


def map_pool(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return next(iter(pool.map(lambda _: function(), [0])))


def to_thread(function: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return await asyncio.to_thread(function)

    return asyncio.run(run())


def run_in_executor(function: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, function)

    return asyncio.run(run())


def anyio_thread(function: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return await anyio.to_thread.run_sync(function)

    return anyio.run(run)


def create_task(function: Callable[[], Any]) -> Any:
    async def one() -> Any:
        return function()

    async def run() -> Any:
        return await asyncio.create_task(one())

    return asyncio.run(run())


def thread_in_thread(function: Callable[[], Any]) -> Any:
    return run_thread(lambda: run_thread(function))


def copied_context(function: Callable[[], Any]) -> Any:
    return contextvars.copy_context().run(function)


def thread_pool(function: Callable[[], Any]) -> Any:
    with ThreadPool(1) as pool:
        return pool.apply(function)


STARTS = [
    thread_pool,
    start_thread,
    start_subclass,
    start_timer,
    submit,
    submit_keyword,
    map_pool,
    to_thread,
    run_in_executor,
    anyio_thread,
    create_task,
    thread_in_thread,
    copied_context,
]


@pytest.mark.parametrize("start", STARTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("scope", ["context", "process"])
def test_what_is_started_inside_inherits(answer, start, scope):
    """Threads, pool jobs and tasks that a block starts are answered by it, and only there."""
    with intercept("inherited", scope=scope):
        assert start(answer) == "inherited"
    assert start(answer) is None


def test_jobs_given_to_a_pool_from_before_inherit(answer):
    """A pool whose thread existed already answers for the block that gives it work, and forgets it."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(answer).result() is None
        with intercept("x", scope="context"):
            assert pool.submit(answer).result() == "x"
        assert pool.submit(answer).result() is None
        with intercept("y", scope="context"):
            assert pool.submit(answer).result() == "y"


@pytest.mark.parametrize(
    "give",
    [
        lambda pool, answer: [pool.apply(answer)],
        lambda pool, answer: [pool.apply_async(func=answer).get()],
        lambda pool, answer: pool.map(lambda _: answer(), [1]),
        lambda pool, answer: pool.map_async(lambda _: answer(), [1]).get(),
        lambda pool, answer: pool.starmap(lambda *_: answer(), [(1, 2)]),
        lambda pool, answer: pool.starmap_async(lambda *_: answer(), [(1, 2)]).get(),
        lambda pool, answer: list(pool.imap(lambda _: answer(), [1, 2], chunksize=2))[:1],
        lambda pool, answer: list(pool.imap_unordered(lambda _: answer(), [1])),
    ],
)
def test_work_given_to_a_thread_pool_of_multiprocessing_inherits(answer, give):
    """Whoever made its threads, and by whatever method."""
    with ThreadPool(1) as pool:
        assert give(pool, answer) == [None]
        with intercept("x", scope="context"):
            assert give(pool, answer) == ["x"]
        assert give(pool, answer) == [None]


def test_two_blocks_may_share_a_pool(answer):
    """Each job is answered for whoever gave it."""
    with ThreadPoolExecutor(1) as pool:

        def work(name: str) -> Any:
            with intercept(name, scope="context"):
                return [pool.submit(answer).result() for _ in range(3)]

        assert [run_thread(lambda name=name: work(name)) for name in "ab"] == [["a"] * 3, ["b"] * 3]


def test_a_pools_thread_belongs_to_nobody(answer):
    """A thread that a block's job made a pool start does not answer for the jobs of others, even while the block lasts."""
    begun, end = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:

        def work() -> None:
            with intercept("mine", scope="context"):
                assert pool.submit(answer).result() == "mine"
                begun.set()
                assert end.wait(PATIENCE)

        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(PATIENCE)
        others = pool.submit(answer).result()
        end.set()
        thread.join()
    assert others is None


def test_a_thread_that_outlives_the_block_is_answered_no_longer(answer):
    """Nothing is inherited after the end, even where a context still holds it."""
    ended, answers = threading.Event(), []

    def work() -> None:
        answers.append(answer())
        begun.set()
        assert ended.wait(PATIENCE)
        answers.append(answer())

    begun = threading.Event()
    with intercept("x", scope="context"):
        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(PATIENCE)
    ended.set()
    thread.join()
    assert answers == ["x", None]


def test_a_task_that_outlives_the_block_is_answered_no_longer(answer_async):
    """The same holds of tasks."""

    async def law() -> list[str | None]:
        asked, ended = asyncio.Event(), asyncio.Event()

        async def work() -> list[str | None]:
            first = await answer_async()
            asked.set()
            await ended.wait()
            return [first, await answer_async()]

        with intercept("x", scope="context"):
            task = asyncio.create_task(work())
            await asked.wait()
        ended.set()
        return await task

    assert asyncio.run(law()) == ["x", None]


def test_a_context_copied_inside_is_answered_no_longer_afterwards(answer):
    """A copy of the context, taken inside and run after the end, is free."""
    with intercept("x", scope="context"):
        copy = contextvars.copy_context()
        assert copy.run(answer) == "x"
    assert copy.run(answer) is None


def test_a_thread_that_does_not_ask_is_started_as_before():
    """With no context block around, a started thread keeps its own `run`."""
    with intercept("x", scope="context"):
        pass
    with intercept("x"):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
    assert "run" not in vars(thread)


def test_a_context_block_may_be_ended_in_another_context(answer):
    """Ending it elsewhere ends it everywhere."""
    stack = contextlib.ExitStack()
    stack.enter_context(intercept("x", scope="context"))
    assert answer() == "x"
    run_thread(stack.close)
    assert answer() is None
    assert activation.active() == ()


# Order


SCOPES = ["process", "context"]


@pytest.mark.parametrize("outer", SCOPES)
@pytest.mark.parametrize("middle", SCOPES)
@pytest.mark.parametrize("inner", SCOPES)
def test_the_newest_block_is_asked_first_whatever_its_scope(answer, outer, middle, inner):
    """Process and context blocks nest in the order they were entered."""
    with intercept("outer", scope=outer):
        with intercept("middle", scope=middle):
            with intercept("inner", scope=inner):
                assert answer() == "inner"
            assert answer() == "middle"
        assert answer() == "outer"
    assert answer() is None


@pytest.mark.parametrize("scopes", [(a, b) for a in SCOPES for b in SCOPES], ids="-".join)
def test_blocks_may_end_in_any_order(answer, scopes):
    """The block that ends stops answering, the others go on."""
    first, second = intercept("first", scope=scopes[0]), intercept("second", scope=scopes[1])
    first.__enter__()
    second.__enter__()
    assert answer() == "second"
    first.__exit__(None, None, None)
    assert answer() == "second"
    second.__exit__(None, None, None)
    assert answer() is None


def test_a_process_block_begun_elsewhere_is_newer_than_a_context_block(answer):
    """Order is by time, also across threads."""
    begin, end = threading.Event(), threading.Event()

    def work() -> None:
        with intercept("elsewhere"):
            begin.set()
            assert end.wait(PATIENCE)

    with intercept("here", scope="context"):
        thread = threading.Thread(target=work)
        thread.start()
        assert begin.wait(PATIENCE)
        assert answer() == "elsewhere"
        end.set()
        thread.join()
        assert answer() == "here"


# Nesting


@pytest.fixture
def nested() -> Iterator[tuple[Any, Any]]:
    """Give an outer interceptor with rules for `outer` and `both`, and an inner one for `inner` and `both`."""
    with intercept() as outer, intercept() as inner:
        for llm, name in ((outer, "outer"), (inner, "inner")):
            llm.on(name).reply(f"from {name}")
            llm.on("both").reply(f"from {name}")
        yield outer, inner
        outer.unmatched.clear()
        inner.unmatched.clear()


def test_the_inner_block_is_asked_first_and_then_the_outer(nested):
    """A request the inner one has no rule for goes to the outer one."""
    assert ask(httpx, "both") == "from inner"
    assert ask(httpx, "inner") == "from inner"
    assert ask(httpx, "outer") == "from outer"


def test_a_call_is_noted_by_every_interceptor_asked(nested):
    """The outer one hears only of what the inner one did not answer; both see the same call."""
    outer, inner = nested
    for user in ("both", "inner", "outer"):
        ask(httpx, user)
    assert [call.request.last_user for call in inner.calls] == ["both", "inner", "outer"]
    assert [call.request.last_user for call in outer.calls] == ["outer"]
    assert inner.calls[2] is outer.calls[0]
    assert (str(outer.calls[0].rule), outer.calls[0].source) == ("on('outer')", "rule")


def test_what_nobody_answers_is_explained_with_all_rules(nested):
    """The message names the rules of both, and the inner block is the one that raises."""
    outer, inner = nested
    response = httpx.post("https://api.openai.com/v1/chat/completions", json=chat("neither"))
    assert response.status_code == 404
    assert (len(inner.unmatched), len(outer.unmatched)) == (1, 0)
    assert {fact.rule for fact in inner.unmatched[0].rules} == {"on('inner')", "on('outer')", "on('both')"}


def test_only_the_innermost_block_raises_what_nobody_answered():
    """The outer block ends quietly."""
    with intercept() as outer:
        with pytest.raises(UnmatchedRequestError), intercept():
            httpx.post("https://api.openai.com/v1/chat/completions", json=chat())
        assert len(outer.calls) == 1


def test_a_used_up_inner_script_is_not_continued_by_the_outer_block():
    """A script that has run out is an error, even where the outer block would answer."""
    with intercept("outer") as outer:
        with pytest.raises(UnmatchedRequestError, match="no reply left"), intercept() as inner:
            inner.reply("one", "two")
            assert [ask(httpx), ask(httpx)] == ["one", "two"]
            assert httpx.post("http://llm.test/v1/chat/completions", json=chat()).status_code == 404
        assert outer.calls == []
        assert ask(httpx) == "outer"


def test_many_tasks_with_blocks_of_their_own(answer_async):
    """Fifty tasks at once, each with its mock, never hear each other's."""

    async def work(number: int) -> bool:
        with intercept(f"reply {number}", scope="context") as llm:
            await asyncio.sleep(0)
            answers = [await answer_async() for _ in range(2)]
            return answers == [f"reply {number}"] * 2 and len(llm.calls) == 2

    async def law() -> list[bool]:
        return await asyncio.gather(*map(work, range(50)))

    assert all(asyncio.run(law()))
