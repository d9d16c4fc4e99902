"""openai's `responses.connect()`, unmodified, on the WebSocket mode of Responses."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import Pace, Reply, api_error, disconnect, intercept, stall, tool_call
from llm_intercept.errors import UnseenClientError
from tests.amounts import PATIENCE
from tests.support import complete, maybe
from tests.websockets_talk import LAST, nothing_served  # noqa: F401 - a fixture for every test

openai = pytest.importorskip("openai")
pytest.importorskip("websockets.asyncio.client")
if not hasattr(openai.OpenAI(api_key="sk-test").responses, "connect"):
    pytest.skip("this generation has no WebSocket mode", allow_module_level=True)

# openai 3.57 calls websockets 17's `connect` in the way that this version warns of.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

MODEL = "gpt-6-astra"
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@asynccontextmanager
async def connected(is_async: bool, client: Any = None, **options: Any) -> AsyncIterator[Any]:
    """Connect, by one of openai's clients."""
    if is_async:
        async with (client or openai.AsyncOpenAI(api_key="sk-test")).responses.connect(**options) as connection:
            yield connection
    else:
        with (client or openai.OpenAI(api_key="sk-test")).responses.connect(**options) as connection:
            yield connection


async def receive(connection: Any) -> Any:
    """Receive one event, as the SDK reads it."""
    received = connection.recv()
    if asyncio.iscoroutine(received):
        async with asyncio.timeout(PATIENCE):
            return await received
    return received


async def answer(connection: Any) -> list[Any]:
    """Receive the events of an answer, to the last."""
    events = [await receive(connection)]
    while events[-1].type not in LAST:
        events.append(await receive(connection))
    return events


async def create(connection: Any, said: Any, **params: Any) -> list[Any]:
    """Ask, and receive the answer."""
    await maybe(connection.response.create(model=MODEL, input=said, **params))
    return await answer(connection)


def run(law: Callable[[Any], Coroutine[Any, Any, Any]], *, is_async: bool, **options: Any) -> Any:
    """Run a law that is given a connection."""

    async def on_a_connection() -> Any:
        async with connected(is_async, **options) as connection:
            return await law(connection)

    return complete(on_a_connection(), is_async=is_async)


def test_a_question_is_answered(is_async):
    """The SDK has a class for each event, and the response that it parses last is whole."""
    with intercept("It is sunny") as llm:
        events = run(lambda connection: create(connection, "weather?"), is_async=is_async)
    assert events[-1].response.output_text == "It is sunny"
    assert all(type(event).__name__ != "BaseModel" for event in events)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    (call,) = llm.calls
    assert (call.request.last_user, call.request.stream, call.complete) == ("weather?", True, True)
    assert call.request.headers["authorization"] == "Bearer sk-test"
    assert call.usage is not None


def test_a_loop_of_tools(is_async):
    """Two parallel calls, their results, an answer: as over HTTP."""

    async def law(connection: Any) -> str:
        said: list[Any] = [{"role": "user", "content": "weather in Rome and Oslo?"}]
        while True:
            response = (await create(connection, said, tools=[WEATHER]))[-1].response
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                return response.output_text
            said += [item.model_dump(exclude_none=True) for item in response.output]
            for call in calls:
                result = f"{json.loads(call.arguments)['city']}: sunny"
                said.append({"type": "function_call_output", "call_id": call.call_id, "output": result})

    with intercept() as llm:
        llm.on(model=MODEL).reply([tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Both sunny")
        assert run(law, is_async=is_async) == "Both sunny"
    assert [result.text for result in llm.calls[1].request.tool_results] == ["Rome: sunny", "Oslo: sunny"]


def test_lanes_have_their_own_answers(is_async):
    """Events say which lane they are of."""

    async def law(connection: Any) -> dict[str, str]:
        for lane in ("left", "right"):
            await maybe(connection.response.create(model=MODEL, input=lane, stream_id=lane))
        events = [*await answer(connection), *await answer(connection)]
        return {event.stream_id: event.response.output_text for event in events if event.type == "response.completed"}

    with intercept(lambda request: f"to {request.last_user}"):
        assert run(law, is_async=is_async) == {"left": "to left", "right": "to right"}


def test_an_error_is_the_sdks_event(is_async):
    """Its status, its words and its headers are where the SDK has them."""
    with intercept(api_error(429, retry_after=2)):
        (error,) = run(lambda connection: create(connection, "hi", stream_id="left"), is_async=is_async)
    assert (error.type, error.status, error.stream_id) == ("error", 429, "left")
    assert (error.error.code, error.error.headers["retry-after"]) == ("rate_limit_exceeded", "2")


def test_background_is_refused(is_async):
    """With the API's error."""
    with intercept("ours"):
        (error,) = run(lambda connection: create(connection, "hi", background=True), is_async=is_async)
    assert error.error.param == "background"


def test_steering_is_the_sdks_event(is_async):
    """The input comes back."""

    async def law(connection: Any) -> Any:
        await maybe(connection.response.steer(previous_response_id="resp_1", input="left"))
        return await receive(connection)

    with intercept("ours"):
        failed = run(law, is_async=is_async)
    assert (failed.type, failed.error.code, failed.steer.input) == (
        "response.steer.failed",
        "response_not_found",
        "left",
    )


def test_a_lost_connection_is_made_again(is_async):
    """By the SDK's own reconnecting, and the pace is virtual."""
    reconnects = []

    def on_reconnecting(event: Any) -> None:
        reconnects.append(event.close_code)

    with intercept(time_scale=0, pace=Pace(ttft=5, tokens_per_second=1)) as llm:
        llm.on("hi").reply(Reply("no", fault=disconnect(after=2)))
        llm.on("again").reply("at last")
        said = run(_resent, is_async=is_async, on_reconnecting=on_reconnecting, initial_delay=0.01)
    assert said == "at last"
    assert reconnects == [1006]


async def _resent(connection: Any) -> str:
    """Ask, and ask again when the connection is another."""
    await maybe(connection.response.create(model=MODEL, input="hi"))
    lost = connection._connection
    events = aiter(connection) if hasattr(connection, "__aiter__") else iter(connection)
    while True:
        event = await anext(events) if hasattr(events, "__anext__") else next(events)
        if event.type == "response.completed":
            text: str = event.response.output_text
            return text
        if event.type == "response.in_progress" and lost is connection._connection:
            # What is sent while it reconnects is queued by the SDK and sent on the new connection.
            connection._send_queue.enqueue(json.dumps({"type": "response.create", "model": MODEL, "input": "again"}))


def test_a_stall_ends_in_virtual_time(is_async):
    """The connection is lost at its end, as the SDK reads it."""
    from websockets.exceptions import ConnectionClosedError

    with intercept(Reply("no", fault=stall(after=2)), time_scale=0), pytest.raises(ConnectionClosedError):
        run(lambda connection: create(connection, "hi"), is_async=is_async)


def test_other_hosts_and_prefixes_are_answered(is_async):
    """A compatible server's, by the client's own base URL."""
    kind = openai.AsyncOpenAI if is_async else openai.OpenAI
    client = kind(api_key="sk-test", base_url="http://localhost:1/api/v1", websocket_base_url="ws://localhost:1/ws/v1")
    with intercept("ours") as llm:
        run(lambda connection: create(connection, "hi"), is_async=is_async, client=client)
    assert llm.calls[0].request.url == "http://localhost:1/ws/v1/responses"


def test_realtime_is_stopped(is_async):
    """Nobody here speaks it."""

    async def law() -> None:
        if is_async:
            async with openai.AsyncOpenAI(api_key="sk-test").realtime.connect(model="gpt-realtime"):
                pass
        else:
            with openai.OpenAI(api_key="sk-test").realtime.connect(model="gpt-realtime"):
                pass

    with pytest.raises(UnseenClientError), intercept("ours"), pytest.raises(UnseenClientError):
        complete(law(), is_async=is_async)


def previous(events: list[Any]) -> str:
    identifier: str = events[-1].response.id
    return identifier


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_nobody_stores_is_continued_on_its_connection(is_async: bool) -> None:
    """As long as it is the last of its lane; a lane may fork from another's; elsewhere the id is not known."""

    async def law(connection: Any) -> Any:
        async def go_on(said: str, last: str | None = None, **more: Any) -> list[Any]:
            given = {} if last is None else {"previous_response_id": last}
            return await create(connection, said, store=False, **given, **more)

        first = await go_on("a")
        second = await go_on("b", previous(first))
        forked = await go_on("c", previous(second), stream_id="other")
        gone = await go_on("d", previous(first))
        return second, forked, gone, await go_on("e", previous(forked), stream_id="other"), previous(second)

    def heard(request: Any) -> str:
        return " ".join(message.text for message in request.messages)

    with intercept(heard):
        second, forked, gone, last, identifier = run(law, is_async=is_async)
        assert [events[-1].response.output_text for events in (second, forked, last)] == [
            "a a b",
            "a a b a a b c",
            "a a b a a b c a a b a a b c e",
        ]
        assert gone[-1].error.code == "previous_response_not_found"
        client = openai.OpenAI(api_key="sk-test", max_retries=0)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(identifier)
        with pytest.raises(openai.BadRequestError, match="not found"):
            client.responses.create(model=MODEL, input="f", previous_response_id=identifier)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_an_answer_that_failed_continued_is_forgotten_on_its_connection(is_async: bool) -> None:
    """As OpenAI does; what is stored is still there."""

    async def law(connection: Any) -> Any:
        said = []
        for store in (False, True):
            first = await create(connection, "a", store=store)
            for word in ("fail", "b"):
                said.append(await create(connection, word, store=store, previous_response_id=previous(first)))
        return said

    with intercept() as llm:
        llm.on("fail").reply(api_error(400))
        llm.reply("ours")
        failed, forgotten, failed_too, stored = run(law, is_async=is_async)
    assert [events[-1].type for events in (failed, forgotten, failed_too)] == ["error"] * 3
    assert forgotten[-1].error.code == "previous_response_not_found"
    assert stored[-1].response.output_text == "ours"
