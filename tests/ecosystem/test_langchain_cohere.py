"""langchain-cohere, unmodified: conversations of version 2, embeddings and ranks of version 1 and 2."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("langchain_cohere")

from langchain_cohere import ChatCohere, CohereEmbeddings, CohereRerank
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool

from llm_intercept import intercept, tool_call

# pydantic warns of the SDK's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The `parse_obj` method:DeprecationWarning"),
]
MODEL = "command-a-03-2025"


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"20 in {city}"


def test_two_calls_at_once_and_their_answers() -> None:
    """With a plan; whole and streamed."""
    calls = ["I will look.", tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")]
    with intercept() as llm:
        llm.on(tool="weather").reply(calls, "Warm", "Warm")
        model = ChatCohere(model=MODEL, cohere_api_key="none").bind_tools([weather])
        first = model.invoke("weather?")
        assert [call["args"] for call in first.tool_calls] == [{"city": "Rome"}, {"city": "Oslo"}]
        answers = [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in first.tool_calls]
        asked: list[Any] = [HumanMessage("weather?"), first, *answers]
        assert model.invoke(asked).content == "Warm"
        assert "".join(str(chunk.content) for chunk in model.stream(asked)) == "Warm"
    assert [one.name for one in llm.calls[-1].request.tool_results] == ["weather", "weather"]


def test_vectors_and_ranks() -> None:
    """Both are answered by default."""
    with intercept() as llm:
        assert len(CohereEmbeddings(model="embed-v4.0", cohere_api_key="none").embed_query("x")) == 1536
        ranked = CohereRerank(model="rerank-v3.5", cohere_api_key="none").rerank(["moon", "warm in Rome"], "Rome?")
        assert [one["index"] for one in ranked] == [1, 0]
    assert [call.request.api for call in llm.calls] == ["cohere.embed", "cohere.rerank"]
