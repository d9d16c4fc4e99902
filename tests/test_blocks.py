"""`intercept(…)` around a block or a function: each use is its own, and what went unanswered comes out at its end."""

from __future__ import annotations

import asyncio
import functools
import inspect
import warnings
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest

from llm_intercept import Interceptor, LLMInterceptError, intercept
from llm_intercept.clients import activation
from llm_intercept.engine import warned
from llm_intercept.engine.settle import settled
from llm_intercept.errors import (
    ReplyError,
    ReplyFunctionError,
    SettingsError,
    UnmatchedRequestError,
    UnmatchedWarning,
)
from llm_intercept.interceptor.block import Interception
from llm_intercept.journal.journal import TOLD, Journal
from tests.support import ELSEWHERE, URL, ask, ask_async, chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def status(user: str = "hi") -> int:
    return httpx.post(URL, json=chat(user)).status_code


# Blocks


def test_a_block_gives_its_interceptor():
    """`with intercept(…) as llm` is an `Interceptor`, which answers until the block ends."""
    with intercept("x") as llm:
        assert isinstance(llm, Interceptor)
        assert ask(httpx) == "x"
        assert len(activation.active()) == 1
    assert activation.active() == ()
    assert len(llm.calls) == 1


def test_an_async_block_is_the_same():
    """`async with` gives the same."""

    async def law() -> str:
        async with intercept("x") as llm, httpx.AsyncClient() as client:
            assert isinstance(llm, Interceptor)
            return await ask_async(client)

    assert asyncio.run(law()) == "x"
    assert activation.active() == ()


def test_a_block_answers_from_its_rules_and_the_given_reply_last():
    """Rules made inside come before the reply given to `intercept`."""
    with intercept("anything else") as llm:
        llm.on("weather").reply("sunny")
        assert [ask(httpx, "the weather?"), ask(httpx, "hello")] == ["sunny", "anything else"]


def test_each_use_of_an_interception_is_fresh():
    """The second block has its own rules and calls."""
    mocked = intercept("x")
    with mocked as first:
        first.on("hi").reply("from a rule")
        assert ask(httpx) == "from a rule"
    with mocked as second:
        assert ask(httpx) == "x"
    assert first is not second
    assert (len(first.calls), len(second.calls)) == (1, 1)


def test_an_interception_may_be_entered_inside_itself():
    """Uses nest; each ends its own."""
    mocked = intercept("x")
    with mocked as outer:
        with mocked as inner:
            assert ask(httpx) == "x"
        assert ask(httpx) == "x"
    assert (len(outer.calls), len(inner.calls)) == (1, 1)
    assert activation.active() == ()


def test_the_interceptors_options_reach_every_use():
    """`unmatched`, `seed` and `tokenizer` are those of the first."""

    class Letters:
        def split(self, text: str, model: str) -> Iterator[str]:
            return iter(text)

    mocked = intercept("abc", seed=7, tokenizer=Letters(), unmatched="raise")
    engines = []
    for _ in range(2):
        with mocked as llm:
            assert ask(httpx) == "abc"
            engines.append(llm._engine)
            assert llm.calls[0].usage is not None
            assert llm.calls[0].usage.output_tokens == 3
    assert [(one.seed, one.unmatched) for one in engines] == [(7, "raise")] * 2
    assert engines[0] is not engines[1]


# Decorators


@intercept("decorated")
def plain(question: str, *, times: int = 1) -> list[str]:
    """Ask."""
    return [ask(httpx, question) for _ in range(times)]


@intercept("decorated")
async def coroutine(question: str) -> str:
    """Ask."""
    async with httpx.AsyncClient() as client:
        return await ask_async(client, question)


@intercept("decorated")
def generator(question: str) -> Iterator[str]:
    """Ask."""
    for _ in range(2):
        yield ask(httpx, question)


@intercept("decorated")
async def async_generator(question: str) -> AsyncIterator[str]:
    """Ask."""
    async with httpx.AsyncClient() as client:
        for _ in range(2):
            yield await ask_async(client, question)


def test_a_decorated_function_is_a_block():
    """Its calls are answered, its arguments and result pass."""
    assert plain("hi", times=2) == ["decorated"] * 2
    assert activation.active() == ()


def test_a_decorated_coroutine_function_is_a_block():
    """The block lasts until the coroutine ends."""
    assert asyncio.run(coroutine("hi")) == "decorated"
    assert activation.active() == ()


def test_a_decorated_generator_is_a_block():
    """The block begins with the first item and lasts to the last."""
    running = generator("hi")
    assert activation.active() == ()
    assert list(running) == ["decorated"] * 2
    assert activation.active() == ()


def test_a_decorated_async_generator_is_a_block():
    """The same holds of an asynchronous one."""

    async def law() -> list[str]:
        return [item async for item in async_generator("hi")]

    assert asyncio.run(law()) == ["decorated"] * 2
    assert activation.active() == ()


def test_a_decorated_generator_passes_what_is_sent_thrown_and_returned():
    """It is the generator it was."""

    @intercept("x")
    def talk() -> Any:
        got = yield 1
        try:
            yield got
        except LookupError:
            yield "caught"
        return "returned"

    running = talk()
    assert next(running) == 1
    assert running.send("sent") == "sent"
    assert running.throw(LookupError) == "caught"
    with pytest.raises(StopIteration) as end:
        next(running)
    assert end.value.value == "returned"


def test_a_decorated_async_generator_passes_what_is_sent_and_is_closed_inside_the_block():
    """It is the generator it was, and what it does at its end is still answered."""
    log: list[Any] = []

    @intercept("x")
    async def talk() -> AsyncIterator[Any]:
        try:
            log.append((yield 1))
            try:
                yield 2
            except LookupError:
                yield "caught"
        finally:
            log.append(len(activation.active()))

    async def law() -> None:
        running: Any = talk()
        assert await anext(running) == 1
        assert await running.asend("sent") == 2
        assert await running.athrow(LookupError) == "caught"
        await running.aclose()

    asyncio.run(law())
    assert log == ["sent", 1]
    assert activation.active() == ()


def test_closing_a_decorated_generator_ends_the_block():
    """A generator abandoned half-way restores everything."""
    running = generator("hi")
    assert next(running) == "decorated"
    assert len(activation.active()) == 1
    running.close()
    assert activation.active() == ()


def test_closing_a_decorated_async_generator_ends_the_block():
    """The same holds of an asynchronous one."""

    async def law() -> None:
        running = async_generator("hi")
        assert await anext(running) == "decorated"
        assert len(activation.active()) == 1
        await running.aclose()
        assert activation.active() == ()

    asyncio.run(law())


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (coroutine, inspect.iscoroutinefunction),
        (generator, inspect.isgeneratorfunction),
        (async_generator, inspect.isasyncgenfunction),
    ],
    ids=["async def", "generator", "async generator"],
)
def test_a_decorated_function_is_of_the_kind_it_was(function, kind):
    """Frameworks that look at a function see what they would see."""
    assert kind(function)
    assert kind(function.__wrapped__)


def test_a_decorated_function_keeps_its_name_doc_and_signature():
    """`functools.wraps` it is."""
    assert (plain.__name__, plain.__doc__) == ("plain", "Ask.")
    assert list(inspect.signature(plain).parameters) == ["question", "times"]


def test_each_call_of_a_decorated_function_is_fresh():
    """A script starts anew with every call."""
    made: list[Any] = []

    @intercept(lambda request: f"call {len(made)}")
    def work() -> str:
        made.append(activation.active()[0])
        return ask(httpx)

    assert [work(), work()] == ["call 1", "call 2"]
    assert made[0] is not made[1]
    assert [len(engine.journal.calls) for engine in made] == [1, 1]


def test_a_decorated_function_may_call_itself():
    """Recursion nests blocks."""

    @intercept("x")
    def work(depth: int) -> int:
        return len(activation.active()) if depth == 0 else work(depth - 1)

    assert work(3) == 4
    assert activation.active() == ()


def test_a_decorated_coroutine_may_run_many_times_at_once():
    """Calls that overlap each have their own interceptor."""

    @intercept("x", scope="context")
    async def work() -> int:
        await asyncio.sleep(0)
        return len(activation.active())

    async def law() -> list[int]:
        return await asyncio.gather(*(work() for _ in range(20)))

    assert asyncio.run(law()) == [1] * 20


def test_methods_may_be_decorated():
    """`self` is passed on, static and class methods work."""

    class Program:
        answer = "hi"

        @intercept("x")
        def method(self) -> str:
            return ask(httpx, self.answer)

        @classmethod
        @intercept("y")
        def of_class(cls) -> str:
            return ask(httpx, cls.answer)

        @staticmethod
        @intercept("z")
        def static() -> str:
            return ask(httpx)

    assert [Program().method(), Program.of_class(), Program.static()] == ["x", "y", "z"]


def test_an_iterator_answers_for_one_block_and_the_next_says_so():
    """A decorated function's second call would find it used up: that is an error, not an empty answer."""

    @intercept(iter(["once"]))
    def work() -> str:
        return ask(httpx)

    assert work() == "once"
    with pytest.raises(ReplyError, match="Give a list, or a function"):
        work()


def test_decorators_stack():
    """The nearer one is the inner block."""

    @intercept("outer")
    @intercept("inner")
    def work() -> str:
        return ask(httpx)

    assert work() == "inner"


@pytest.mark.parametrize("function", [plain, coroutine, generator, async_generator], ids=lambda f: f.__name__)
def test_an_exception_of_a_decorated_function_ends_the_block(function):
    """The exception comes out and nothing stays active."""
    broken = intercept("x")(function.__wrapped__)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        drain(broken())
    assert activation.active() == ()


def drain(value: Any) -> Any:
    """Run what a function of any kind returned."""

    async def items() -> list[Any]:
        return [item async for item in value]

    if inspect.isawaitable(value):
        return asyncio.run(value)
    return asyncio.run(items()) if hasattr(value, "__aiter__") else list(value)


# What is handed over


def _positional(question: str, llm: Interceptor, *, times: int = 1) -> tuple[Any, str]:
    return llm, question * times


async def _async_positional(question: str, llm: Interceptor, *, times: int = 1) -> tuple[Any, str]:
    return llm, question * times


def _generator_keyword(question: str, *, llm: Interceptor, times: int = 1) -> Iterator[Any]:
    yield llm, question * times


async def _async_generator_after_more(
    question: str, *rest: Any, llm: Interceptor, times: int = 1
) -> AsyncIterator[Any]:
    yield llm, question * times


TAKING = [_positional, _async_positional, _generator_keyword, _async_generator_after_more]


@pytest.mark.parametrize("function", TAKING, ids=lambda f: f.__name__)
def test_a_function_that_takes_llm_is_given_its_blocks_interceptor(function):
    """Callers, and pytest, see no such argument; each call has another; one that is given stays."""
    decorated = intercept("hi")(function)
    assert "llm" not in inspect.signature(decorated).parameters
    assert inspect.isasyncgenfunction(decorated) is inspect.isasyncgenfunction(function)
    first, second = (_only(decorated("a", times=2)) for _ in range(2))
    assert (first[1], second[1]) == ("aa", "aa")
    assert isinstance(first[0], Interceptor)
    assert first[0] is not second[0]
    assert _only(decorated("a", llm=first[0]))[0] is first[0]


def _only(result: Any) -> Any:
    drained = result if isinstance(result, tuple) else drain(result)
    return drained[0] if isinstance(drained, list) else drained


def test_what_comes_after_llm_by_place_stays_there():
    """A test's values, say, that another decorator gives."""

    @intercept("hi")
    def function(first: int, llm: Interceptor, second: int = 2) -> tuple[int, int, bool]:
        return first, second, isinstance(llm, Interceptor)

    assert function(1, 3) == (1, 3, True)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert function(1) == (1, 2, True)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


class _Base:
    def test_inherited(self) -> str:
        return ask(httpx)


def test_a_class_is_decorated_by_its_tests_those_it_inherits_too():
    """Methods of all kinds, each a block of its own; what is no test, and the class it inherits from, stay as they are."""

    @intercept("of the class")
    class TestIt(_Base):
        test_data = "no method"

        def test_method(self, llm: Interceptor) -> int:
            ask(httpx)
            return len(llm.calls)

        @staticmethod
        def test_static() -> str:
            return ask(httpx)

        @classmethod
        def test_class(cls, llm: Interceptor) -> tuple[type, str]:
            llm.on("hi").reply("of the test").optional()
            return cls, ask(httpx)

        @intercept("of the method")
        def test_own(self) -> str:
            return ask(httpx)

        async def test_async(self) -> str:
            return ask(httpx)

        def helper(self) -> int:
            return len(activation.active())

    it: Any = TestIt()
    assert (it.test_method(), it.test_method()) == (1, 1)
    assert it.test_static() == it.test_inherited() == asyncio.run(it.test_async()) == "of the class"
    assert it.test_class()[0] is TestIt
    assert it.test_own() == "of the method"
    assert it.helper() == 0
    assert not hasattr(_Base.test_inherited, "__wrapped__")


# Settings


def test_a_class_without_tests_cannot_be_decorated():
    """The message says what can."""
    with pytest.raises(SettingsError, match="a class with methods named test…, or on functions"):

        @intercept("x")
        class Program:
            test_data = "no method"


@pytest.mark.parametrize("value", [3, None, "x"])
def test_what_is_no_function_cannot_be_decorated(value):
    """A forgotten pair of parentheses is met with the same message."""
    with pytest.raises(SettingsError, match="it on functions"):
        intercept("x")(value)


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("scope", ["'process'", "'context'"]),
        ("unmatched", ["'error'", "'raise'", "'warn'", "'passthrough'"]),
        ("mode", ["'mock'"]),
    ],
)
@pytest.mark.parametrize("value", ["nonsense", False, 1, "", ["process"]])
def test_a_setting_with_a_wrong_value_is_refused_with_the_choices(name, choices, value):
    """The message names the setting, the value and what it may be; it is a ValueError too."""
    with pytest.raises(SettingsError) as caught:
        intercept("x", **{name: value})
    assert f"{name}={value!r}" in str(caught.value)
    assert all(choice in str(caught.value) for choice in choices)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, LLMInterceptError)


@pytest.mark.parametrize("seed", ["1", 1.0, True])
def test_a_seed_is_an_int(seed):
    """Anything else is refused."""
    with pytest.raises(SettingsError, match="an int"):
        intercept("x", seed=seed)


@pytest.mark.parametrize("name", ["mode", "rules", "unmatched", "passthrough", "scope", "seed", "log", "all_used"])
def test_a_setting_that_is_none_is_one_that_is_not_given(name):
    """The default holds."""
    with intercept("hi", **{name: None}) as llm:
        assert httpx.post(URL, json=chat()).status_code == 200
    assert (llm._engine.unmatched, llm._engine.seed, llm._engine.passthrough) == ("error", 0, ())


def test_a_bad_reply_is_refused_where_it_is_given():
    """The error comes at once, with the line."""
    with pytest.raises(ReplyError) as caught:
        intercept({"content": "x"})
    assert f"test_blocks.py:{line_of(caught)}" in str(caught.value)


def line_of(caught: Any) -> int:
    """Find the line of this file that raised."""
    return next(entry.lineno + 1 for entry in caught.traceback if entry.path.name == "test_blocks.py")


# The end of a block


def test_what_nothing_answered_is_raised_at_the_end():
    """The program got a 404; the block raises, even if the program swallowed it."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        assert status() == 404
        assert [call.source for call in llm.calls] == ["unmatched"]
    assert len(caught.value.unmatched) == 1
    assert isinstance(caught.value, AssertionError)
    assert activation.active() == ()


def test_all_that_nothing_answered_is_raised_at_once():
    """Two requests, one error that has both."""
    with pytest.raises(UnmatchedRequestError, match="2 requests were not answered") as caught, intercept():
        status("one")
        status("two")
    assert [facts.request.last_user for facts in caught.value.unmatched] == ["one", "two"]


def test_clearing_the_unmatched_says_that_it_was_meant():
    """After `llm.unmatched.clear()` the block ends quietly."""
    with intercept() as llm:
        status()
        assert len(llm.unmatched) == 1
        llm.unmatched.clear()


def test_raise_unmatched_raises_in_the_middle():
    """A test may ask before the block ends."""
    with intercept() as llm:
        llm.raise_unmatched()
        status()
        with pytest.raises(UnmatchedRequestError):
            llm.raise_unmatched()
        llm.unmatched.clear()
        llm.raise_unmatched()


def test_an_exception_on_its_way_out_gets_the_explanation_as_a_note():
    """It is not replaced by ours; it carries ours."""
    error = KeyError("choices")
    with pytest.raises(KeyError) as caught, intercept():
        status()
        raise error
    assert caught.value is error
    assert "there is no rule to answer this request" in error.__notes__[0]
    assert activation.active() == ()


@pytest.mark.parametrize("keep", [True, False])
def test_a_block_ends_with_the_first_failure_and_has_the_others_on_it(keep):
    """Each once, in order; of those that were not kept it says how many there were."""
    journal, several = Journal(keep=keep), TOLD + 3
    for number in (0, *range(several)):
        journal.note_failure(SettingsError("mode", number, "a mode"))
    first = settled(journal, None, None)
    assert first is journal.failures[0]
    lost = 0 if keep else several + 1 - TOLD
    more = [f"… and {lost} more failures, of which only the number was kept."] if lost else []
    assert first.__notes__ == [*more, *(str(one) for one in journal.failures[2:])]
    assert len(journal.failures) == (several + 1 if keep else TOLD)
    assert settled(Journal(), None, None) is None


def test_an_exception_of_a_block_that_went_well_gets_no_note():
    """Where everything was answered, nothing is added."""
    error = KeyError("mine")
    with pytest.raises(KeyError), intercept("x"):
        status()
        raise error
    assert not hasattr(error, "__notes__")


def test_an_error_of_ours_on_its_way_out_gets_no_note():
    """`unmatched="raise"` says it once."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept(unmatched="raise"):
        status()
    assert not hasattr(caught.value, "__notes__")


def test_the_raise_policy_raises_in_the_transport_and_at_the_end():
    """Swallowed by the program, it still comes out."""
    with pytest.raises(UnmatchedRequestError), intercept(unmatched="raise"):
        with pytest.raises(UnmatchedRequestError) as inside:
            status()
        assert "api.openai.com" in str(inside.value)


def test_the_warn_policy_warns_and_lets_out(server):
    """The request reaches the network, and the warning explains it."""
    with intercept(unmatched="warn") as llm:
        with pytest.warns(UnmatchedWarning, match="there is no rule"):
            response = httpx.post(server.url + "/v1/chat/completions", json=chat())
        assert response.json() == chat()
    assert [(call.source, call.status) for call in llm.calls] == [("live", 200)]


def test_what_was_warned_of_is_not_remembered_for_ever():
    """Each request has a text of its own, and Python keeps what it has warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for number in range(2 * warned.REMEMBERED):
            warned.warn(f"request {number}")
            warned.warn(f"request {number}")
        assert len(warned._warned) <= warned.REMEMBERED
    assert 0 <= len(caught) - 2 * warned.REMEMBERED < 10  # which is again what was just forgotten


def test_the_passthrough_policy_lets_out(server):
    """The request reaches the network without a word."""
    with intercept(unmatched="passthrough") as llm:
        llm.on("weather").reply("sunny")
        url = server.url + "/v1/chat/completions"
        assert httpx.post(url, json=chat("other")).json() == chat("other")
        assert ask(httpx, "weather", url=url) == "sunny"
    assert [call.source for call in llm.calls] == ["live", "rule"]


def test_a_failed_reply_function_is_raised_at_the_end():
    """The client got a 500; the block says what the function raised."""

    def broken(request: Any) -> str:
        raise LookupError("mine")

    with pytest.raises(ReplyFunctionError, match="raised LookupError: mine"), intercept(broken):
        assert status() == 500


@pytest.mark.parametrize("use", ["coroutine", "function", "async with"])
def test_every_way_in_raises_what_went_unanswered(use):
    """Decorators and async blocks end like a block."""

    @intercept()
    def function() -> None:
        status()

    @intercept()
    async def coroutine() -> None:
        status()

    async def block() -> None:
        async with intercept():
            status()

    ways: dict[str, Callable[[], Any]] = {
        "function": function,
        "coroutine": lambda: asyncio.run(coroutine()),
        "async with": lambda: asyncio.run(block()),
    }
    with pytest.raises(UnmatchedRequestError):
        ways[use]()
    assert activation.active() == ()


def test_a_generator_read_to_its_end_raises_what_went_unanswered():
    """So does a decorated generator."""

    @intercept()
    def items() -> Iterator[int]:
        yield status()

    with pytest.raises(UnmatchedRequestError):
        list(items())


def test_interception_is_what_intercept_returns():
    """The public name is that of the object."""
    block = intercept()
    assert isinstance(block, Interception)
    with block:
        pass


def test_a_function_that_returns_a_coroutine_is_answered_until_it_ends():
    """As a decorated coroutine function is, whatever other decorator made the function plain."""

    async def work() -> str:
        async with httpx.AsyncClient() as client:
            return await ask_async(client)

    def plain_function() -> Any:
        return work()

    async def law() -> str:
        answer: str = await intercept("x")(plain_function)()
        return answer

    assert asyncio.run(law()) == "x"
    assert activation.active() == ()


def test_a_partial_of_a_coroutine_function_may_be_decorated():
    """The block lasts until the coroutine ends."""

    async def work(scheme: Literal["http"], name: str) -> str:
        async with httpx.AsyncClient() as client:
            return await ask_async(client, name, url=scheme + ELSEWHERE.removeprefix("http"))

    assert asyncio.run(intercept("x")(functools.partial(work, "http"))("hi")) == "x"
