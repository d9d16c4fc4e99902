"""`completion` and `acompletion`, and litellm's mock parameters wherever they are found."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import httpx2
import openai
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from llm_intercept import (
    LLMInterceptError,
    Reply,
    acompletion,
    api_error,
    auto,
    completion,
    intercept,
    refusal,
    tool_call,
    wrap,
)
from llm_intercept.errors import MockedError, ReplyError, SchemaError, SettingsError
from llm_intercept.replies.mock_params import STATUS
from tests.conftest import events
from tests.loopback import QuietHandler, listening
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.conftest import Case

MESSAGES = [{"role": "user", "content": "weather?"}]
TEXT = "It's simple to use — даже так 🙂"
# Python's own line ends, which are none in an event stream, and text that looks like one.
ODD = "a\u2028b\u0085c\x0bd\x1ce\r\nf\rg\n\ndata: [DONE]\n\nh"

# Every public exception of litellm 1.106 that a completion can end with, and its status.
LITELLM = {
    "APIConnectionError": 500,
    "APIError": 500,
    "APIResponseValidationError": 500,
    "AuthenticationError": 401,
    "BadGatewayError": 502,
    "BadRequestError": 400,
    "BudgetExceededError": 429,
    "ContentPolicyViolationError": 400,
    "ContextWindowExceededError": 400,
    "ImageFetchError": 400,
    "InternalServerError": 500,
    "InvalidRequestError": 400,
    "JSONSchemaValidationError": 500,
    "LiteLLMUnknownProvider": 400,
    "MockException": 500,
    "NotFoundError": 404,
    "OpenAIError": 500,
    "PaymentRequiredError": 402,
    "PermissionDeniedError": 403,
    "RateLimitError": 429,
    "ServiceUnavailableError": 503,
    "Timeout": 408,
    "UnprocessableEntityError": 422,
    "UnsupportedParamsError": 400,
}
UNKNOWN = [
    "litellm.Nope",
    "litellm.",
    "litellm.ratelimiterror",
    "litellm.RateLimitError ",
    "litellm.exceptions.Timeout",
]


class Ask:
    """Calls `completion` or `acompletion`, as JSON or as a stream, and reads the answer."""

    def __init__(self, is_async: bool, stream: bool) -> None:
        self.is_async, self.stream = is_async, stream

    def __call__(self, **params: Any) -> Any:
        """The completion, or the list of chunks."""
        params = {"model": "gpt-4o", "messages": MESSAGES, **params}
        if self.stream:
            params["stream"] = True

        async def run() -> Any:
            answer = await acompletion(**params)
            return [chunk async for chunk in answer] if self.stream else answer

        if self.is_async:
            return asyncio.run(run())
        answer = completion(**params)
        return list(answer) if self.stream else answer

    def text(self, **params: Any) -> str:
        """The first choice's text."""
        return self.texts(**params)[0]

    def texts(self, **params: Any) -> list[str]:
        """The texts of all choices, by index."""
        answer = self(**params)
        if not self.stream:
            return [choice.message.content for choice in answer.choices]
        found: dict[int, str] = {}
        for choice in (choice for chunk in answer for choice in chunk.choices):
            found[choice.index] = found.get(choice.index, "") + (choice.delta.content or "")
        return [found[index] for index in sorted(found)]

    def whole(self, **params: Any) -> ChatCompletion:
        """The answer as the SDK's completion; a stream's chunks are added up by the SDK."""
        answer = self(**params)
        if not self.stream:
            return ChatCompletion.model_validate(answer)
        state: Any = ChatCompletionStreamState()
        for chunk in answer:
            state.handle_chunk(ChatCompletionChunk.model_validate(without_filled(chunk)))
        return whole_of(state)


def whole_of(state: Any) -> ChatCompletion:
    """What was accumulated; `get_final_completion` refuses text that was cut."""
    return ChatCompletion.model_validate(state.current_completion_snapshot.model_dump())


def without_filled(chunk: Any) -> dict[str, Any]:
    """A chunk without the nulls that are filled in so that every chunk reads alike."""
    plain = chunk.model_dump()
    for choice in plain["choices"]:
        choice["delta"] = {key: value for key, value in choice["delta"].items() if value is not None}
    return plain


@pytest.fixture
def ask(is_async: bool, stream: bool) -> Ask:
    """Every way to call: sync and async, JSON and stream."""
    return Ask(is_async, stream)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds slept, by whatever clock; none of them passes."""
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(anyio, "sleep", asleep)
    monkeypatch.setattr(asyncio, "sleep", asleep)
    return slept


# --- mock_response ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, "", " ", ODD, "x" * 5_000])
def test_a_text_is_the_answer(ask: Ask, text: str) -> None:
    """`mock_response="…"` answers with this text to the letter, an empty one too."""
    assert ask.text(mock_response=text) == text


def test_the_answer_is_a_completion(ask: Ask) -> None:
    """The mock's answer is a whole completion: the SDK's models take it, with role, model, finish reason and usage."""
    answer = ask.whole(mock_response=TEXT, stream_options={"include_usage": True})
    assert answer.model == "gpt-4o-2024-08-06"
    assert (answer.choices[0].message.role, answer.choices[0].finish_reason) == ("assistant", "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_json_and_stream_of_one_question_agree(is_async: bool) -> None:
    """Id, model, time and text are the same, asked as JSON or as a stream."""
    whole, streamed = (Ask(is_async, stream).whole(mock_response=TEXT) for stream in (False, True))
    for name in ("id", "model", "created", "system_fingerprint"):
        assert getattr(whole, name) == getattr(streamed, name)
    assert whole.choices[0].message.content == streamed.choices[0].message.content == TEXT


def test_nothing_is_sent(ask: Ask) -> None:
    """With a mock parameter an active interceptor sees nothing, and no base URL is asked."""
    with intercept("the active one") as llm:
        assert ask.text(mock_response="the mock", base_url="http://localhost:1/v1") == "the mock"
    assert llm.calls == []


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        (tool_call("f", a=1), lambda message: message.tool_calls[0].function.arguments == '{"a":1}'),
        (refusal("no"), lambda message: (message.content, message.refusal) == (None, "no")),
        (Reply("text", reasoning="thought"), lambda message: message.content == "text"),
        ((part for part in ("a", "b")), lambda message: message.content == "ab"),
        (lambda request: f"{request.last_user} yes", lambda message: message.content == "weather? yes"),
        (("Let me see.", tool_call("f")), lambda message: message.content == "Let me see." and message.tool_calls),
    ],
    ids=["tool_call", "refusal", "Reply", "iterator", "function", "turn"],
)
def test_every_kind_of_reply_is_a_mock_response(reply: Any, read: Callable[[Any], bool]) -> None:
    """What a rule can answer with, `mock_response` takes too."""
    assert read(Ask(False, False).whole(mock_response=reply).choices[0].message)


def test_a_list_is_one_answer_in_pieces(ask: Ask) -> None:
    """A list of texts is the deltas of one answer, the same at each call: nothing is kept between two."""
    pieces = ["one ", "", "three"]
    for _ in range(2):
        assert ask.text(mock_response=pieces) == "one three"


@pytest.mark.parametrize("several", [["a", {"choices": []}], [ValueError("own"), "a"], ["litellm.RateLimitError", "a"]])
def test_a_list_of_answers_is_refused(ask: Ask, several: list[Any]) -> None:
    """A list that holds whole answers is refused, and the message says how to give one a call."""
    with pytest.raises(ReplyError, match=r"a list is one answer.*llm\.reply\(first, second\)"):
        ask(mock_response=several)


def test_an_empty_list_is_an_error(ask: Ask) -> None:
    """A list without a piece says so."""
    with pytest.raises(ReplyError, match="mock_response is an empty list"):
        ask(mock_response=[])


def choice(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    return {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", **more}


COMPLETION = {
    "id": "chatcmpl-own",
    "object": "chat.completion",
    "created": 7,
    "model": "own-model",
    "choices": [choice("one"), choice("two", index=1)],
    "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11},
    "service_tier": "default",
    "system_fingerprint": None,
}


def test_a_mapping_is_the_completion(ask: Ask) -> None:
    """A completion given as a mapping is answered with its ids, model, choices and usage, as JSON and as a stream."""
    answer = ask.whole(mock_response=COMPLETION, stream_options={"include_usage": True})
    assert (answer.id, answer.created, answer.model) == ("chatcmpl-own", 7, "own-model")
    assert [one.message.content for one in answer.choices] == ["one", "two"]
    assert answer.usage is not None
    assert answer.usage.total_tokens == 11


def test_the_mapping_is_left_as_it_was(ask: Ask) -> None:
    """Answering with a mapping, and changing the answer, leaves the mapping alone."""
    before = copy.deepcopy(COMPLETION)
    answer = ask(mock_response=COMPLETION)
    (answer[0] if ask.stream else answer).choices[0]["index"] = 99
    assert before == COMPLETION


def test_a_completion_given_back_is_the_same(is_async: bool) -> None:
    """What `completion` returned is a mapping like any other."""
    first = completion("gpt-4o", MESSAGES, mock_response=TEXT)
    assert Ask(is_async, False)(mock_response=first) == first
    assert Ask(is_async, True).text(mock_response=first) == TEXT


def test_a_mapping_with_the_bare_minimum_is_a_completion(ask: Ask) -> None:
    """Of a mapping only the text is needed; its message is the assistant's all the same."""
    answer = ask(mock_response={"choices": [{"message": {"content": "hi"}}]})
    first = (answer[0] if ask.stream else answer).choices[0]
    assert ask.text(mock_response={"choices": [{"message": {"content": "hi"}}]}) == "hi"
    assert (first.delta if ask.stream else first.message).role == "assistant"


def test_a_mapping_without_choices_is_an_error(ask: Ask) -> None:
    """A mapping that is no completion is refused, and the message shows one that is."""
    with pytest.raises(ReplyError, match=r"without 'choices': \{'content': 'hi'\}.*\"choices\""):
        ask(mock_response={"content": "hi"})


class OwnApiError(Exception):
    """An API error as SDKs have them."""

    status_code = 429


@pytest.mark.parametrize("error", [OwnApiError("own"), MockedError("own"), KeyboardInterrupt()])
def test_an_api_error_is_raised_as_it_is(ask: Ask, error: BaseException) -> None:
    """An exception that has a status is raised: this very one; so is what is no Exception."""
    with pytest.raises(type(error)) as raised:
        ask(mock_response=error)
    assert raised.value is error


@pytest.mark.parametrize("error", [ValueError("boom"), KeyError("boom"), httpx.ReadTimeout("boom")])
def test_another_exception_is_an_internal_server_error(ask: Ask, error: Exception) -> None:
    """Any other exception is told in an InternalServerError with status 500, as by litellm, and is its cause."""
    with pytest.raises(MockedError, match="boom") as raised:
        ask(mock_response=error)
    assert (type(raised.value).__name__, raised.value.status_code) == ("InternalServerError", 500)
    assert raised.value.__cause__ is error


def test_an_exception_class_is_raised(ask: Ask) -> None:
    """An exception class is raised as one of it."""
    with pytest.raises(MockedError) as raised:
        ask(mock_response=ZeroDivisionError)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("name", LITELLM)
def test_every_name_of_litellms_is_raised(name: str, is_async: bool) -> None:
    """`"litellm.<Error>"` raises an error of this name, with litellm's attributes and status."""
    with pytest.raises(MockedError) as raised:
        Ask(is_async, False)(mock_response=f"litellm.{name}")
    error = raised.value
    assert type(error).__name__ == name
    assert (error.status_code, error.model, error.llm_provider) == (LITELLM[name], "gpt-4o", "openai")
    assert name in error.message
    assert str(error) == f"litellm.{name}: {error.message}"
    assert isinstance(error, LLMInterceptError)


@pytest.mark.parametrize("name", ["RateLimitError", "ContextWindowExceededError", "InternalServerError"])
def test_a_name_is_raised_in_a_stream_too(name: str, is_async: bool) -> None:
    """With `stream=True` the error is raised by the call, before the first chunk."""
    with pytest.raises(MockedError, match=name):
        Ask(is_async, True)(mock_response=f"litellm.{name}")


def test_errors_of_one_name_are_of_one_class() -> None:
    """Two errors of one name can be caught by one `except type(first)`."""
    kinds = set()
    for _ in range(2):
        with pytest.raises(MockedError) as raised:
            completion("gpt-4o", MESSAGES, mock_response="litellm.RateLimitError")
        kinds.add(type(raised.value))
    assert len(kinds) == 1


def test_the_names_known_here_are_litellms() -> None:
    """The table of names misses none that litellm has."""
    assert set(LITELLM) <= set(STATUS)
    assert {name: STATUS[name] for name in LITELLM} == LITELLM


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_name_is_an_error_never_text(ask: Ask, name: str) -> None:
    """A name litellm does not have is refused, with the names it has."""
    with pytest.raises(SettingsError) as raised:
        ask(mock_response=name)
    assert repr(name) in str(raised.value)
    assert all(f"'litellm.{one}'" in str(raised.value) for one in LITELLM)


@pytest.mark.parametrize("text", ["litellm", "litellm is a library", "Litellm.RateLimitError", " litellm.Timeout"])
def test_text_that_only_looks_like_a_name_is_text(ask: Ask, text: str) -> None:
    """Only what begins with `litellm.` is a name."""
    assert ask.text(mock_response=text) == text


@pytest.mark.parametrize("value", [7, 1.5, True, b"bytes", {1, 2}, object()])
def test_what_cannot_be_a_reply_is_an_error(ask: Ask, value: Any) -> None:
    """Any other value is refused, by name and type."""
    with pytest.raises(ReplyError, match=r"mock_response") as raised:
        ask(mock_response=value)
    assert repr(value)[:20] in str(raised.value)


def test_a_mocks_own_fault_is_not_disguised_as_the_apis(ask: Ask) -> None:
    """A reply function that fails, or a schema without an instance, ends the call with that error."""

    def broken(request: Any) -> str:
        return request.nonsense

    with pytest.raises(LLMInterceptError, match="nonsense") as raised:
        ask(mock_response=broken)
    assert not isinstance(raised.value, MockedError)
    format_ = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "strange"}}}
    with pytest.raises(SchemaError, match="strange"):
        ask(mock_response=auto(), response_format=format_)


# --- mock_tool_calls -------------------------------------------------------------------------------------------------

CALL = {"id": "call_own", "type": "function", "function": {"name": "f", "arguments": '{ "a":1 }'}}


def test_mock_tool_calls_are_the_answer(ask: Ask) -> None:
    """The calls come as the API writes them, finish `tool_calls`; a call without an id is given one."""
    second = {"type": "function", "function": {"name": "g", "arguments": "{}"}}
    answer = ask.whole(mock_tool_calls=[CALL, second]).choices[0]
    assert answer.finish_reason == "tool_calls"
    calls = answer.message.tool_calls
    assert calls is not None
    assert [(call.type, call.function.name, call.function.arguments) for call in calls] == [
        ("function", "f", '{ "a":1 }'),
        ("function", "g", "{}"),
    ]
    assert calls[0].id == "call_own"
    assert calls[1].id.startswith("call_")
    assert len(calls[1].id) == 29
    assert answer.message.content is None


def test_what_a_fragment_does_not_say_is_none(is_async: bool) -> None:
    """The usual loop over a stream reads id, type and name of every fragment, as of litellm's own objects."""
    fragments = [
        (call.id, call.type, call.function.name, call.function.arguments)
        for chunk in Ask(is_async, True)(mock_tool_calls=[CALL])
        for call in chunk.choices[0].delta.tool_calls or ()
    ]
    assert fragments[0] == ("call_own", "function", "f", "")
    assert {one[:3] for one in fragments[1:]} == {(None, "function", None)}
    assert "".join(one[3] for one in fragments) == CALL["function"]["arguments"]


def test_mock_tool_calls_are_streamed_in_fragments(is_async: bool) -> None:
    """In a stream each call has its header with the id once, then its arguments in pieces."""
    arguments = json.dumps({"city": "Paris", "days": list(range(9))})
    chunks = Ask(is_async, True)(mock_tool_calls=[CALL, {"function": {"name": "g", "arguments": arguments}}])
    deltas = [call for chunk in chunks for one in chunk.choices for call in one.delta.tool_calls or ()]
    assert {delta.index for delta in deltas} == {0, 1}
    assert [delta.id for delta in deltas if delta.id][:1] == ["call_own"]
    assert len([delta for delta in deltas if delta.id]) == 2
    assert len([delta for delta in deltas if delta.index == 1]) > 3
    assert "".join(delta.function.arguments for delta in deltas if delta.index == 1) == arguments
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_mock_tool_calls_may_have_text_beside_them(ask: Ask) -> None:
    """With `mock_response` too, the turn has both."""
    answer = ask.whole(mock_response="Let me see.", mock_tool_calls=[CALL]).choices[0]
    assert (answer.message.content, answer.finish_reason) == ("Let me see.", "tool_calls")
    assert answer.message.tool_calls[0].id == "call_own"


def test_mock_tool_calls_may_be_made_with_tool_call(ask: Ask) -> None:
    """`tool_call(…)` is taken where the API's own form is."""
    answer = ask.whole(mock_tool_calls=[tool_call("f", city="Paris")]).choices[0]
    assert answer.message.tool_calls[0].function.arguments == '{"city":"Paris"}'


def test_arguments_given_as_a_mapping_are_json_or_refused(ask: Ask) -> None:
    """Arguments that are a mapping instead of JSON text never become something that is not JSON."""
    calls = [{"id": "call_own", "type": "function", "function": {"name": "f", "arguments": {"a": True}}}]
    try:
        answer = ask.whole(mock_tool_calls=calls)
    except ReplyError:
        return
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == {"a": True}


@pytest.mark.parametrize(
    "calls",
    [
        "f",
        CALL,
        7,
        ["f"],
        [{"name": "f", "arguments": "{}"}],
        [{"type": "function", "function": {"arguments": "{}"}}],
        [{"type": "function", "function": {"name": "", "arguments": "{}"}}],
        [{"id": "", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        [{"id": 5, "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        [None],
    ],
    ids=repr,
)
def test_calls_that_are_none_are_an_error(ask: Ask, calls: Any) -> None:
    """What is no list of calls is refused, and the message shows what is one."""
    with pytest.raises(ReplyError, match=r"mock_tool_calls|tool_call"):
        ask(mock_tool_calls=calls)


# --- mock_delay and mock_timeout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [2.5, 3])
def test_mock_delay_waits_before_the_answer(ask: Ask, sleeps: list[float], seconds: float) -> None:
    """`mock_delay` waits so many seconds, once, before the answer."""
    assert ask.text(mock_response="hi", mock_delay=seconds) == "hi"
    assert sleeps == [seconds]


@pytest.mark.parametrize("seconds", [0, None])
def test_without_a_delay_nothing_waits(ask: Ask, sleeps: list[float], seconds: float | None) -> None:
    """No delay, no sleep."""
    assert ask.text(mock_response="hi", mock_delay=seconds) == "hi"
    assert sleeps == []


@pytest.mark.parametrize("value", [-1, "soon", float("nan"), [1]])
def test_a_delay_that_is_none_is_an_error(ask: Ask, value: Any, sleeps: list[float]) -> None:
    """A delay that is no number of seconds is refused before anything waits."""
    with pytest.raises(SettingsError, match="mock_delay="):
        ask(mock_response="hi", mock_delay=value)
    assert sleeps == []


def test_mock_timeout_is_raised_and_not_slept(ask: Ask, sleeps: list[float]) -> None:
    """`mock_timeout=True` raises `Timeout` at once, whatever timeout, delay and reply are given."""
    with pytest.raises(MockedError) as raised:
        ask(mock_timeout=True, timeout=600, mock_delay=60, mock_response="hi")
    assert (type(raised.value).__name__, raised.value.status_code) == ("Timeout", 408)
    assert sleeps == []


def test_mock_timeout_false_is_no_mock(ask: Ask) -> None:
    """`mock_timeout=False` asks for nothing."""
    assert ask.text(mock_timeout=False, mock_response="hi") == "hi"
    with intercept("the active one") as llm:
        assert ask.text(mock_timeout=False) == "the active one"
    assert "mock_timeout" not in llm.calls[0].request.raw


# --- n, and how the results are read ---------------------------------------------------------------------------------


def test_n_gives_so_many_choices(ask: Ask) -> None:
    """`n=3` gives three choices with the text, numbered, each with its own finish."""
    assert ask.texts(mock_response=TEXT, n=3) == [TEXT] * 3
    answer = ask.whole(mock_response=TEXT, n=3)
    assert [(one.index, one.finish_reason) for one in answer.choices] == [(0, "stop"), (1, "stop"), (2, "stop")]


def test_a_bad_n_is_the_apis_error(ask: Ask) -> None:
    """`n=0` is refused as the API does."""
    with pytest.raises(MockedError, match="integer below minimum value") as raised:
        ask(mock_response="hi", n=0)
    assert (type(raised.value).__name__, raised.value.status_code) == ("BadRequestError", 400)


def test_the_requests_parameters_are_obeyed(ask: Ask) -> None:
    """A mock obeys `stop` and `max_tokens` as an interceptor does."""
    assert ask.text(mock_response="one two three", stop=["two"]) == "one "
    assert ask.whole(mock_response="one two three", max_tokens=1).choices[0].finish_reason == "length"


def test_results_are_read_by_key_and_by_attribute() -> None:
    """A completion is a mapping and an object at every level."""
    r = completion("gpt-4o", MESSAGES, mock_response=TEXT)
    assert r["choices"][0]["message"]["content"] == r.choices[0].message.content == TEXT
    assert r["usage"]["total_tokens"] == r.usage.total_tokens
    assert r.choices[0].message.tool_calls is None
    assert r["choices"][0]["message"].get("function_call") is None
    assert r.get("nothing", "else") == "else"
    assert dict(r) == r.model_dump()
    assert json.loads(r.model_dump_json()) == json.loads(r.json()) == r.model_dump()


def test_chunks_are_read_by_key_and_by_attribute(is_async: bool) -> None:
    """Every chunk has `delta` with `content`, a str or None, read either way."""
    for chunk in Ask(is_async, True)(mock_response=TEXT):
        delta = chunk["choices"][0]["delta"]
        assert delta["content"] is chunk.choices[0].delta.content
        assert delta.content is None or isinstance(delta.content, str)
        assert {"role", "tool_calls", "function_call"} <= set(delta)
        assert chunk["object"] == chunk.object == "chat.completion.chunk"


def test_an_attribute_that_is_not_there_is_an_attribute_error() -> None:
    """A misspelt attribute names what there is; `hasattr` works."""
    r = completion("gpt-4o", MESSAGES, mock_response=TEXT)
    with pytest.raises(AttributeError, match=r"'chioces'.*choices"):
        _ = r.chioces
    assert not hasattr(r, "chioces")


def test_results_can_be_copied_pickled_and_changed() -> None:
    """A completion is a value like any other."""
    r = completion("gpt-4o", MESSAGES, mock_response=TEXT)
    for twin in (copy.deepcopy(r), pickle.loads(pickle.dumps(r)), copy.copy(r)):
        assert twin == r
        assert twin.choices[0].message.content == TEXT
    r.choices[0].message.content = "changed"
    assert r["choices"][0]["message"]["content"] == "changed"
    assert type(r.model_dump()["choices"][0]["message"]) is dict


def test_a_stream_is_iterated_with_for_and_next() -> None:
    """A sync stream is an iterator: `next` and `for` go on where the other stopped."""
    stream = completion("gpt-4o", MESSAGES, mock_response="a b c", stream=True)
    first = next(stream)
    assert first.choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "a b c"
    with pytest.raises(StopIteration):
        next(stream)


def test_a_sync_stream_can_be_iterated_async() -> None:
    """`async for` reads the stream of the sync call as well."""

    async def run() -> list[Any]:
        return [chunk async for chunk in completion("gpt-4o", MESSAGES, mock_response="hi", stream=True)]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in asyncio.run(run())) == "hi"


def test_an_async_stream_is_iterated_with_anext() -> None:
    """An async stream is an async iterator: `anext` and `async for` go on where the other stopped."""

    async def run() -> list[Any]:
        stream = await acompletion("gpt-4o", MESSAGES, mock_response="a b c", stream=True)
        return [await anext(stream), *[chunk async for chunk in stream]]

    chunks = asyncio.run(run())
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "a b c"


def test_an_async_stream_refuses_a_plain_for() -> None:
    """`for` over the async call's stream says what to write instead."""

    async def run() -> None:
        stream = await acompletion("gpt-4o", MESSAGES, mock_response="hi", stream=True)
        with pytest.raises(LLMInterceptError, match="async for"):
            list(stream)
        with pytest.raises(LLMInterceptError, match="async for"):
            next(stream)
        async for _ in stream:
            pass

    asyncio.run(run())


def test_acompletion_works_on_trio() -> None:
    """The async call needs no particular loop."""

    async def run() -> str:
        answer = await acompletion("gpt-4o", MESSAGES, mock_response=TEXT)
        stream = await acompletion("gpt-4o", MESSAGES, mock_response=TEXT, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(texts) == answer.choices[0].message.content
        return "".join(texts)

    assert anyio.run(run, backend="trio") == TEXT


def test_a_stream_is_read_as_it_comes() -> None:
    """The first chunk is there before the last delta is made, and leaving the stream ends the generator."""
    made: list[int] = []

    def deltas() -> Iterator[str]:
        try:
            for number in range(1_000):
                made.append(number)
                yield "x "
        finally:
            made.append(-1)

    stream = completion("gpt-4o", MESSAGES, mock_response=deltas(), stream=True)
    for chunk, _ in zip(stream, range(3), strict=False):
        assert chunk.choices
    assert len(made) < 10
    iter(stream).close()
    assert made[-1] == -1


# --- without a mock: a real request ----------------------------------------------------------------------------------


class Api:
    """A chat completions server on loopback: answers with `status`, `content_type` and `pieces`, and notes requests."""

    def __init__(self) -> None:
        self.status, self.content_type = 200, "application/json"
        self.pieces: list[bytes] = [json.dumps(COMPLETION).encode()]
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""

    def stream(self, *pieces: bytes) -> None:
        """Answer with a stream in these pieces."""
        self.content_type, self.pieces = "text/event-stream", list(pieces)

    @property
    def body(self) -> Any:
        """The last request's body."""
        return self.requests[-1][2]

    @property
    def headers(self) -> dict[str, str]:
        """The last request's headers."""
        return self.requests[-1][1]


@pytest.fixture
def server() -> Iterator[Api]:
    """Serve an `Api`."""
    server = Api()

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server asks for
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(server.status)
            self.send_header("Content-Type", server.content_type)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in [*server.pieces, b""]:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()

    with listening(Handler) as port:
        server.url = f"http://127.0.0.1:{port}/v1"
        yield server


def chunk_line(content: str | None, reason: str | None = None, *, ascii_only: bool = False) -> bytes:
    delta = {} if content is None else {"content": content}
    chunk = {
        "id": "chatcmpl-own",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "own-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
    return b"data: " + json.dumps(chunk, ensure_ascii=ascii_only).encode() + b"\n\n"


@pytest.mark.parametrize("name", ["base_url", "api_base"])
def test_without_a_mock_the_base_url_is_asked(ask: Ask, server: Api, name: str) -> None:
    """A real request goes to `base_url` (or `api_base`), with the parameters and the key."""
    if ask.stream:
        server.stream(chunk_line("one"), chunk_line(None, "stop"), b"data: [DONE]\n\n")
    assert ask.text(**{name: server.url}, api_key="sk-own", temperature=0.5, tools=None) == "one"
    path, headers, body = server.requests[-1]
    assert (path, headers["authorization"], headers["content-type"]) == (
        "/v1/chat/completions",
        "Bearer sk-own",
        "application/json",
    )
    expected = {"model": "gpt-4o", "messages": MESSAGES, "temperature": 0.5}
    assert body == ({**expected, "stream": True} if ask.stream else expected)


def test_the_environment_gives_url_and_key(ask: Ask, server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OPENAI_BASE_URL` and `OPENAI_API_KEY` are used where nothing is given, and a slash at the end is harmless."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    ask()
    assert (server.requests[-1][0], server.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-env")
    ask(api_key="sk-own")
    assert server.headers["authorization"] == "Bearer sk-own"


def test_an_argument_goes_before_the_environment(ask: Ask, server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """`base_url` wins over `OPENAI_BASE_URL`."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    ask(base_url=server.url)
    assert len(server.requests) == 1


def test_the_calls_own_parameters_are_not_sent(server: Api, is_async: bool) -> None:
    """What steers the call stays out of the body; `extra_headers` and `extra_body` are sent."""
    Ask(is_async, False)(
        base_url=server.url,
        api_key="sk-own",
        timeout=60,
        num_retries=0,
        mock_delay=0,
        extra_headers={"x-own": "yes"},
        extra_body={"own": 1, "model": "other"},
    )
    assert server.body == {"model": "other", "messages": MESSAGES, "own": 1}
    assert server.headers["x-own"] == "yes"


@pytest.mark.parametrize(("model", "sent"), [("openai/gpt-4o", "gpt-4o"), ("gpt-4o", "gpt-4o"), ("org/m", "org/m")])
def test_the_prefix_openai_is_left_out(server: Api, model: str, sent: str) -> None:
    """litellm's prefix `openai/` is not part of the model's name."""
    completion(model, MESSAGES, base_url=server.url)
    assert server.body["model"] == sent


def test_a_real_answer_is_a_record(server: Api, is_async: bool) -> None:
    """The server's JSON comes back by key and attribute, as a mock's does."""
    r = Ask(is_async, False)(base_url=server.url)
    assert r.choices[1].message.content == r["choices"][1]["message"]["content"] == "two"
    assert r.choices[0].message.tool_calls is None


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "utf-8"])
def test_every_text_survives_a_stream(server: Api, is_async: bool, ascii_only: bool) -> None:
    """Characters that Python takes for line ends, and text that looks like an event, are text like any other."""
    whole = chunk_line(ODD + TEXT, ascii_only=ascii_only) + chunk_line(None, "stop") + b"data: [DONE]\n\n"
    server.stream(*(whole[start : start + 3] for start in range(0, len(whole), 3)))
    assert Ask(is_async, True).text(base_url=server.url) == ODD + TEXT


def test_every_way_to_frame_events_is_read(server: Api, is_async: bool) -> None:
    """CRLF, comments, event names, no space after the colon, and a stream without [DONE] are all in use (docs/wire.md 7)."""
    server.stream(
        b": PROCESSING\r\n\r\n",
        b"event: message\r\nid: 1\r\n" + chunk_line("a").replace(b"\n", b"\r\n"),
        chunk_line("b").replace(b"data: ", b"data:"),
        chunk_line(None, "stop"),
    )
    assert Ask(is_async, True).text(base_url=server.url) == "ab"


def test_an_error_inside_a_stream_is_raised(server: Api, is_async: bool) -> None:
    """An error that a host sends inside a 200 stream (docs/wire.md 3.2) is raised after what came before it."""
    server.stream(chunk_line("a"), b'data: {"error":{"message":"overloaded","code":503}}\n\n', b"data: [DONE]\n\n")
    with pytest.raises(MockedError, match="overloaded"):
        Ask(is_async, True)(base_url=server.url)


def test_an_active_interceptor_answers(ask: Ask) -> None:
    """Without a mock the request goes through whatever interceptor is active."""
    with intercept() as llm:
        llm.on("weather", model="gpt-4o").reply(TEXT)
        assert ask.text(model="openai/gpt-4o") == TEXT
    assert [(call.request.stream, call.status, call.source) for call in llm.calls] == [(ask.stream, 200, "rule")]
    assert llm.calls[0].request.url == "https://api.openai.com/v1/chat/completions"


def test_an_interceptors_tool_calls_finish(ask: Ask) -> None:
    """Tool calls of an active interceptor arrive with the same ids as in the journal's next turn."""
    with intercept([tool_call("f", city="Paris"), tool_call("f", city="Rome")]):
        answer = ask.whole().choices[0]
    assert answer.finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments)["city"] for call in answer.message.tool_calls] == ["Paris", "Rome"]


NAMES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "Timeout",
    409: "APIError",
    413: "APIError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "BadGatewayError",
    503: "ServiceUnavailableError",
    529: "APIError",
}


@pytest.mark.parametrize(("status", "name"), NAMES.items())
def test_api_errors_have_litellms_names(status: int, name: str, is_async: bool) -> None:
    """An error of the API is raised under litellm's name for it, with its status and what the API said."""
    with intercept(api_error(status, message="the API's words")), pytest.raises(MockedError) as raised:
        Ask(is_async, stream=status % 2 == 0)()
    assert (type(raised.value).__name__, raised.value.status_code) == (name, status)
    assert "the API's words" in raised.value.message
    assert "the API's words" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("context_length_exceeded", "ContextWindowExceededError"),
        ("content_filter", "ContentPolicyViolationError"),
        ("insufficient_quota", "RateLimitError"),
        ("model_not_found", "NotFoundError"),
    ],
)
def test_codes_have_litellms_names_too(name: str, wanted: str, is_async: bool) -> None:
    """Where litellm names an error by its code, so do we."""
    with intercept(api_error(name)), pytest.raises(MockedError) as raised:
        Ask(is_async, False)()
    assert type(raised.value).__name__ == wanted


def test_an_error_of_a_real_server_is_raised(server: Api, ask: Ask) -> None:
    """A server's error status is raised by the call, streamed or not, and no connection is left open."""
    server.status, server.pieces = 429, [b'{"error":{"message":"slow down"}}']
    with pytest.raises(MockedError, match="slow down") as raised:
        ask(base_url=server.url)
    assert type(raised.value).__name__ == "RateLimitError"


# --- the same fields in a request's body -----------------------------------------------------------------------------


class Sdk:
    """The openai SDK, asked with `extra_body`; sync and async, JSON and stream."""

    def __init__(self, client: Any, stream: bool) -> None:
        self.client, self.stream = client, stream

    def __call__(self, **fields: Any) -> ChatCompletion:
        return asyncio.run(self._ask(fields))

    def text(self, **fields: Any) -> str | None:
        return self(**fields).choices[0].message.content

    async def _ask(self, fields: dict[str, Any]) -> ChatCompletion:
        params: dict[str, Any] = {"model": "gpt-4o", "messages": MESSAGES, "extra_body": fields}
        answer = await settle(self.client.chat.completions.create(**params, stream=self.stream))
        if not self.stream:
            return answer
        state: Any = ChatCompletionStreamState()
        async for chunk in each(answer):
            state.handle_chunk(chunk)
        return whole_of(state)


async def settle(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def each(stream: Any) -> AsyncIterator[Any]:
    if hasattr(stream, "__aiter__"):
        async for one in stream:
            yield one
    else:
        for one in stream:
            yield one


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[bool, Any]]:
    """The SDK's clients, async and sync; they are slow to make."""
    made: dict[bool, Any] = {True: openai.AsyncOpenAI(api_key="sk-test"), False: openai.OpenAI(api_key="sk-test")}
    yield made
    for client in made.values():
        asyncio.run(settle(client.close()))


@pytest.fixture
def sdk(clients: dict[bool, Any], is_async: bool, stream: bool) -> Sdk:
    """Every way to ask through the SDK."""
    return Sdk(clients[is_async], stream)


@pytest.mark.parametrize("text", [TEXT, "", ODD])
def test_a_body_asks_for_its_own_answer(sdk: Sdk, text: str) -> None:
    """`extra_body={"mock_response": …}` goes before every rule, and the journal says so."""
    with intercept("the rule's") as llm:
        assert sdk.text(mock_response=text) == text
        assert sdk.text() == "the rule's"
    assert [(call.source, call.status, call.rule is None) for call in llm.calls] == [
        ("rule", 200, True),
        ("rule", 200, False),
    ]


def test_a_body_needs_no_rule(sdk: Sdk) -> None:
    """An interceptor without a rule obeys the body, and nothing is unmatched."""
    with intercept() as llm:
        assert sdk.text(mock_response=TEXT) == TEXT
    assert len(llm.calls) == 1


def test_a_bodys_list_is_one_answer_in_pieces(sdk: Sdk) -> None:
    """A list in a body is the deltas of one answer, at each request."""
    with intercept():
        assert [sdk.text(mock_response=["one ", "two"]) for _ in range(2)] == ["one two", "one two"]


def test_a_body_gives_a_whole_completion(sdk: Sdk) -> None:
    """A mapping in the body is the completion."""
    with intercept():
        answer = sdk(mock_response=COMPLETION)
    assert (answer.id, answer.model) == ("chatcmpl-own", "own-model")
    assert [one.message.content for one in answer.choices] == ["one", "two"]


def test_a_body_asks_for_tool_calls(sdk: Sdk) -> None:
    """`mock_tool_calls` in the body are the answer's calls."""
    with intercept():
        answer = sdk(mock_tool_calls=[CALL]).choices[0]
    assert answer.finish_reason == "tool_calls"
    assert (answer.message.tool_calls[0].id, answer.message.tool_calls[0].function.arguments) == (
        "call_own",
        '{ "a":1 }',
    )


@pytest.mark.parametrize("name", LITELLM)
def test_a_body_asks_for_an_api_error(clients: dict[bool, Any], name: str, stream: bool) -> None:
    """`"litellm.<Error>"` in the body is the API error that stands for it: the SDK's own exception of the status."""
    asked = Sdk(clients[False].with_options(max_retries=0), stream)
    with intercept() as llm, pytest.raises(openai.APIStatusError) as raised:
        asked(mock_response=f"litellm.{name}")
    assert raised.value.status_code == LITELLM[name]
    assert [call.status for call in llm.calls] == [LITELLM[name]]


def test_a_bodys_error_has_the_code_of_its_kind(sdk: Sdk) -> None:
    """A context window and a content filter are told by their code."""
    codes = {"ContextWindowExceededError": "context_length_exceeded", "ContentPolicyViolationError": "content_filter"}
    with intercept():
        for name, code in codes.items():
            with pytest.raises(openai.BadRequestError) as raised:
                sdk(mock_response=f"litellm.{name}")
            assert raised.value.code == code


@pytest.mark.parametrize("fields", [{"mock_response": "litellm.Nope"}, {"mock_response": 7}, {"mock_response": []}])
def test_a_body_that_cannot_be_answered_is_an_error(sdk: Sdk, fields: dict[str, Any]) -> None:
    """A mock field that makes no sense is a 500 that is not retried, and an error when the block ends."""
    refused = pytest.raises(openai.InternalServerError, match="mock_response")
    with pytest.raises(LLMInterceptError, match="mock_response"), intercept() as llm, refused:
        sdk(**fields)
    assert len(llm.calls) == 1


@pytest.mark.parametrize(
    "calls",
    [
        "f",
        [{"function": {}}],
        [{"id": "", "function": {"name": "f", "arguments": "{}"}}],
    ],
)
def test_a_bodys_calls_that_are_none_are_an_error(clients: dict[bool, Any], calls: Any) -> None:
    """The same holds for `mock_tool_calls`."""
    refused = pytest.raises(openai.InternalServerError, match="tool_call")
    with pytest.raises(LLMInterceptError), intercept(), refused:
        Sdk(clients[False], stream=False)(mock_tool_calls=calls)


def test_a_bodys_delay_is_waited_for(sdk: Sdk, sleeps: list[float]) -> None:
    """`mock_delay` in the body waits, in the client's own way."""
    with intercept():
        assert sdk.text(mock_response="hi", mock_delay=12.5) == "hi"
    assert sleeps == [12.5]


def test_a_bodys_timeout_is_the_sdks(sdk: Sdk, sleeps: list[float]) -> None:
    """`mock_timeout` in the body is a timeout of the SDK's, at once."""
    asked = Sdk(sdk.client.with_options(max_retries=0), sdk.stream)
    with intercept() as llm, pytest.raises(openai.APITimeoutError):
        asked(mock_timeout=True)
    assert len(llm.calls) == 1
    assert sleeps == []


def test_a_bodys_fields_obey_the_request(sdk: Sdk) -> None:
    """`n` and a limit beside `mock_response` are obeyed."""
    with intercept():
        answer = sdk(mock_response="one two three", n=2, max_tokens=1)
    assert [(one.message.content, one.finish_reason) for one in answer.choices] == [("one", "length")] * 2


def test_a_mock_delay_or_false_alone_is_no_mock(sdk: Sdk) -> None:
    """Fields that ask for nothing leave the answer to the rules."""
    with intercept("the rule's"):
        assert sdk.text(mock_timeout=False) == "the rule's"
        assert sdk.text(mock_response=None) == "the rule's"


def test_a_wrapped_client_obeys_the_body(is_async: bool, stream: bool) -> None:
    """A client of its own interceptor obeys the fields, without a block."""
    client = (openai.AsyncOpenAI if is_async else openai.OpenAI)(api_key="sk-test")
    asked = Sdk(wrap(client, "the wrap's"), stream)
    assert asked.text(mock_response=TEXT) == TEXT
    assert asked.text() == "the wrap's"
    asyncio.run(settle(client.close()))


def test_raw_clients_of_either_family_obey_the_body(case: Case) -> None:
    """The fields in a plain HTTP request are obeyed: text, its pieces, calls, error and timeout."""

    async def run() -> None:
        client = case.client()
        try:
            await check(lambda **fields: settle(client.post(URL, json=chat(stream=case.stream, **fields))))
        finally:
            await settle(client.aclose() if case.is_async else client.close())

    async def check(post: Callable[..., Any]) -> None:
        assert case.text(await post(mock_response=ODD)) == ODD
        assert [case.text(await post(mock_response=["one ", "two"])) for _ in range(2)] == ["one two", "one two"]
        assert case.text(await post()) == "the rule's"
        refused = await post(mock_response="litellm.RateLimitError")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        with pytest.raises(case.module.ReadTimeout):
            await post(mock_timeout=True)
        called = await post(mock_tool_calls=[CALL])
        last = events(called.text)[-1] if case.stream else called.json()
        assert last["choices"][0]["finish_reason"] == "tool_calls"

    with intercept("the rule's"):
        asyncio.run(run())


def test_a_bodys_fields_are_obeyed_by_a_transport(is_async: bool) -> None:
    """`InterceptTransport` obeys them as well, for httpx and httpx2."""
    from llm_intercept import InterceptTransport

    for module in (httpx, httpx2):
        transport = InterceptTransport("the transport's")

        async def run(module: Any = module, transport: Any = transport) -> Any:
            client = (module.AsyncClient if is_async else module.Client)(transport=transport)
            body = {"model": "gpt-4o", "messages": MESSAGES, "mock_response": TEXT}
            response = await settle(client.post("http://llm.test/v1/chat/completions", json=body))
            await settle(client.aclose() if is_async else client.close())
            return response.json()["choices"][0]["message"]["content"]

        assert asyncio.run(run()) == TEXT
