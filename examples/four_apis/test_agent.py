"""The same tests for four APIs, by the same rules: `pytest examples/four_apis`. No request leaves the machine."""

from pathlib import Path

import pytest
from agent import Api, ask

from llm_intercept import Interceptor, api_error

RULES = Path(__file__).with_name("rules.toml")
every_api = pytest.mark.parametrize("api", ["chat", "responses", "anthropic", "gemini"])


@every_api
@pytest.mark.llm_intercept(rules=RULES)
def test_two_cities_are_measured_at_once(llm_mock: Interceptor, api: Api) -> None:
    assert ask("Is it warmer in Paris or in Rome?", api) == "It is warmer in Rome."
    measured = [result.text for result in llm_mock.calls[1].request.tool_results]
    assert measured == ["21 degrees in Paris", "27 degrees in Rome"]


@every_api
def test_an_api_that_fails_is_asked_again(llm_mock: Interceptor, api: Api) -> None:
    llm_mock.on("hello").reply(api_error(503), "Hello!")
    assert ask("Oh, hello.", api) == "Hello!"
    assert [call.status for call in llm_mock.calls] == [503, 200]
