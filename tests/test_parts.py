"""A reply is a sequence of parts, in the order given; what already is an answer is taken for what it is."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from llm_intercept import LLMRequest, Reply, intercept, reasoning, refusal, structured, tool_call
from llm_intercept.dialects import OPAQUE
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.model import Citation, Media, Message, Reasoning, Text, ToolCall, ToolResult, Usage
from llm_intercept.replies.kinds import prepare
from tests.support import URL, chat

PARTS = st.one_of(
    st.text(min_size=1, max_size=9),
    st.builds(tool_call, st.sampled_from(["f", "g"])),
    st.builds(reasoning, st.text(min_size=1, max_size=9)),
)


def completion(**more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Ready.", "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-own", "object": "chat.completion", "created": 1, "model": "gpt-own", "choices": [choice], **more
    }  # fmt: skip


def chunks(*texts: str) -> list[ChatCompletionChunk]:
    head = {"id": "chatcmpl-own", "object": "chat.completion.chunk", "created": 1, "model": "gpt-own"}
    made = [{"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts]
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [ChatCompletionChunk.model_validate({**head, "choices": [one]}) for one in (*made, last)]


@given(st.lists(PARTS, min_size=1, max_size=6).filter(lambda parts: {type(one) for one in parts} != {str}))
def test_a_list_and_a_reply_of_the_same_parts_are_the_same_in_the_order_given(parts: list[Any]) -> None:
    given_parts = [Text(one) if isinstance(one, str) else one for one in parts]
    made = prepare(parts)
    assert isinstance(made, Reply)
    assert list(made.parts) == given_parts
    assert made == Reply(*parts)


def test_keywords_make_parts() -> None:
    """Thoughts come first, calls last."""
    made = Reply("Text.", reasoning="Hm.", tool_calls=[tool_call("f")], annotations=[Citation("https://a.test")])
    assert [type(part) for part in made.parts] == [Reasoning, Text, Citation, ToolCall]
    assert (made.text, made.reasoning, made.tool_calls) == ("Text.", "Hm.", (tool_call("f"),))


def test_requests_and_replies_share_their_parts() -> None:
    """What a model answered is read back from the next request as the parts it was given as."""
    call = tool_call("f", a=1, id="call_1")
    said = {"role": "assistant", "content": "Let me see.", "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]}  # fmt: skip
    with intercept("ok") as llm:
        httpx.post(URL, json={**chat(), "messages": [said, {"role": "tool", "tool_call_id": "call_1", "content": "4"}]})
    assert llm.calls[0].request.messages[0].parts == Reply("Let me see.", call).parts


def test_media_of_a_request_are_parts() -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
    ]
    with intercept("ok") as llm:
        httpx.post(URL, json={**chat(), "messages": [{"role": "user", "content": content}]})
    _, image, sound = llm.calls[0].request.messages[0].parts
    assert (image, sound) == (Media("image", "AAAA", mime="image/png"), Media("audio", "BBBB"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "given_answer",
    [
        ChatCompletion.model_validate(completion()),
        ChatCompletion.model_validate(completion()).choices[0].message,
        chunks("Rea", "dy."),
        httpx.Response(200, json=completion()),
        httpx2.Response(200, json=completion()),
    ],
    ids=["completion", "message", "chunks", "httpx", "httpx2"],
)
def test_what_is_an_answer_is_taken_for_what_it_is(given_answer: Any, stream: bool) -> None:
    """The SDK's objects and HTTP responses are no text; they answer a request for JSON and for a stream."""
    with intercept(given_answer):
        answer: Any = OpenAI(api_key="none").chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=stream
        )
        if stream:
            said = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        else:
            said = answer.choices[0].message.content
    assert said == "Ready."


def test_a_response_keeps_its_status_and_its_own_headers() -> None:
    response = httpx.Response(418, json={"error": {"message": "tea"}}, headers={"x-own": "1", "server": "theirs"})
    with intercept(response):
        got = httpx.post(URL, json=chat())
    assert (got.status_code, got.headers["x-own"], got.json()) == (418, "1", {"error": {"message": "tea"}})
    assert got.headers["server"] != "theirs"  # of the connection it came by


def test_a_pydantic_instance_of_the_users_own_is_json_text() -> None:
    usage = structured({"a": 1})
    assert prepare(usage).text == '{"a":1}'


def test_a_misspelt_argument_of_a_reply_says_which_was_meant() -> None:
    with pytest.raises(ReplyError, match=r"Reply\(tool_cals=…\).*Did you mean 'tool_calls'\?"):
        Reply("a", tool_cals=[])
    with pytest.raises(ReplyError, match=r"there is no 'input_token'\. Its names are input_tokens \(what was asked\)"):
        Reply("a", usage={"input_token": 1})
    with pytest.raises(SettingsError, match=r"Usage\(output_tokens\)=-1"):
        Usage(output_tokens=-1)


def test_what_tools_answer_is_not_what_the_user_said() -> None:
    """Also where an API brings the answers of tools in a message of the user's."""
    talk = (
        Message(role="user", parts=(Text("The weather?"),)),
        Message(role="assistant", parts=(tool_call("f", id="1"),)),
        Message(role="user", parts=(ToolResult("sunny", "1"),)),
    )
    request = LLMRequest(messages=talk)
    assert (request.last_user, request.last) == ("The weather?", "sunny")
    assert request.tool_results == (ToolResult("sunny", "1", "f"),)
    both = LLMRequest(messages=(*talk, Message(role="user", parts=(ToolResult("rain", "2"), Text("And now?")))))
    assert both.last_user == "And now?"


def test_a_refusal_is_no_text() -> None:
    with pytest.raises(ReplyError, match="a refusal and an answer"):
        prepare(["Well,", refusal("no")])


@pytest.mark.parametrize(
    ("values", "usage"),
    [
        (
            [{"type": "response.completed", "response": {"usage": {
                "input_tokens": 9, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 3}}}}],
            Usage(9, 4, reasoning_tokens=3),
        ),
        ([{"answer": 42}], None),
    ],
    ids=["Responses' stream", "none"],
)  # fmt: skip
def test_usage_of_other_apis_takes_is_read(values: list[Any], usage: Usage | None) -> None:
    """Wherever the APIs without a dialect report it, also in several events."""
    assert OPAQUE.recorded.usage(values) == usage


@pytest.mark.parametrize("word", ["pause_turn", "refusal", "SAFETY"])
def test_the_word_of_another_api_for_the_end_is_an_error_that_lists_the_words_of_the_one_that_is_asked(word):
    """A reply may have the word of any API; whoever is asked knows whether it is one of its own."""
    words = rf"finish_reason='{word}', which chat completions cannot say.*'stop'"
    with pytest.raises(ReplyError, match=words), intercept(Reply("x", finish_reason=word)):
        httpx.post(URL, json=chat("hello"))


def test_a_neutral_word_for_the_end_that_is_misspelt_is_an_error_at_once():
    """It is no API's own."""
    with pytest.raises(ReplyError, match="lenght"):
        Reply("x", finish_reason="lenght")
