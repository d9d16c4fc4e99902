"""Tests of app.py: `pytest examples/pytest_app`. No request leaves the machine."""

from pathlib import Path

import pytest
from app import answer, headline

from llm_intercept import Interceptor, api_error, tool_call

RULES = Path(__file__).with_name("rules.toml")


def test_an_order_is_looked_up_before_it_is_told(llm_mock: Interceptor) -> None:
    llm_mock.on("where is my order", tool="order_status", turn=1).reply(tool_call("order_status", order="A-17"))
    llm_mock.on(tool_result="order_status").reply(lambda request: f"It {request.last}.")
    assert answer("Where is my order A-17?") == "It left the warehouse this morning."
    assert [call.request.turn for call in llm_mock.calls] == [1, 2]


@pytest.mark.llm_intercept(rules=RULES)
def test_the_same_by_rules_in_a_file() -> None:
    assert answer("Where is my order A-17?") == "Your order left the warehouse this morning."


@pytest.mark.llm_intercept(rules=RULES)
def test_a_page_without_a_model_has_no_headline(llm_mock: Interceptor) -> None:
    assert headline("A long story.") == ""
    assert {call.status for call in llm_mock.calls} == {503}


def test_a_busy_model_is_asked_again(llm_mock: Interceptor) -> None:
    llm_mock.reply(api_error(429), "third time lucky")
    assert answer("Hello?") == "third time lucky"
    assert [call.attempt for call in llm_mock.calls] == [1, 2]


@pytest.mark.llm_intercept("Hello!")
def test_a_greeting_costs_one_call(llm_mock: Interceptor) -> None:
    llm_mock.budget(calls=1, tokens=200)
    assert answer("Hello?") == "Hello!"
