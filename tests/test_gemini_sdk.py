"""google-genai, unmodified, by all ways over httpx and httpx2: texts, streams, calls, chats, structured output, errors."""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from llm_intercept import Reply, api_error, auto, disconnect, intercept, reasoning, structured, timeout, tool_call
from llm_intercept.faults import cut_off, missing_finish, rechunk, stream_error

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL, NEWER = "gemini-2.5-flash", "gemini-3.5-flash"
LONG = "A long text of more words than there are in the first chunk of a stream, which are few."
FAMILIES = {"httpx": httpx, "httpx2": httpx2}
APIS: dict[str, dict[str, Any]] = {
    "studio": {"api_key": "none"},
    "beta": {"api_key": "none", "version": "v1beta"},
    "express": {"api_key": "none", "vertexai": True},
}


def client(family: str = "httpx2", api: str = "studio", **options: Any) -> genai.Client:
    """Make a client that speaks by a family, sync and async; its async one would else take aiohttp."""
    known = dict(APIS[api])
    module: Any = FAMILIES[family]
    http = types.HttpOptions(
        api_version=known.pop("version", None),
        httpx_client=module.Client(),
        httpx_async_client=module.AsyncClient(),
        **options,
    )
    return genai.Client(http_options=http, **known)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("by", FAMILIES)
def test_every_way_to_ask_gives_the_text(by: str, api: str) -> None:
    """Sync and async, whole and streamed, at AI Studio and at Vertex AI."""
    asked = client(by, api)

    async def all_async() -> list[str]:
        whole = await asked.aio.models.generate_content(model=MODEL, contents="hi")
        stream = await asked.aio.models.generate_content_stream(model=NEWER, contents="hi")
        return [whole.text or "", "".join([chunk.text or "" async for chunk in stream])]

    with intercept(LONG) as llm:
        whole = asked.models.generate_content(model=MODEL, contents="hi")
        chunks = list(asked.models.generate_content_stream(model=MODEL, contents="hi"))
        assert asyncio.run(all_async()) == [LONG, LONG]
    assert whole.text == "".join(chunk.text or "" for chunk in chunks) == LONG
    assert len(chunks) == 3
    assert whole.usage_metadata == chunks[-1].usage_metadata
    assert whole.response_id == chunks[0].response_id
    assert [call.request.stream for call in llm.calls] == [False, True, False, True]
    assert {call.request.api for call in llm.calls} == {"google.gemini"}


CITIES: list[str] = []


def weather(city: str) -> str:
    """Tell the weather of a city."""
    CITIES.append(city)
    return f"sunny in {city}"


@pytest.mark.parametrize("model", [MODEL, NEWER])
@pytest.mark.parametrize("stream", [False, True])
def test_functions_are_called_by_themselves(model: str, stream: bool) -> None:
    """Two at once, and what they return comes back as their results, not as what the user said."""
    CITIES.clear()
    chat = client().chats.create(model=model, config=types.GenerateContentConfig(tools=[weather]))
    with intercept() as llm:
        llm.on("weather", turn=1, tool="weather").reply([tool_call("weather", city="Paris"), tool_call("weather", city="Rome")])  # fmt: skip
        llm.on("weather", turn=2, tool_result="weather").reply("Sunny in both.")
        if stream:
            text = "".join(chunk.text or "" for chunk in chat.send_message_stream("The weather?"))
        else:
            text = chat.send_message("The weather?").text or ""
    assert (text, CITIES) == ("Sunny in both.", ["Paris", "Rome"])
    assert [one.text for one in llm.calls[1].request.tool_results] == ["sunny in Paris", "sunny in Rome"]
    assert len(llm.calls) == 2


def test_signatures_of_thoughts_come_back() -> None:
    """As the client has to send them with the calls that they led to."""
    chat = client().chats.create(model=NEWER, config=types.GenerateContentConfig(tools=[weather]))
    with intercept() as llm:
        llm.on(turn=1).reply(tool_call("weather", city="Paris"))
        llm.on(turn=2).reply("Sunny.")
        chat.send_message("The weather?")
    told = llm.calls[1].request.messages[1]
    assert [type(part).__name__ for part in told.parts] == ["Reasoning", "ToolCall"]
    assert told.tool_calls[0].id


def test_a_chat_goes_on() -> None:
    chat = client().chats.create(model=MODEL)
    with intercept() as llm:
        llm.reply("one", "two", "three")
        said = [chat.send_message("a").text, "".join(x.text or "" for x in chat.send_message_stream("b"))]
        said.append(chat.send_message("c").text)
    assert said == ["one", "two", "three"]
    assert [call.request.turn for call in llm.calls] == [1, 2, 3]
    assert [call.request.last_user for call in llm.calls] == ["a", "b", "c"]


class Weather(BaseModel):
    """A weather."""

    city: str
    degrees: int | None = None
    tags: list[str] = []


class Mood(enum.Enum):
    """A mood."""

    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize("field", ["response_schema", "response_json_schema"])
def test_structured_output_is_parsed(field: str) -> None:
    """What is given, or the smallest that the schema allows."""
    schema: Any = Weather if field == "response_schema" else Weather.model_json_schema()
    config = types.GenerateContentConfig.model_validate({"response_mime_type": "application/json", field: schema})
    with intercept() as llm:
        llm.on("auto").reply(auto())
        llm.reply(structured(Weather(city="Rome", degrees=20)))
        given = client().models.generate_content(model=MODEL, contents="Rome?", config=config)
        made = client().models.generate_content(model=MODEL, contents="auto", config=config)
    assert Weather.model_validate_json(given.text or "") == Weather(city="Rome", degrees=20)
    assert isinstance(Weather.model_validate_json(made.text or ""), Weather)
    if field == "response_schema":
        assert given.parsed == Weather(city="Rome", degrees=20)


def test_lists_and_enumerations_are_made_too() -> None:
    many = types.GenerateContentConfig(response_mime_type="application/json", response_schema=list[Weather])
    one = types.GenerateContentConfig(response_mime_type="text/x.enum", response_schema=Mood)
    with intercept(auto()):
        assert client().models.generate_content(model=MODEL, contents="x", config=many).parsed == []
        assert client().models.generate_content(model=MODEL, contents="x", config=one).parsed == Mood.GOOD


def test_thoughts_are_told_apart() -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    with intercept([reasoning("Let me think."), "Hello."]):
        response = client().models.generate_content(model=MODEL, contents="hi", config=config)
    assert response.parts is not None
    assert [(part.text, part.thought) for part in response.parts] == [("Let me think.", True), ("Hello.", None)]
    assert response.text == "Hello."


STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_each_error_is_raised_as_what_it_is(status: int) -> None:
    """With Google's word, whole and streamed, sync and async; nothing is tried again unasked."""
    kind = errors.ClientError if status < 500 else errors.ServerError
    asked = client()

    async def streamed() -> None:
        async for _ in await asked.aio.models.generate_content_stream(model=MODEL, contents="hi"):
            pass

    ways: list[Callable[[], object]] = [
        lambda: asked.models.generate_content(model=MODEL, contents="hi"),
        lambda: list(asked.models.generate_content_stream(model=MODEL, contents="hi")),
        lambda: asyncio.run(streamed()),
    ]
    with intercept(api_error(status, "Not now.")) as llm:
        for ask in ways:
            with pytest.raises(kind, match="Not now") as raised:
                ask()
            assert (raised.value.code, raised.value.status, raised.value.message) == (status, STATUSES[status], "Not now.")  # fmt: skip
    assert len(llm.calls) == 3


def test_retries_are_the_clients_own() -> None:
    """As its options say: these statuses, that often; the delay it chooses itself."""
    options = types.HttpRetryOptions(attempts=3, initial_delay=0, max_delay=0, jitter=0, http_status_codes=[503])
    with intercept() as llm:
        llm.reply(api_error(503), api_error(503, retry_after=9), "at last")
        assert client(retry_options=options).models.generate_content(model=MODEL, contents="hi").text == "at last"
    assert [call.status for call in llm.calls] == [503, 503, 200]


def test_the_network_fails_as_the_family_says() -> None:
    for family, module in FAMILIES.items():
        asked: Any = module
        with intercept() as llm:
            llm.reply(timeout(), disconnect(after=0))
            with pytest.raises(asked.ReadTimeout):
                client(family).models.generate_content(model=MODEL, contents="hi")
            with pytest.raises(asked.RemoteProtocolError):
                list(client(family).models.generate_content_stream(model=MODEL, contents="hi"))


def test_what_the_sdk_makes_of_broken_streams() -> None:
    """An error in a stream is raised; a stream that ends early is taken for a whole one, without a finish reason."""

    def read(*faults: Any) -> list[types.GenerateContentResponse]:
        with intercept(Reply(LONG, fault=faults)):
            return list(client().models.generate_content_stream(model=MODEL, contents="hi"))

    with pytest.raises(errors.ServerError, match="Overloaded") as raised:
        read(stream_error("Overloaded.", after=1, type="UNAVAILABLE", code="503"))
    assert (raised.value.code, raised.value.status) == (503, "UNAVAILABLE")
    assert "".join(one.text or "" for one in read(rechunk(how="bytes"))) == LONG
    for fault in (cut_off(1), missing_finish()):
        last = read(fault)[-1].candidates
        assert last is not None
        assert last[0].finish_reason is None


def test_what_is_asked_beside_is_answered() -> None:
    """Counters, embeddings, models: by default, at both APIs."""
    with intercept("x") as llm:
        for api in ("studio", "express"):
            asked = client(api=api)
            counted = asked.models.count_tokens(model=MODEL, contents="How are you?").total_tokens
            used = asked.models.generate_content(model=MODEL, contents="How are you?").usage_metadata
            assert used is not None
            assert counted == used.prompt_token_count
            for model, size in (("gemini-embedding-001", 3072), ("text-embedding-005", 768)):
                found = asked.models.embed_content(model=model, contents=["a"]).embeddings
                assert found is not None
                assert len(found[0].values or ()) == size
            names = [one.name or "" for one in asked.models.list(config={"page_size": 4})]
            assert [name.rpartition("/")[2] for name in names][3] == MODEL
            assert (asked.models.get(model=MODEL).name or "").endswith(MODEL)
    assert len(llm.side_calls) == 2
    assert {call.source for call in llm.calls} == {"rule", "default"}


def test_deltas_that_are_computed_are_streamed_when_they_are_there() -> None:
    """By an async function too; the chunk that says the end comes alone."""

    async def slowly(_: Any) -> Any:
        for word in ("one ", "two"):
            await asyncio.sleep(0)
            yield word

    async def told() -> list[str]:
        stream = await client().aio.models.generate_content_stream(model=MODEL, contents="hi")
        return [chunk.text or "" async for chunk in stream]

    async def whole() -> str | None:
        return (await client().aio.models.generate_content(model=MODEL, contents="hi")).text

    with intercept(slowly):
        assert asyncio.run(told()) == ["one ", "two", ""]
        assert asyncio.run(whole()) == "one two"


def test_an_agent_needs_no_script() -> None:
    """Each tool that it offers is called once, with valid arguments, and then it ends."""
    CITIES.clear()
    chat = client().chats.create(model=NEWER, config=types.GenerateContentConfig(tools=[weather]))
    with intercept(auto("Done.", tools="each once")) as llm:
        assert chat.send_message("Go.").text == "Done."
    assert (len(CITIES), len(llm.calls)) == (1, 2)
