"""The openai SDK, unmodified, gets its answers from a block."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai")

import anyio
from sdk_support import FAMILY, ask, body, family_of, make, streaming, text_of

from llm_intercept import intercept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPLY = "It's simple to use — даже так 🙂"


def test_a_client_made_in_the_block_is_answered(is_async: bool, stream: bool) -> None:
    """A client made inside a block is answered."""
    with intercept(REPLY) as llm:
        assert ask(make(is_async), "weather?", stream=stream) == REPLY
    assert [(call.request.last_user, call.request.stream, call.status) for call in llm.calls] == [
        ("weather?", stream, 200)
    ]


def test_a_client_made_before_the_block_is_answered(is_async: bool, stream: bool) -> None:
    """A client made before a block is answered all the same."""
    client = make(is_async)
    with intercept(REPLY) as llm:
        assert ask(client, stream=stream) == REPLY
    assert len(llm.calls) == 1


def test_strict_validation_finds_no_fault(is_async: bool, stream: bool) -> None:
    """Every field has the type the SDK's own models declare."""
    with intercept(REPLY):
        client = make(is_async, _strict_response_validation=True)
        assert ask(client, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {})) == REPLY


# On trio the SDK leaves its own generators to the garbage collector at [DONE], and trio says so.
@pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning")
def test_trio_is_answered(stream: bool) -> None:
    """An async client on trio is answered like one on asyncio."""

    async def run() -> str:
        async with make(is_async=True) as client:
            answer = await client.chat.completions.create(**body(stream=stream))
            if not stream:
                return answer.choices[0].message.content
            return "".join([text_of(chunk) async for chunk in answer])

    with intercept(REPLY):
        assert anyio.run(run, backend="trio") == REPLY


def test_the_stream_is_many_chunks() -> None:
    """A stream comes in several chunks, and its texts joined are the reply."""
    with intercept("one two three four"), make(is_async=False) as client:
        texts = [text_of(chunk) for chunk in client.chat.completions.create(**body(stream=True))]
    assert "".join(texts) == "one two three four"
    assert len([text for text in texts if text]) > 1


def test_an_iterable_of_str_is_exactly_these_deltas(is_async: bool) -> None:
    """A reply of several strings reaches the SDK as these deltas."""
    deltas = ["Hel", "lo ", "wor", "ld"]

    async def run() -> list[str]:
        async with make(is_async=True) as client:
            stream = await client.chat.completions.create(**body(stream=True))
            return [text_of(chunk) async for chunk in stream]

    with intercept(deltas):
        if is_async:
            texts = asyncio.run(run())
        else:
            with make(is_async=False) as client:
                texts = [text_of(chunk) for chunk in client.chat.completions.create(**body(stream=True))]
    assert [text for text in texts if text] == deltas


def test_the_stream_helper_accumulates_the_reply(is_async: bool) -> None:
    """`.stream()` gives content events and a final completion with the reply."""

    async def run() -> tuple[list[Any], Any]:
        async with make(is_async=True) as client, streaming(client)(**body()) as stream:
            return [event async for event in stream], await stream.get_final_completion()

    with intercept(REPLY):
        if is_async:
            events, final = asyncio.run(run())
        else:
            with make(is_async=False) as client, streaming(client)(**body()) as stream:
                events, final = list(stream), stream.get_final_completion()
    assert "".join(event.delta for event in events if event.type == "content.delta") == REPLY
    assert [event.content for event in events if event.type == "content.done"] == [REPLY]
    assert final.choices[0].message.content == REPLY
    assert final.choices[0].finish_reason == "stop"


def test_with_raw_response_shows_the_http_answer(is_async: bool) -> None:
    """`.with_raw_response` gives the family's own response, the API's headers and the parsed completion."""

    async def run() -> Any:
        async with make(is_async=True) as client:
            return await client.chat.completions.with_raw_response.create(**body())

    with intercept(REPLY):
        if is_async:
            raw = asyncio.run(run())
        else:
            with make(is_async=False) as client:
                raw = client.chat.completions.with_raw_response.create(**body())
    assert raw.status_code == 200
    assert family_of(raw.http_response) == FAMILY
    assert raw.headers["content-type"] == "application/json"
    assert raw.request_id == raw.headers["x-request-id"]
    assert raw.parse().choices[0].message.content == REPLY
    assert raw.parse()._request_id == raw.request_id


def test_with_raw_response_of_a_stream_parses_to_chunks(is_async: bool) -> None:
    """`.with_raw_response` of a stream gives the headers at once and the chunks on `parse()`."""

    async def run() -> tuple[Any, str]:
        async with make(is_async=True) as client:
            raw = await client.chat.completions.with_raw_response.create(**body(stream=True))
            return raw, "".join([text_of(chunk) async for chunk in raw.parse()])

    with intercept(REPLY):
        if is_async:
            raw, text = asyncio.run(run())
        else:
            with make(is_async=False) as client:
                raw = client.chat.completions.with_raw_response.create(**body(stream=True))
                text = "".join(map(text_of, raw.parse()))
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert text == REPLY


def test_with_streaming_response_reads_the_body_lazily(is_async: bool) -> None:
    """`.with_streaming_response` opens the answer without reading it, and parses it when asked."""

    async def run() -> tuple[int, str]:
        async with make(is_async=True) as client:
            create = client.chat.completions.with_streaming_response.create
            async with create(**body()) as response:
                return response.status_code, (await response.parse()).choices[0].message.content

    with intercept(REPLY):
        if is_async:
            assert asyncio.run(run()) == (200, REPLY)
        else:
            with (
                make(is_async=False) as client,
                client.chat.completions.with_streaming_response.create(**body()) as response,
            ):
                assert (response.status_code, response.parse().choices[0].message.content) == (200, REPLY)


def test_with_streaming_response_gives_the_lines_of_a_stream(is_async: bool) -> None:
    """`.with_streaming_response` of a stream gives the event lines as they come, [DONE] last."""

    async def run() -> list[str]:
        async with make(is_async=True) as client:
            create = client.chat.completions.with_streaming_response.create
            async with create(**body(stream=True)) as response:
                return [line async for line in response.iter_lines()]

    with intercept(REPLY):
        if is_async:
            lines = asyncio.run(run())
        else:
            create = make(is_async=False).chat.completions.with_streaming_response.create
            with create(**body(stream=True)) as response:
                lines = list(response.iter_lines())
    events = [line for line in lines if line]
    assert all(line.startswith("data: ") for line in events)
    assert events[-1] == "data: [DONE]"


def test_an_endless_stream_can_be_left(is_async: bool) -> None:
    """A stream left half-way closes at once, even one that would never end."""

    def endless() -> Iterator[str]:
        while True:
            yield "again "

    async def run() -> list[str]:
        async with make(is_async=True) as client:
            stream = await client.chat.completions.create(**body(stream=True))
            async with stream:
                iterator = aiter(stream)
                return [text_of(await anext(iterator)) for _ in range(4)]

    with intercept(lambda _: endless()) as llm:
        if is_async:
            texts = asyncio.run(run())
        else:
            with make(is_async=False) as client, client.chat.completions.create(**body(stream=True)) as stream:
                texts = [text_of(next(stream)) for _ in range(4)]
    assert texts == ["", "again ", "again ", "again "]
    assert [(call.status, call.error) for call in llm.calls] == [(200, None)]


def test_a_stream_that_is_left_closes_what_it_reads(is_async: bool) -> None:
    """Closing a stream half-way closes the generator that makes its deltas, as the end of a loop would."""
    closed: list[bool] = []

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "again "
        finally:
            closed.append(True)

    async def run() -> None:
        async with make(is_async=True) as client, await client.chat.completions.create(**body(stream=True)) as stream:
            async for chunk in stream:
                if text_of(chunk):
                    break
        assert closed == [True]

    with intercept(lambda _: endless()):
        if is_async:
            asyncio.run(run())
            return
        with make(is_async=False) as client, client.chat.completions.create(**body(stream=True)) as stream:
            assert any(text_of(chunk) for chunk in stream)
        assert closed == [True]


def test_a_loop_that_breaks_leaves_no_warning(is_async: bool) -> None:
    """A program that breaks out of the loop and forgets the stream gets no warning, as warnings are errors here."""

    async def run() -> None:
        async with make(is_async=True) as client:
            async for _ in await client.chat.completions.create(**body(stream=True)):
                break

    with intercept(REPLY) as llm:
        if is_async:
            asyncio.run(run())
        else:
            with make(is_async=False) as client:
                for _ in client.chat.completions.create(**body(stream=True)):
                    break
    assert [call.error for call in llm.calls] == [None]


@pytest.mark.parametrize("change", [lambda c: c.with_options(timeout=5), lambda c: c.copy(max_retries=0)])
def test_a_derived_client_is_answered(change: Callable[[Any], Any], is_async: bool) -> None:
    """A client derived with `with_options` or `copy` shares its HTTP client, and is answered."""
    with intercept(REPLY):
        assert ask(change(make(is_async))) == REPLY


def test_the_block_ends_where_it_ends(is_async: bool) -> None:
    """After the block the same client goes to the network again."""
    import openai
    from sdk_support import closed_port

    with closed_port() as url:
        with intercept(REPLY):
            assert ask(make(is_async, base_url=url, max_retries=0)) == REPLY
        with pytest.raises(openai.APIConnectionError):
            ask(make(is_async, base_url=url, max_retries=0))
