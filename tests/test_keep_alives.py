"""Signs that a server is still there, in each API's own form: passed over by its SDK, and kept on tapes as they came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from anthropic import Anthropic
from openai import OpenAI

from llm_intercept import Reply, intercept, tool_call
from llm_intercept.faults import crlf, disconnect, keep_alive, stream_error
from tests.support import MESSAGES, RESPONSES, in_both_shapes, message, respond

if TYPE_CHECKING:
    from pathlib import Path

SAID = "One two three four five six."
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
QUESTIONS = {RESPONSES: respond(stream=True), MESSAGES: message(stream=True)}


def streamed(url: str, *faults: Any, reply: Any = SAID, **more: Any) -> list[bytes]:
    with intercept(Reply(reply, fault=faults), created=1767225600), httpx.Client() as client:
        content = client.post(url, json={**QUESTIONS[url], **more}).content
    return [event + b"\n\n" for event in content.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]]


def data(event: bytes) -> Any:
    return json.loads(event.split(b"data: ", 1)[1])


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("also", [(), (crlf(),)], ids=["", "crlf"])
def test_responses_say_it_by_an_event_that_has_a_number(every: int, also: tuple[Any, ...]) -> None:
    """None stands before the first event or after the last; the numbers have no gap (docs/wire.md 5.1.10)."""
    plain, told = streamed(RESPONSES), streamed(RESPONSES, keep_alive(every=every), *also)
    assert [data(event)["sequence_number"] for event in told] == list(range(len(told)))
    signs = [number for number, event in enumerate(told) if event.startswith(b"event: keepalive\n")]
    assert signs == list(range(every, len(told), every + 1))
    assert told[signs[0]] == b'event: keepalive\ndata: {"type":"keepalive","sequence_number":%d}\n\n' % every
    others = [data(event) | {"sequence_number": 0} for number, event in enumerate(told) if number not in signs]
    assert others == [data(event) | {"sequence_number": 0} for event in plain]


def test_what_looks_like_a_number_is_left_as_it_is() -> None:
    """An argument or a text may be called as the field is."""
    call = tool_call("f", {"sequence_number": 7})
    tools = [{"type": "function", "name": "f", "parameters": {"type": "object", "default": {"sequence_number": 7}}}]
    plain = streamed(RESPONSES, reply=call, tools=tools, metadata={"sequence_number": "7"})
    told = streamed(RESPONSES, keep_alive(), reply=call, tools=tools, metadata={"sequence_number": "7"})
    others = [data(event) for event in told if not event.startswith(b"event: keepalive\n")]
    assert [one | {"sequence_number": 0} for one in others] == [data(one) | {"sequence_number": 0} for one in plain]
    assert [one["sequence_number"] for one in others] == [2 * number for number in range(len(plain))]


def test_a_background_responses_numbers_stay() -> None:
    """They are asked for later (`starting_after`), so a comment stands in."""
    told = streamed(RESPONSES, keep_alive(), background=True)
    numbers = [data(event)["sequence_number"] for event in told if not event.startswith(b":")]
    assert numbers == list(range(len(numbers)))
    assert told[0] == b": OPENROUTER PROCESSING\n\n"


@pytest.mark.parametrize("every", [1, 4])
def test_anthropic_pings(every: int) -> None:
    """The other events are as they were."""
    plain, told = streamed(MESSAGES), streamed(MESSAGES, keep_alive(every=every))
    assert [event for event in told if event != PING] == [event for event in plain if event != PING]
    assert told.count(PING) == plain.count(PING) + (len(plain) - 1) // every
    assert told[0].startswith(b"event: message_start")


@pytest.mark.parametrize("url", [RESPONSES, MESSAGES])
def test_a_text_of_ones_own_is_a_comment(url: str) -> None:
    """It stands before the first event too."""
    told = streamed(url, keep_alive(text="wait"))
    assert told[::2] == [b": wait\n\n"] * (len(told) // 2)
    assert told[1::2] == streamed(url)


def test_the_sdks_get_the_whole_answer() -> None:
    """OpenAI's gives the events as it finds them, Anthropic's leaves them out; their helpers add up the rest."""
    with intercept(Reply(SAID, fault=keep_alive(every=2))):
        openai, anthropic = OpenAI(max_retries=0), Anthropic(max_retries=0)
        kinds = [event.type for event in openai.responses.create(model="gpt-5.4", input="hi", stream=True)]
        assert kinds.count("keepalive") == (len(kinds) - 1) // 3
        with openai.responses.stream(model="gpt-5.4", input="hi") as stream:
            assert stream.get_final_response().output_text == SAID
        said: Any = [{"role": "user", "content": "hi"}]
        with anthropic.messages.stream(model="claude-opus-4-6", max_tokens=99, messages=said) as events:
            assert events.get_final_text() == SAID


def test_what_else_goes_wrong_is_what_goes_wrong_without_them() -> None:
    """An error within the stream has the next number; a break comes after as many events."""
    told = streamed(RESPONSES, keep_alive(), stream_error(after=3))
    assert [data(event)["sequence_number"] for event in told] == list(range(7))
    with intercept(Reply(SAID, fault=(disconnect(after=3), keep_alive()))), httpx.Client() as client:
        got = b""
        stream = client.stream("POST", RESPONSES, json=QUESTIONS[RESPONSES])
        with pytest.raises(httpx.RemoteProtocolError), stream as response:
            for chunk in response.iter_bytes():
                got += chunk
    assert got.count(b"event: response.") == 3


@pytest.mark.parametrize("url", [RESPONSES, MESSAGES])
@pytest.mark.parametrize("text", [None, "wait"])
def test_a_tape_keeps_them_where_they_came(url: str, text: str | None, tmp_path: Path) -> None:
    """The same bytes come in replay; an answer that is no stream has the text."""
    reply = Reply(SAID, fault=keep_alive(every=3, text=text))

    def ask(client: httpx.Client, is_streamed: bool) -> bytes:
        return client.post(url, json={**QUESTIONS[url], "stream": is_streamed}).content

    sent, streamed_again, whole = in_both_shapes(tmp_path, reply, ask, first=True)
    assert (b": wait\n" in sent) == (text is not None)
    assert (b"keepalive" in sent or sent.count(PING) > 1) == (text is None)
    assert streamed_again == sent
    assert SAID in json.dumps(json.loads(whole))
