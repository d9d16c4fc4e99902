"""An SDK's object answers whichever API is asked: as it is its own, and said anew another."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import anthropic.types
import httpx
import ollama
import pytest
from cohere.core.unchecked_base_model import construct_type
from cohere.v2.types import V2ChatResponse
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from llm_intercept import InterceptTransport, Reply, disconnect, intercept, raw, tool_call
from llm_intercept.dialects import claimed_by
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.bodies import Chunk, answer_values, response_of
from tests.apis import APIS
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable


def many(kind: Any) -> Callable[[list[Any]], list[Any]]:
    adapter: Any = TypeAdapter(kind)
    return lambda events: [adapter.validate_python(one) for one in events]


MAKERS: dict[str, tuple[str, bool, Callable[[Any], Any]]] = {
    "ChatCompletion": ("openai.chat", False, lambda one: ChatCompletion.model_validate(one[0])),
    "chunks": ("openai.chat", True, many(ChatCompletionChunk)),
    "Response": ("openai.responses", False, lambda one: Response.model_validate(one[0])),
    "events of Responses": ("openai.responses", True, many(ResponseStreamEvent)),
    "Message": ("anthropic.messages", False, lambda one: anthropic.types.Message.model_validate(one[0])),
    "events of Messages": (
        "anthropic.messages",
        True,
        lambda one: many(anthropic.types.RawMessageStreamEvent)([event for event in one if event["type"] != "ping"]),
    ),
    "GenerateContentResponse": ("google.gemini", False, lambda one: GenerateContentResponse.model_validate(one[0])),
    "responses of Gemini": ("google.gemini", True, many(GenerateContentResponse)),
    "ChatResponse": ("ollama.chat", False, lambda one: ollama.ChatResponse.model_validate(one[0])),
    "V2ChatResponse": ("cohere.chat", False, lambda one: construct_type(type_=V2ChatResponse, object_=one[0])),
}
SAID = Reply("Let me see.", tool_call("weather", city="Rome"), usage={"input_tokens": 7, "output_tokens": 11})


def ask(reply: Any, api: str, *, stream: bool) -> list[Any]:
    """Ask an API, and give the JSON of its answer, or of its events."""
    whole, streamed, body = APIS[api]
    url = streamed if stream else whole
    asked = body if whole != streamed else {**body, "stream": stream}
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        answer = client.post(url, json=asked)
    assert answer.status_code == 200, answer.text
    return list(answer_values(response_of(200, dict(answer.headers), [Chunk(answer.content, 0.0)])))


def heard(values: list[Any], api: str) -> tuple[str, list[tuple[str, Any]], Any]:
    """Read what an answer says, whom it calls, and what it cost."""
    url = httpx.URL(APIS[api][0])
    dialect = claimed_by(WireRequest("POST", str(url), url.host, url.path, {}))
    assert dialect is not None
    (reply,) = dialect.recorded.replies(values)
    used = dialect.recorded.usage(values)
    calls = [(one.name, json.loads(one.arguments)) for one in reply.tool_calls]
    return reply.text, calls, used and (used.input_tokens, used.output_tokens)


@cache
def made(maker: str) -> Any:
    api, is_stream, make = MAKERS[maker]
    return make(ask(SAID, api, stream=is_stream))


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("maker", MAKERS)
def test_an_object_of_one_sdk_answers_every_api(maker: str, api: str, stream: bool) -> None:
    """What it says, calls and cost is said in the API that is asked; its own gets it as it is."""
    text, calls, used = heard(ask(made(maker), api, stream=stream), api)
    assert (text, calls) == ("Let me see.", [("weather", {"city": "Rome"})])
    assert used == (7, 11) or (stream and api == "openai.chat") or maker == "chunks"  # which have none unless asked


def test_its_own_api_gets_an_object_as_it_is() -> None:
    """Also with what no reply has."""
    completion = made("ChatCompletion").model_copy(update={"system_fingerprint": "fp_mine"})
    assert ask(completion, "openai.chat", stream=False)[0]["system_fingerprint"] == "fp_mine"
    given = ask(made("Message"), "bedrock.invoke", stream=False)[0]
    assert given["id"] == made("Message").id


def test_a_fault_goes_with_an_object() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(raw(made("ChatCompletion"), fault=disconnect(after=1)), "anthropic.messages", stream=True)


def test_a_ready_mapping_stays_what_it_is() -> None:
    """Nobody says whose it is; so does an object to which a status or headers are given."""
    body = made("ChatCompletion").model_dump(mode="json")
    assert ask(raw(body), "anthropic.messages", stream=False)[0]["object"] == "chat.completion"
    headers = {"x-mine": "1"}
    assert ask(raw(made("ChatCompletion"), headers=headers), "anthropic.messages", stream=False)[0]["object"]


def test_what_no_other_api_says_is_told_at_its_rule() -> None:
    odd = made("Response").model_copy(update={"output": []})
    wanted = r"Response of openai.responses cannot answer openai.chat"
    with pytest.raises(ReplyError, match=wanted) as told, intercept(odd), httpx.Client() as client:
        assert client.post(URL, json=chat()).status_code == 500
    assert "llm.on(api='openai.responses')" in str(told.value)
