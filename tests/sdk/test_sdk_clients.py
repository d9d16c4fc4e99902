"""Every kind of client the openai SDK has, or takes, is answered; `wrap` answers one and leaves the others."""

from __future__ import annotations

import asyncio
import importlib.util
import weakref
from typing import Any

import pytest

pytest.importorskip("openai")

import openai
from sdk_support import FAMILY, KEY, MAJOR, ask, body, closed_port, family_of, make, run
from tests.support import collecting

from llm_intercept import Interceptor, InterceptTransport, intercept, wrap
from llm_intercept.errors import UnmatchedRequestError, WrapError


def _family_of_answer(client: Any) -> str:
    """Ask with `.with_raw_response` and name the library the answer comes from."""

    async def run() -> Any:
        async with client:
            return await client.chat.completions.with_raw_response.create(**body())

    if isinstance(client, openai.AsyncOpenAI):
        return family_of(asyncio.run(run()).http_response)
    with client:
        return family_of(client.chat.completions.with_raw_response.create(**body()).http_response)


def test_the_default_client_is_of_the_generations_family(is_async: bool) -> None:
    """openai 3 gets its answers from httpx2, openai 2 from httpx."""
    with intercept("hi"):
        assert _family_of_answer(make(is_async)) == FAMILY


def test_azure_is_answered(is_async: bool, stream: bool) -> None:
    """Azure's clients, which put the deployment into the path, are answered."""
    kind = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
    endpoint = "https://example.openai.azure.com"
    with intercept("hi") as llm:
        client = kind(azure_endpoint=endpoint, api_key=KEY, api_version="2024-10-21")
        assert ask(client, stream=stream) == "hi"
    assert llm.calls[0].request.url == (f"{endpoint}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")
    assert llm.calls[0].request.model == "gpt-4o"


@pytest.mark.parametrize("base_url", ["http://localhost:11434/v1", "https://llm.example/some/prefix/v1/"])
def test_a_compatible_server_is_answered(base_url: str, is_async: bool, stream: bool) -> None:
    """Any host and any prefix will do, as long as the path ends in `/chat/completions`."""
    with intercept("hi"):
        assert ask(make(is_async, base_url=base_url), stream=stream) == "hi"


def test_the_sdks_aiohttp_client_is_answered(stream: bool) -> None:
    """`DefaultAioHttpClient`, which sends with aiohttp, is answered and stays of the generation's family."""
    pytest.importorskip("aiohttp")

    async def run() -> tuple[str, str]:
        async with openai.AsyncOpenAI(api_key=KEY, http_client=openai.DefaultAioHttpClient()) as client:
            raw = await client.chat.completions.with_raw_response.create(**body(stream=stream))
            answer = raw.parse()
            if not stream:
                return family_of(raw.http_response), answer.choices[0].message.content
            texts = [choice.delta.content or "" async for chunk in answer for choice in chunk.choices]
            return family_of(raw.http_response), "".join(texts)

    with intercept("It's simple to use") as llm:
        assert asyncio.run(run()) == (FAMILY, "It's simple to use")
    assert len(llm.calls) == 1


def test_the_sdks_aiohttp_client_made_before_the_block_is_answered(stream: bool) -> None:
    """An aiohttp client that was made, and used, before the block is answered in it."""
    pytest.importorskip("aiohttp")

    async def run() -> str:
        with closed_port() as url:
            http_client = openai.DefaultAioHttpClient()
            async with openai.AsyncOpenAI(api_key=KEY, base_url=url, http_client=http_client, max_retries=0) as client:
                with pytest.raises(openai.APIConnectionError):
                    await client.chat.completions.create(**body())
                with intercept("hi"):
                    answer = await client.chat.completions.create(**body(stream=stream))
                    if not stream:
                        return answer.choices[0].message.content
                    texts = [choice.delta.content or "" async for chunk in answer for choice in chunk.choices]
                    return "".join(texts)

    assert asyncio.run(run()) == "hi"


def test_httpx_aiohttps_client_is_answered(stream: bool) -> None:
    """The separate package httpx-aiohttp is answered; openai 3 takes its client as a legacy one."""
    httpx_aiohttp = pytest.importorskip("httpx_aiohttp")

    async def run() -> str:
        return await _read(make(is_async=True, http_client=httpx_aiohttp.HttpxAiohttpClient()), stream=stream)

    with intercept("hi") as llm:
        assert asyncio.run(run()) == "hi"
    assert len(llm.calls) == 1


async def _read(client: Any, *, stream: bool) -> str:
    async with client:
        answer = await client.chat.completions.create(**body(stream=stream))
        if not stream:
            return answer.choices[0].message.content
        return "".join([choice.delta.content or "" async for chunk in answer for choice in chunk.choices])


@pytest.mark.parametrize("other", ["httpx", "httpx2"])
def test_a_client_of_either_family_may_be_handed_over(other: str, is_async: bool, stream: bool) -> None:
    """openai 3 takes an `httpx.Client`, openai 2 an `httpx2.Client`; each is answered in its own family."""
    family = importlib.import_module(other) if importlib.util.find_spec(other) else pytest.skip(f"no {other}")
    kind = family.AsyncClient if is_async else family.Client
    try:
        make(is_async, http_client=kind())
    except TypeError as refused:
        pytest.skip(f"openai {openai.__version__}: {refused}")
    with intercept("hi"):
        assert ask(make(is_async, http_client=kind()), stream=stream) == "hi"
        assert _family_of_answer(make(is_async, http_client=kind())) == other


def test_an_intercept_transport_may_be_handed_over(is_async: bool, stream: bool) -> None:
    """`InterceptTransport` in a client of one's own answers without any block."""
    family = importlib.import_module(FAMILY)
    transport = InterceptTransport("hi")
    http_client = (family.AsyncClient if is_async else family.Client)(transport=transport)
    assert ask(make(is_async, http_client=http_client), stream=stream) == "hi"
    assert len(transport.calls) == 1


def test_wrap_answers_one_client_only(is_async: bool, stream: bool) -> None:
    """`wrap` answers the client it is given, and another of the same kind goes to the network."""
    llm = Interceptor("hi")
    with closed_port() as url:
        mine = llm.wrap(make(is_async, base_url=url, max_retries=0))
        others = make(is_async, base_url=url, max_retries=0)
        with pytest.raises(openai.APIConnectionError):
            ask(others, stream=stream)
        assert ask(mine, stream=stream) == "hi"
    assert len(llm.calls) == 1


def test_wrap_gives_the_same_object_back(is_async: bool) -> None:
    """`wrap(client, reply)` returns the client itself, and it is answered."""
    client = make(is_async)
    assert wrap(client, "hi") is client
    assert ask(client) == "hi"


def test_unwrap_undoes_wrap(is_async: bool) -> None:
    """After `unwrap` the client goes to the network again; unwrapping it twice is an error."""
    llm = Interceptor("hi")
    with closed_port() as url:
        client = llm.unwrap(llm.wrap(make(is_async, base_url=url, max_retries=0)))
        with pytest.raises(openai.APIConnectionError):
            ask(client)
    with pytest.raises(WrapError):
        llm.unwrap(client)
    assert llm.calls == []


def test_a_wrapped_client_may_be_forgotten(is_async: bool) -> None:
    """A wrapped client that nobody holds any more is let go, though it was answered."""
    with collecting():
        client = wrap(make(is_async), "hi")
        alive = weakref.ref(client._client)
        assert ask(client) == "hi"
        del client
    assert alive() is None


def test_a_wrapped_client_keeps_its_own_reply_in_a_block(is_async: bool) -> None:
    """In a block of somebody else's, a wrapped client keeps its own answer."""
    client = wrap(make(is_async), "mine")
    with intercept("theirs"):
        assert ask(client) == "mine"
        assert ask(make(is_async)) == "theirs"


def test_wrap_answers_or_stops_what_a_wrapped_anthropic_client_asks(is_async: bool) -> None:
    """`wrap(Anthropic())` works; what nobody here can answer is stopped at once instead of reaching a paid API."""
    anthropic = pytest.importorskip("anthropic")
    llm = Interceptor("hi")
    client = llm.wrap((anthropic.AsyncAnthropic if is_async else anthropic.Anthropic)(api_key=KEY))
    request = {"model": "claude-test", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}

    assert run(lambda: client.messages.create(**request)).content[0].text == "hi"
    with pytest.raises(anthropic.NotFoundError, match=r"api\.anthropic\.com"):
        run(client.beta.files.list)
    assert [(call.status, call.source) for call in llm.calls] == [(200, "rule"), (404, "unmatched")]
    with pytest.raises(UnmatchedRequestError, match=r"api\.anthropic\.com/v1/files"):
        llm.raise_unmatched()


def test_another_path_of_openai_is_stopped(is_async: bool) -> None:
    """A request to OpenAI that no dialect reads is stopped, and does not leak to the paid API."""

    client = make(is_async)
    stopped = pytest.raises(UnmatchedRequestError, match=r"api\.openai\.com/v1/files")
    with stopped, intercept("hi"), pytest.raises(openai.NotFoundError):
        run(client.files.list)


def test_the_generation_is_the_one_these_tests_know() -> None:
    """A new generation of the SDK deserves a look at these tests."""
    assert MAJOR in {1, 2, 3}
