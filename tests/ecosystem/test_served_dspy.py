"""dspy at `llm-intercept serve`: its own HTTP client, which no door in process reaches, is told of it by `api_base`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("dspy")

import dspy
from dspy.lm15 import FunctionTool, Message, Request
from dspy.utils.exceptions import ContextWindowExceededError
from served_talk import PARIS, PLACE

from llm_intercept.server import Client

MODELS = {
    "openai/gpt-4o": "{}/v1",
    "anthropic/claude-opus-4-6": "{}",
    "gemini/gemini-2.5-flash": "{}",
}


class Asked(dspy.Signature):
    """Say where it is how warm."""

    question: str = dspy.InputField()
    city: str = dspy.OutputField()
    degrees: int = dspy.OutputField()


@pytest.fixture(params=MODELS)
def lm(request: Any, served: str) -> Any:
    model = request.param
    made = dspy.LM(model, api_base=MODELS[model].format(served), api_key="none", cache=False, engine="lm15")
    with dspy.context(lm=made, adapter=dspy.JSONAdapter()):
        yield made


def test_a_text(lm: Any) -> None:
    assert lm("hello") == ["Hello, frog."]


def test_a_stream(lm: Any, served: str) -> None:
    """A program's one, of a field."""
    listener = dspy.streaming.StreamListener(signature_field_name="city")
    program = dspy.streamify(dspy.Predict(Asked), stream_listeners=[listener])

    async def read() -> list[Any]:
        return [one async for one in program(question="how many degrees?")]

    *pieces, last = asyncio.run(read())
    assert dict(last.items()) == PARIS
    assert pieces
    assert Client(served).calls(last=1)[0]["stream"] is True


def test_a_tools_round(lm: Any) -> None:
    tools = (FunctionTool("get_weather", "The weather.", PLACE),)
    asked = (Message.user("the weather?"),)
    called = lm(Request(model=lm.model, messages=asked, tools=tools)).message
    (call,) = called.parts
    assert (call.name, call.input) == ("get_weather", {"city": "Paris"})
    answered = (*asked, called, Message.tool(call.id, "sunny"))
    assert lm(Request(model=lm.model, messages=answered, tools=tools)).text == "It is sunny in Paris."


def test_a_structured_output(lm: Any) -> None:
    assert dict(dspy.Predict(Asked)(question="how many degrees?").items()) == PARIS


def test_an_error_is_retried(lm: Any, served: str) -> None:
    """But Anthropic's, whose advice to ask for less dspy 3.4 takes for a conversation that is too long."""
    Client(served).reset()  # the script, of which another model may have had the error
    if lm.model.startswith("anthropic"):
        with pytest.raises(ContextWindowExceededError, match="rate limit"):
            lm("busy?")
        return
    assert lm("busy?") == ["Here I am."]
    assert [call["status"] for call in Client(served).calls(last=2)] == [429, 200]
