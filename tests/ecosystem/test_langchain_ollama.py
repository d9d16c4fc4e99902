"""langchain-ollama, unmodified: it asks Ollama's own API by Ollama's SDK."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_ollama")

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_ollama import ChatOllama, OllamaEmbeddings
from pydantic import BaseModel

from llm_intercept import Reply, auto, intercept, reasoning, tool_call


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"20 in {city}"


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


def test_two_calls_at_once_and_their_answers() -> None:
    """Whole and streamed; the names of the tools come back with their answers."""
    with intercept() as llm:
        llm.on(tool="weather").reply(
            [tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Warm", "Warm"
        )
        model = ChatOllama(model="llama3.2").bind_tools([weather])
        first = model.invoke("weather?")
        assert [call["args"] for call in first.tool_calls] == [{"city": "Rome"}, {"city": "Oslo"}]
        answers = [
            ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"], name="weather")
            for call in first.tool_calls
        ]
        asked: list[Any] = [HumanMessage("weather?"), first, *answers]
        assert model.invoke(asked).content == "Warm"
        assert "".join(str(chunk.content) for chunk in model.stream(asked)) == "Warm"
    assert [one.text for one in llm.calls[-1].request.tool_results] == ["20 in Rome", "20 in Oslo"]
    assert [call.request.turn for call in llm.calls] == [1, 2, 2]


def test_structured_output_thoughts_and_vectors() -> None:
    """`format` has the schema; thoughts are apart; embeddings are answered by default."""
    with intercept(auto()):
        made = ChatOllama(model="llama3.2").with_structured_output(Person).invoke("who?")
        assert isinstance(made, Person)
        assert len(OllamaEmbeddings(model="nomic-embed-text").embed_query("x")) == 768
    with intercept(Reply(reasoning("Hm."), "Yes")):
        answer = ChatOllama(model="qwen3", reasoning=True).invoke("think")
    assert (answer.content, answer.additional_kwargs["reasoning_content"]) == ("Yes", "Hm.")
