"""Responses that are worked on in the background: polled and cancelled on the clock, resumed where a client left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI

from llm_intercept import Pace, Reply, api_error, intercept
from llm_intercept.interceptor.interceptor import engine_of
from tests.support import maybe
from tests.test_responses_state import MODEL, all_of, law, sdk

SLOW = Pace(ttft=60, per_token=1)


@law
async def test_it_is_queued_worked_on_and_done_in_virtual_time(client: Any) -> None:
    """Each look finds it further on, and no time passes; what it said is there at the end, and can be continued."""
    with intercept(Reply("a b c", pace=SLOW), time_scale=0) as llm:
        made = await maybe(client.responses.create(model=MODEL, input="hi", background=True))
        assert (made.status, made.background, made.output, made.usage) == ("queued", True, [], None)
        looks = [await maybe(client.responses.retrieve(made.id)) for _ in range(3)]
        assert [one.status for one in looks] == ["in_progress", "completed", "completed"]
        assert [one.output_text for one in looks] == ["", "a b c", "a b c"]
        assert looks[1].usage.output_tokens > 0
        assert engine_of(llm).service.clock.now() > 60
        await maybe(client.responses.create(model=MODEL, input="on", previous_response_id=made.id))
    assert llm.calls[-1].request.turn == 2
    assert llm.calls[0].usage is not None


def test_a_clock_that_runs_decides_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a scaled clock the time that passed does, not how often somebody looked."""
    with intercept(Reply("a b c", pace=Pace(ttft=100))) as llm:
        client, clock = sdk(OpenAI), engine_of(llm).service.clock
        now = [0.0]
        monkeypatch.setattr(type(clock), "now", lambda _: now[0])
        made = client.responses.create(model=MODEL, input="hi", background=True)
        for moment, status in ((49.0, "queued"), (49.0, "queued"), (51.0, "in_progress"), (101.0, "completed")):
            now[0] = moment
            assert client.responses.retrieve(made.id).status == status


@law
async def test_without_a_pace_it_is_done_when_somebody_looks(client: Any) -> None:
    """Programs that poll are not held up; an error is one at once."""
    with intercept() as llm:
        llm.on("bad").reply(api_error(429, retry_after=0))
        llm.reply("done")
        made = await maybe(client.responses.create(model=MODEL, input="hi", background=True))
        assert made.status == "queued"
        assert (await maybe(client.responses.retrieve(made.id))).output_text == "done"
        with pytest.raises(Exception, match="429"):
            await maybe(client.responses.create(model=MODEL, input="bad", background=True))


@law
async def test_it_is_cancelled(client: Any) -> None:
    """Once and again; what is done stays done, and what was no work in the background cannot be cancelled."""
    with intercept(Reply("a b c", pace=SLOW), time_scale=0):
        made = await maybe(client.responses.create(model=MODEL, input="hi", background=True))
        for ask in (client.responses.cancel, client.responses.cancel, client.responses.retrieve):
            ended = await maybe(ask(made.id))
            assert (ended.status, ended.output, ended.completed_at) == ("cancelled", [], None)
        after = await maybe(client.responses.create(model=MODEL, input="on", previous_response_id=made.id))
        said = await maybe(client.responses.input_items.list(after.id))
        assert [one.content[0].text for one in said.data] == ["on", "hi"]
        done = await maybe(client.responses.create(model=MODEL, input="other", background=True))
        for _ in range(2):
            await maybe(client.responses.retrieve(done.id))
        assert (await maybe(client.responses.cancel(done.id))).status == "completed"
        plain = await maybe(client.responses.create(model=MODEL, input="plain"))
        with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
            await maybe(client.responses.cancel(plain.id))


@law
async def test_its_stream_is_resumed(client: Any) -> None:
    """A client that left in the middle gets the rest by the number of its last event; both add up to the whole."""
    with intercept("a b c d e"):
        stream = await maybe(client.responses.create(model=MODEL, input="hi", background=True, stream=True))
        heard: list[Any] = []
        if isinstance(client, AsyncOpenAI):
            async for event in stream:
                heard.append(event)
                if len(heard) == 7:
                    break
        else:
            heard = [event for event, _ in zip(stream, range(7), strict=False)]
        await maybe(stream.close())
        assert [one.type for one in heard[:3]] == ["response.created", "response.queued", "response.in_progress"]
        assert [one.response.status for one in heard[:3]] == ["queued", "queued", "in_progress"]
        last, made = heard[-1].sequence_number, heard[0].response
        rest = await all_of(await maybe(client.responses.retrieve(made.id, stream=True, starting_after=last)))
        assert [one.sequence_number for one in (*heard, *rest)] == list(range(len(heard) + len(rest)))
        said = "".join(one.delta for one in (*heard, *rest) if one.type == "response.output_text.delta")
        assert (said, rest[-1].response.output_text) == ("a b c d e", "a b c d e")
        assert (await maybe(client.responses.retrieve(made.id))).status == "completed"


def test_a_stream_that_is_computed_is_kept_when_it_is_told(make_case: Any) -> None:
    """What an async function says while it is read, nobody knows before."""

    async def answer(request: Any) -> Any:
        for word in ("a ", "b ", request.last_user):
            yield word

    client = sdk(AsyncOpenAI)

    async def run() -> None:
        stream = await client.responses.create(model=MODEL, input="c", background=True, stream=True)
        told = [event async for event in stream]
        again = await client.responses.retrieve(told[0].response.id, stream=True)
        assert [event async for event in again] == told
        assert told[-1].response.output_text == "a b c"

    with intercept(answer):
        asyncio.run(run())
