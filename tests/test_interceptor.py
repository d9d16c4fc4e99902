"""An `Interceptor` wrapped around a client answers for that client, and for no other."""

from __future__ import annotations

import gc
import re
import weakref
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx
import pytest

from llm_intercept import Interceptor, intercept, wrap
from llm_intercept.clients import activation
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.errors import SettingsError, UnmatchedRequestError, WrapError
from tests.support import ELSEWHERE, URL, ask, chat, collecting, complete, maybe

PATH = "/v1/chat/completions"


def code(family: str) -> Any:
    return import_module(family).HTTPTransport.handle_request.__code__


async def request(case: Any, client: Any, url: str = ELSEWHERE) -> Any:
    return await maybe(client.post(url, json=chat(stream=case.stream)))


async def close(case: Any, client: Any) -> None:
    await maybe(client.aclose() if case.is_async else client.close())


# Wrapping


def test_wrap_gives_back_the_same_client_which_is_then_answered(case):
    """The object is the same, with the same transport, before, in between and after."""

    async def law() -> Any:
        client = case.client()
        transport = client._transport
        llm = Interceptor("hi")
        assert llm.wrap(client) is client
        answer = await request(case, client)
        assert client._transport is transport
        assert llm.unwrap(client) is client
        assert client._transport is transport
        await close(case, client)
        return answer, llm

    answer, llm = complete(law(), is_async=case.is_async)
    assert case.text(answer) == "hi"
    assert len(llm.calls) == 1


def test_only_the_wrapped_client_is_answered(family, is_async, make_case, server):
    """Another client of the same class reaches the network, at the same time."""
    case = make_case(family, is_async, False)

    async def law() -> list[Any]:
        mine, other = wrap(case.client(), "hi"), case.client()
        answers = [await request(case, one, server.url + PATH) for one in (mine, other, mine)]
        for one in (mine, other):
            await close(case, one)
        return answers

    mine, other, again = complete(law(), is_async=is_async)
    assert [case.text(mine), case.text(again)] == ["hi", "hi"]
    assert other.json() == chat(stream=False)


def test_an_unwrapped_client_reaches_the_network_again(family, is_async, make_case, server):
    """`unwrap` undoes it all; the library's code is its own again."""
    case = make_case(family, is_async, False)
    before = code(family)

    async def law() -> Any:
        client = case.client()
        llm = Interceptor("hi")
        llm.wrap(client)
        assert code(family) is not before
        llm.unwrap(client)
        answer = await request(case, client, server.url + PATH)
        await close(case, client)
        return answer

    assert complete(law(), is_async=is_async).json() == chat(stream=False)
    assert code(family) is before


def test_wrapping_twice_is_wrapping_once(family):
    """One unwrap undoes it."""
    before = code(family)
    llm = Interceptor("hi")
    with import_module(family).Client() as client:
        assert llm.wrap(llm.wrap(client)) is client
        assert ask(client) == "hi"
        assert len(llm.calls) == 1
        llm.unwrap(client)
        assert code(family) is before
        with pytest.raises(WrapError):
            llm.unwrap(client)


def test_an_interceptor_may_be_wrapped_around_several_clients(family):
    """All of them are answered from the same rules and noted in the same calls."""
    module = import_module(family)
    llm = Interceptor()
    llm.reply("one", "two")
    with module.Client() as first, module.Client() as second:
        llm.wrap(first)
        llm.wrap(second)
        assert [ask(first), ask(second)] == ["one", "two"]
        llm.unwrap(first)
        llm.unwrap(second)
    assert len(llm.calls) == 2


def test_a_client_may_be_wrapped_by_several_interceptors(family):
    """The last one wrapped around it is asked first, then the others; each is taken off by itself."""
    first, second = Interceptor("first"), Interceptor()
    second.on("second").reply("second")
    with import_module(family).Client() as client:
        first.wrap(client)
        second.wrap(client)
        assert [ask(client, "second"), ask(client, "else")] == ["second", "first"]
        first.unwrap(client)
        assert ask(client, "second") == "second"
        second.unwrap(client)


def test_a_wrapped_client_asks_its_interceptor_before_the_block_around(family):
    """The client's own comes first, then the innermost block."""
    own = Interceptor()
    own.on("mine").reply("own")
    with import_module(family).Client() as client, intercept("block") as block:
        own.wrap(client)
        assert [ask(client, "mine"), ask(client, "else")] == ["own", "block"]
        assert (len(own.calls), len(block.calls)) == (2, 1)
        own.unwrap(client)
        assert ask(client, "mine") == "block"


def test_a_wrapped_client_keeps_its_own_settings(case):
    """Hooks, headers, base URL, timeouts and mounts stay the client's."""
    seen: list[Any] = []

    def note(response: Any) -> None:
        seen.append(response)

    async def note_async(response: Any) -> None:
        seen.append(response)

    module = case.module
    own = module.MockTransport(lambda _: module.Response(418))

    async def law() -> Any:
        client = case.client(
            base_url="http://llm.test/v1",
            headers={"x-team": "tests"},
            timeout=3,
            mounts={"all://mine.test": own},
            event_hooks={"response": [note_async if case.is_async else note]},
        )
        llm = Interceptor("hi")
        llm.wrap(client)
        answers = [await request(case, client, url) for url in ("/chat/completions", "http://mine.test/x")]
        assert client.timeout == module.Timeout(3)
        llm.unwrap(client)
        await close(case, client)
        return answers, llm

    (answered, mocked), llm = complete(law(), is_async=case.is_async)
    assert case.text(answered) == "hi"
    assert mocked.status_code == 418
    assert seen == [answered, mocked]
    assert [call.request.headers["x-team"] for call in llm.calls] == ["tests"]
    assert llm.calls[0].request.url == ELSEWHERE


def test_a_wrapped_clients_retry_transport_keeps_retrying(family):
    """The innermost transport is where a wrapped client is answered too."""
    module = import_module(family)
    tries: list[int] = []

    class Retry(module.BaseTransport):
        def __init__(self) -> None:
            self.inner = module.HTTPTransport()

        def handle_request(self, request: Any) -> Any:
            while True:
                tries.append(1)
                try:
                    return self.inner.handle_request(request)
                except module.ConnectError:
                    pass

    llm = Interceptor()
    llm.reply(module.ConnectError("down"), "up")
    with module.Client(transport=Retry()) as client:
        assert ask(llm.wrap(client)) == "up"
        llm.unwrap(client)
    assert len(tries) == 2


# What may be wrapped


class Holder:
    """An SDK's client, as far as wrapping sees it."""

    def __init__(self, inner: Any) -> None:
        self.api_key, self.inner = "sk-test", inner


def test_an_object_that_holds_a_client_may_be_wrapped(family):
    """One or two levels deep; the holder itself comes back."""
    with import_module(family).Client() as client:
        for holder in (Holder(client), Holder(Holder(client))):
            llm = Interceptor("hi")
            assert llm.wrap(holder) is holder
            assert ask(client) == "hi"
            assert llm.unwrap(holder) is holder


def test_all_clients_of_a_holder_are_wrapped():
    """A framework's object may hold a sync and an async one."""
    families = [name for name in ("httpx", "httpx2") if find_spec(name)]
    clients = [import_module(name).Client() for name in families]
    holder = Holder(None)
    for number, client in enumerate(clients):
        setattr(holder, f"client_{number}", client)
    llm = Interceptor("hi")
    llm.wrap(holder)
    assert [ask(client) for client in clients] == ["hi"] * len(clients)
    llm.unwrap(holder)
    for client in clients:
        client.close()


@pytest.mark.parametrize(("library", "names"), [("openai", ("OpenAI", "AsyncOpenAI")), ("anthropic", ("Anthropic",))])
def test_an_sdks_client_may_be_wrapped(library, names):
    """OpenAI() and Anthropic() hold an HTTP client; they are given back as they are."""
    sdk = pytest.importorskip(library)
    for name in names:
        client = getattr(sdk, name)(api_key="sk-test")
        llm = Interceptor("hi")
        assert llm.wrap(client) is client
        llm.unwrap(client)


@pytest.mark.parametrize(
    "value", [None, "client", 3, object(), Holder(None), httpx.Client, Holder(Holder(Holder(None)))]
)
def test_what_holds_no_client_cannot_be_wrapped(value):
    """The message names the type and what can be wrapped; it is a TypeError too."""
    with pytest.raises(WrapError) as caught:
        wrap(value, "hi")
    kind, said = (value, " is a class, which is not called here: it") if isinstance(value, type) else (type(value), "")
    assert f"{kind.__module__}.{kind.__qualname__}{said} holds no HTTP client" in str(caught.value)
    assert "httpx or httpx2 client" in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_what_was_not_wrapped_cannot_be_unwrapped():
    """The message says so, also where another interceptor did."""
    one, other = Interceptor("one"), Interceptor("other")
    with httpx.Client() as client:
        one.wrap(client)
        with pytest.raises(WrapError, match="was not wrapped by this Interceptor"):
            other.unwrap(client)
        assert ask(client) == "one"
        one.unwrap(client)


def test_wrap_takes_the_options_of_an_interceptor():
    """Wrong ones are refused before anything is wrapped."""
    before = code("httpx")
    with httpx.Client() as client:
        with pytest.raises(SettingsError, match="unmatched"):
            wrap(client, "hi", unmatched="never")
        assert code("httpx") is before
        assert activation.attached(client) == ()


# The end of a client


def test_a_client_that_is_gone_releases_the_hooks(family):
    """Nothing keeps a wrapped client alive, and with the last one the hooks go."""
    before = code(family)
    with collecting():
        client = wrap(import_module(family).Client(), "hi")
        assert ask(client) == "hi"
        assert code(family) is not before
        gone = weakref.ref(client)
        client.close()
        del client
    assert gone() is None
    assert code(family) is before
    assert not TRAFFIC._hooks


def test_an_interceptor_that_is_gone_goes_on_answering():
    """`wrap(client, …)` needs nobody to hold the interceptor."""
    with collecting():
        client = wrap(httpx.Client(), "hi")
        gc.collect(0)
        assert ask(client) == "hi"
        client.close()
        del client


def test_a_closed_client_stays_closed():
    """Wrapping does not revive a client."""
    llm = Interceptor("hi")
    client = httpx.Client()
    client.close()
    llm.wrap(client)
    with pytest.raises(RuntimeError, match="closed"):
        client.post(URL)
    llm.unwrap(client)


# An interceptor by itself


def test_raise_unmatched_is_for_a_wrapped_client_to_call():
    """Without a block nobody raises by itself."""
    llm = Interceptor()
    with httpx.Client() as client:
        llm.wrap(client)
        assert client.post(URL, json=chat()).status_code == 404
        llm.unwrap(client)
    with pytest.raises(UnmatchedRequestError):
        llm.raise_unmatched()


def test_calls_are_listed_in_the_order_they_arrived():
    """Each says what was asked, by which rule it was answered, and how."""
    with intercept("x") as llm:
        llm.on("first").reply("one")
        ask(httpx, "first")
        ask(httpx, "second", stream=False)
    first, second = llm.calls
    assert [first.request.last_user, second.request.last_user] == ["first", "second"]
    assert (str(first.rule), str(second.rule)) == ("on('first')", "intercept('x')")
    assert (first.source, first.status, first.error) == ("rule", 200, None)
    assert first.usage is not None
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens > 0
    assert first.duration > 0
    assert repr(first) == f"<Call gpt-4o JSON 'first': 200 from rule by on('first') ({first.rule.where})>"
    assert re.search(r"test_interceptor\.py:\d+$", first.rule.where)
    assert (first.attempt, second.attempt) == (1, 1)


def test_the_same_seed_and_requests_give_the_same_bytes(case):
    """Answers are the same from run to run; another seed gives others."""

    def run(seed: int) -> list[str]:
        with intercept("hello", seed=seed):
            return [case.post(user).text for user in ("one", "one", "two")]

    assert run(1) == run(1)
    assert run(1) != run(2)
    answers = run(1)
    assert answers[0] != answers[1]
