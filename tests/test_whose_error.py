"""Who raised: what a user computes, a tokenizer, the network that a user simulates, or llm-intercept itself."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import LLMInterceptError, Reply, intercept
from llm_intercept.dialects.openai_chat.dialect import OpenAIChat
from llm_intercept.errors import AnswerError, ReplyError, ReplyFunctionError, TokenizerError
from llm_intercept.replies import computed as computed_streams

if TYPE_CHECKING:
    from collections.abc import Iterator

APIS = ("chat", "responses", "messages")


def computed(*given: object) -> Iterator[str]:
    """Give deltas, and raise the exceptions among them."""
    for one in given:
        if isinstance(one, BaseException):
            raise one
        yield one  # type: ignore[misc]


@pytest.mark.parametrize("how", ["a function", "an iterator"])
def test_deltas_that_fail_as_the_network_does_fail_the_request_in_either_shape(case, how):
    """A stream breaks where it is read, and JSON has nothing to give; neither is a mistake of anybody's."""
    error = case.module.ReadError("boom")
    given: Any = (lambda _: computed("one ", error)) if how == "a function" else computed("one ", error)
    with intercept() as llm:
        llm.reply(given)
        with pytest.raises(case.module.ReadError, match="boom"):
            case.post()
    assert llm.calls[0].error is error


@pytest.mark.parametrize("given", [LookupError("mine"), 7])
def test_deltas_that_are_broken_are_the_users_mistake(case, given):
    """What they raise, or a delta that is no str; the error names the rule."""
    kind = ReplyFunctionError if isinstance(given, LookupError) else ReplyError
    with pytest.raises(kind, match=r"mine|Delta 1 of a reply is 7") as caught, intercept() as llm:
        llm.on("hi").reply(lambda _: computed("one ", given))
        try:
            assert case.post().status_code == 500
        except (LookupError, LLMInterceptError):
            assert case.stream
    assert "test_whose_error.py" in str(caught.value)


def test_deltas_are_read_once_for_json_with_all_a_reply_has(case):
    """The rest of the reply stays as it is."""
    with intercept() as llm:
        llm.reply(lambda _: Reply(deltas=computed("one ", "two"), finish_reason="length", model="mine"))
        response = case.post()
    assert case.text(response) == "one two"
    word = {"chat": "length", "responses": "max_output_tokens", "messages": "max_tokens"}[case.api]
    assert f'"{word}"' in response.text
    assert '"mine"' in response.text


def test_deltas_for_a_forced_call_that_fail_are_the_users_mistake_in_either_shape(case):
    """They are the call's arguments, so they are read before the first byte is sent."""
    described = {"name": "f", "parameters": {"type": "object"}}
    tools: list[Any] = [{"type": "function", **(described if case.api == "responses" else {"function": described})}]
    choice: Any = "required"
    if case.api == "messages":
        tools, choice = [{"name": "f", "input_schema": {"type": "object"}}], {"type": "any"}
    with pytest.raises(ReplyFunctionError, match="mine"), intercept() as llm:
        llm.reply(lambda _: computed('{"a":', LookupError("mine")))
        assert case.post(tools=tools, tool_choice=choice).status_code == 500


def test_deltas_without_an_end_answer_no_request_for_json(make_case, family, monkeypatch):
    """The generator is stopped, and the error says why, at the rule."""
    monkeypatch.setattr(computed_streams, "MOST", 100)
    case = make_case(family, False, False)
    with pytest.raises(ReplyError, match=r"(?s)more than 100 deltas.*test_whose_error\.py"), intercept() as llm:
        llm.reply(lambda _: itertools.repeat("a"))
        assert case.post().status_code == 500


def test_a_tokenizers_error_is_told_as_its_own(case):
    """Not as a rule's."""

    class Broken:
        def split(self, text: str, model: str) -> Any:
            raise ConnectionError("no vocabulary")

    with (
        pytest.raises(TokenizerError, match="The tokenizer Broken raised ConnectionError: no vocabulary"),
        intercept("hi", tokenizer=Broken()),
    ):
        try:
            assert case.post().status_code == 500
        except TokenizerError:
            assert case.stream


def test_a_mistake_of_our_own_is_told_as_one(make_case, family, monkeypatch):
    """It says what to do meanwhile, and blames nobody's function."""

    def respond(*_: Any) -> Any:
        raise KeyError("ours")

    monkeypatch.setattr(OpenAIChat, "respond", respond)
    with pytest.raises(AnswerError, match=r"The answer of intercept\('hi'\).*KeyError.*raw\(…\)"), intercept("hi"):
        assert make_case(family, False, False).post().status_code == 500
