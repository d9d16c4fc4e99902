"""The same tests for both APIs, by the same rules: `pytest examples/two_apis`. No request leaves the machine."""

import pytest
from agent import Api, ask

from llm_intercept import Interceptor, disconnect, reasoning, tool_call

both = pytest.mark.parametrize("api", ["chat", "responses"])


@both
def test_two_cities_are_measured_at_once(llm_mock: Interceptor, api: Api) -> None:
    paris, rome = tool_call("temperature", city="Paris"), tool_call("temperature", city="Rome")
    llm_mock.on("warmer", system="weather", turn=1).reply([reasoning("Both, then."), paris, rome])
    llm_mock.on(tool_result="temperature", turn=2).reply(lambda request: f"Rome: {request.last}.")
    assert ask("Is it warmer in Paris or in Rome?", api) == "Rome: 27 degrees in Rome."
    assert [result.text for result in llm_mock.calls[1].request.tool_results] == [
        "21 degrees in Paris",
        "27 degrees in Rome",
    ]


@both
def test_a_connection_that_breaks_is_tried_again(llm_mock: Interceptor, api: Api) -> None:
    llm_mock.on("hello").reply(disconnect(), "Hello!")
    assert ask("Oh, hello.", api) == "Hello!"
    assert [call.attempt for call in llm_mock.calls] == [1, 2]
