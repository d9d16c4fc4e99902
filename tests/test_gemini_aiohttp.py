"""google-genai's async client on aiohttp, which it takes where that is installed, unmodified."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import Reply, api_error, disconnect, intercept, stall, tool_call, wrap
from llm_intercept.errors import WrapError
from tests.aiohttp_talk import VERSION, aiohttp, nothing_fed  # noqa: F401 - a fixture for every test

genai = pytest.importorskip("google.genai")
pytestmark = [
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.skipif(VERSION < (3, 11), reason="google-genai names errors that are newer"),
]

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MODEL = "gemini-2.5-flash"
LONG = "A long text of more words than there are in the first chunk of a stream, which are few."


def ask(law: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    """Run a law that is given an async client; that it sends by aiohttp is seen."""

    async def on_a_client() -> Any:
        http = genai.types.HttpOptions(**options)
        async with genai.Client(api_key="none", http_options=http).aio as client:
            found = await law(client)
            assert isinstance(client._api_client._aiohttp_session, aiohttp.ClientSession)
            return found

    return asyncio.run(on_a_client())


async def whole(client: Any) -> str:
    """Ask for an answer."""
    return str((await client.models.generate_content(model=MODEL, contents="hi")).text)


async def streamed(client: Any) -> str:
    """Ask for a stream."""
    chunks = client.models.generate_content_stream(model=MODEL, contents="hi")
    return "".join([chunk.text or "" async for chunk in (await chunks if inspect.isawaitable(chunks) else chunks)])


@pytest.mark.parametrize("way", [whole, streamed])
def test_it_is_answered(way: Callable[[Any], Awaitable[str]]) -> None:
    """Whole and as a stream."""
    with intercept(LONG) as llm:
        assert ask(way) == LONG
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [("google.gemini", way is streamed)]


def test_functions_are_called_by_themselves() -> None:
    """And their results come back."""

    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"sunny in {city}"

    async def law(client: Any) -> str:
        chat = client.chats.create(model=MODEL, config=genai.types.GenerateContentConfig(tools=[weather]))
        return str((await chat.send_message("The weather?")).text)

    with intercept() as llm:
        llm.on("weather", turn=1).reply(tool_call("weather", city="Paris"))
        llm.on("weather", turn=2).reply("Sunny.")
        assert ask(law) == "Sunny."
    assert [one.text for one in llm.calls[1].request.tool_results] == ["sunny in Paris"]


def test_errors_are_the_sdks() -> None:
    """Of a status, and of a network that fails before there is an answer and within one."""

    async def law(client: Any) -> None:
        with pytest.raises(genai.errors.ClientError, match="400"):
            await whole(client)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await streamed(client)
        with pytest.raises(aiohttp.ClientPayloadError):
            await streamed(client)
        with pytest.raises(TimeoutError):
            await streamed(client)

    with intercept(time_scale=0) as llm:
        llm.reply(api_error(400), disconnect(), Reply(LONG, fault=disconnect(after=2)), stall(after=1))
        ask(law, timeout=60_000, retry_options=genai.types.HttpRetryOptions(attempts=1))


def test_a_client_that_will_make_sessions_is_not_wrapped_by_half() -> None:
    """What it asks asynchronously would reach the real API; a block answers it."""
    with genai.Client(api_key="none") as client, pytest.raises(WrapError, match=r"_aiohttp_sessions.*by a block"):
        wrap(client, "ours")
