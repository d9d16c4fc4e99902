"""A take of one API answers another's request for the same conversation, where that is asked for, and only there."""

from __future__ import annotations

import contextvars
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import BadRequestError, InternalServerError, NotFoundError, OpenAI, RateLimitError, omit
from openai.lib.streaming.chat import ChatCompletionStreamState

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Recordings,
    Reply,
    api_error,
    embedding,
    intercept,
    reasoning,
    refusal,
    tool_call,
)
from llm_intercept.dialects.openai_chat.dialect import OpenAIChat
from llm_intercept.dialects.openai_responses.dialect import OpenAIResponses
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.settings.environment import PAIRS
from tests.amounts import examples

APIS = ["openai.chat", "openai.responses"]
MODEL = "gpt-4o"
OTHER = dict(zip(APIS, reversed(APIS), strict=True))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
ARGUMENTS = st.dictionaries(st.sampled_from("abc"), TEXT | st.integers(-9, 9), max_size=2)
CALL = st.tuples(st.sampled_from("fg"), ARGUMENTS)
TURN = st.tuples(TEXT, TEXT | st.just(""), st.lists(st.tuples(CALL, TEXT), max_size=2))
"""What the user says, what the model says to that, and what it calls, each with the tool's answer."""
REPLY = st.one_of(
    st.builds(Reply, TEXT),
    st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, min_size=1, max_size=3)),
    st.builds(lambda text, calls: Reply(text, *(tool_call(name, given) for name, given in calls)), TEXT,
              st.lists(CALL, min_size=1, max_size=2)),
    st.builds(lambda thought, text: Reply(reasoning(thought), text), TEXT, TEXT),
    st.builds(refusal, TEXT),
    st.builds(lambda text: Reply(text, finish_reason="length"), TEXT),
)  # fmt: skip
LAW = settings(max_examples=examples(30), deadline=None)


@dataclass(frozen=True)
class Conversation:
    """A conversation that can be held over either API."""

    system: str
    turns: list[tuple[str, str, list[tuple[tuple[str, dict[str, Any]], str]]]]
    last: str
    has_tools: bool = True
    limit: int | None = None

    def body(self, api: str) -> dict[str, Any]:
        """Write it as an API has it."""
        made = self._chat() if api == "openai.chat" else self._responses()
        limit = {"openai.chat": "max_completion_tokens", "openai.responses": "max_output_tokens"}[api]
        more = {} if self.limit is None else {limit: self.limit}
        return {"model": MODEL, **made, **more, **({"tools": self._tools(api)} if self.has_tools else {})}

    def _chat(self) -> dict[str, Any]:
        said: list[dict[str, Any]] = [{"role": "developer", "content": self.system}] if self.system else []
        for number, (user, text, called) in enumerate(self.turns):
            said.append({"role": "user", "content": user})
            ids = [f"call_chat{number}{place}000" for place in range(len(called))]
            calls = [
                {"type": "function", "id": one, "function": {"name": name, "arguments": json.dumps(given)}}
                for one, ((name, given), _) in zip(ids, called, strict=True)
            ]
            if text or calls:
                said.append({"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})})
            answers = zip(ids, called, strict=True)
            said += [{"role": "tool", "tool_call_id": one, "content": answer} for one, (_, answer) in answers]
        return {"messages": [*said, {"role": "user", "content": [{"type": "text", "text": self.last}]}]}

    def _responses(self) -> dict[str, Any]:
        said: list[dict[str, Any]] = []
        for number, (user, text, called) in enumerate(self.turns):
            said.append({"role": "user", "content": [{"type": "input_text", "text": user}]})
            said += [{"role": "assistant", "content": text}] if text else []
            ids = [f"call_resp{number}{place}000" for place in range(len(called))]
            for one, ((name, values), _) in zip(ids, called, strict=True):
                spaced = json.dumps(dict(reversed(values.items())), indent=1)
                said.append({"type": "function_call", "call_id": one, "name": name, "arguments": spaced})
            answers = list(zip(ids, called, strict=True))
            for one, (_, answer) in reversed(answers):
                said.append({"type": "function_call_output", "call_id": one, "output": answer})
        instructions = {"instructions": self.system} if self.system else {}
        return {**instructions, "input": [*said, {"role": "user", "content": self.last}]}

    def _tools(self, api: str) -> list[dict[str, Any]]:
        tools = [{"name": name, "parameters": {"type": "object", "properties": {}}} for name in "fg"]
        if api == "openai.chat":
            return [{"type": "function", "function": tool} for tool in tools]
        return [{"type": "function", **tool, "strict": False} for tool in tools]


CONVERSATION = st.builds(
    Conversation, TEXT | st.just(""), st.lists(TURN, max_size=2), TEXT, limit=st.none() | st.just(16)
)
HELLO = Conversation("", [], "hello", has_tools=False)


def recording(folder: Path, reply: Any, **options: Any) -> OpenAI:
    """Make a client whose requests are recorded; what answers them is another interceptor, as the API would."""
    api = httpx2.Client(transport=InterceptTransport(reply, time_scale=0))

    def upstream(request: httpx2.Request) -> httpx2.Response:
        def send() -> httpx2.Response:  # outside of what lets a request out
            return api.request(request.method, request.url, content=request.read(), headers=request.headers)

        answer = contextvars.Context().run(send)
        kept = {key: value for key, value in answer.headers.items() if key in {"content-type", "retry-after"}}
        return httpx2.Response(answer.status_code, headers=kept, content=answer.content)

    recorder = Interceptor(recordings=Recordings(folder, **options), mode="record")
    transport = InterceptTransport(inner=httpx2.MockTransport(upstream), interceptor=recorder)
    return OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=transport))


@cache
def playing() -> OpenAI:
    return OpenAI(api_key="none", max_retries=0)


def ask(client: OpenAI, api: str, body: dict[str, Any], *, stream: bool = False) -> dict[str, Any]:
    """Ask through the SDK, and say what was answered, in words of neither API."""
    if api == "openai.chat":
        if stream:
            state = ChatCompletionStreamState(input_tools=body.get("tools", omit))
            for chunk in client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True}):
                state.handle_chunk(chunk)
            return of_completion(state.current_completion_snapshot)
        return of_completion(client.chat.completions.create(**body))
    if stream:
        with client.responses.stream(**body) as events:
            for event in events:
                if event.type in {"response.completed", "response.incomplete"}:
                    return of_response(event.response)
    return of_response(client.responses.create(**body))


def of_completion(answer: Any) -> dict[str, Any]:
    (choice,) = answer.choices
    message = choice.message
    return {
        "text": message.content or "",
        "refusal": message.refusal or "",
        "thought": (message.model_extra or {}).get("reasoning_content") or "",
        "calls": [(one.id, one.function.name, one.function.arguments) for one in message.tool_calls or ()],
        "is_cut": choice.finish_reason == "length",
        "tokens": (answer.usage.prompt_tokens, answer.usage.completion_tokens),
    }


def of_response(answer: Any) -> dict[str, Any]:
    parts = [part for item in answer.output if item.type == "message" for part in item.content]
    thoughts = [one.text for item in answer.output if item.type == "reasoning" for one in item.summary]
    return {
        "text": answer.output_text,
        "refusal": "".join(part.refusal for part in parts if part.type == "refusal"),
        "thought": "".join(thoughts),
        "calls": [(one.call_id, one.name, one.arguments) for one in answer.output if one.type == "function_call"],
        "is_cut": answer.status == "incomplete",
        "tokens": (answer.usage.input_tokens, answer.usage.output_tokens),
    }


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("shape", ["json", "stream"])
@LAW
@given(CONVERSATION, REPLY)
def test_a_take_answers_the_other_api_with_the_same_parts(
    api: str, shape: str, conversation: Conversation, reply: Reply
) -> None:
    """Recorded as JSON and as a stream, asked for in both; the tokens are the recorded ones; without asking, never."""
    with tempfile.TemporaryDirectory() as name:
        folder, other = Path(name), OTHER[api]
        recorded = ask(recording(folder, reply), api, conversation.body(api), stream=shape == "stream")
        tape = Recordings(folder, ignore="api", repeat_last=True)
        with intercept(recordings=tape, mode="replay") as llm:
            for stream in (False, True):
                assert ask(playing(), other, conversation.body(other), stream=stream) == recorded
        assert [call.source for call in llm.calls] == ["recording"] * 2
        assert [call.usage.output_tokens for call in llm.calls if call.usage] == [recorded["tokens"][1]] * 2
        with pytest.raises(NotFoundError), intercept(recordings=folder, mode="replay"):
            ask(playing(), other, conversation.body(other))


def go_on(client: OpenAI, api: str, words: str) -> list[str]:
    """Hold a conversation: over chat completions all is said again, over Responses an id says what was said."""
    said, messages, last = [], list[Any](), None
    for word in words.split():
        messages.append({"role": "user", "content": word})
        if api == "openai.chat":
            text = client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content or ""
            messages.append({"role": "assistant", "content": text})
        else:
            answer = client.responses.create(model=MODEL, input=word, previous_response_id=last)
            text, last = answer.output_text, answer.id
        said.append(text)
    return said


def heard(request: Any) -> str:
    return " ".join(f"{message.role[0]}:{message.text}" for message in request.messages)


@pytest.mark.parametrize("api", APIS)
def test_what_an_id_continues_is_a_part_of_the_conversation(tmp_path: Path, api: str) -> None:
    """On the tape, whose files are in another order than the turns, and in what is asked."""
    words = ["z y x", "b y x"]
    client = recording(tmp_path, heard)  # one, since what is recorded anew takes the place of what was before
    recorded = [go_on(client, api, one) for one in words]
    with intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay") as llm:
        assert [go_on(playing(), OTHER[api], one) for one in reversed(words)] == recorded[::-1]
    assert {call.source for call in llm.calls} == {"recording"}
    with pytest.raises(NotFoundError), intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"):
        go_on(playing(), OTHER[api], "y x")


def test_what_a_take_answers_can_be_asked_for_by_its_id(tmp_path: Path) -> None:
    """It is an answer of this interceptor's, which no tape has."""
    ask(recording(tmp_path, "kept"), "openai.chat", HELLO.body("openai.chat"))
    with intercept(recordings=Recordings(tmp_path, ignore="api", repeat_last=True), mode="replay"):
        made = [playing().responses.create(**HELLO.body("openai.responses")) for _ in range(2)]
        assert [playing().responses.retrieve(one.id) for one in made] == made
    assert made[0].id != made[1].id


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (api_error(429, "Slow down."), RateLimitError),
        (api_error("insufficient_quota"), RateLimitError),
        (api_error(400, "Bad.", code="own_code"), BadRequestError),
        (api_error("context_length_exceeded"), BadRequestError),
        (api_error("bad_gateway"), InternalServerError),
    ],
)
def test_an_error_is_the_other_apis_error(tmp_path: Path, api: str, given: Any, raised: type[Exception]) -> None:
    """Of the same status, with the same message and code."""
    told: list[Any] = []
    tape = Recordings(tmp_path, ignore="api")
    with pytest.raises(raised) as caught:
        ask(recording(tmp_path, given, keep_errors=True), api, HELLO.body(api))
    told.append(caught.value)
    with intercept(recordings=tape, mode="replay"), pytest.raises(raised) as caught:
        ask(playing(), OTHER[api], HELLO.body(OTHER[api]), stream=True)
    told.append(caught.value)
    assert told[0].status_code == told[1].status_code
    if told[0].code or told[0].body:
        assert (told[0].message, told[0].code) == (told[1].message, told[1].code)


def test_a_recorded_wait_is_told_at_recorded_speed(tmp_path: Path) -> None:
    """At once, clients try again at once."""
    with pytest.raises(RateLimitError) as caught:
        ask(recording(tmp_path, api_error(429, retry_after=7), keep_errors=True), *_asked("openai.chat"))
    waits = [caught.value.response.headers["retry-after"]]
    for speed in ("recorded", "instant"):
        tape = Recordings(tmp_path, ignore="api", replay_speed=speed)
        with intercept(recordings=tape, mode="replay", time_scale=0), pytest.raises(RateLimitError) as caught:
            ask(playing(), *_asked("openai.responses"))
        waits.append(caught.value.response.headers.get("retry-after"))
    assert waits == [waits[0], waits[0], None]


def _asked(api: str, conversation: Conversation = HELLO) -> tuple[str, dict[str, Any]]:
    return api, conversation.body(api)


@pytest.mark.parametrize(
    ("reply", "api", "said"),
    [
        (Reply({"type": "web_search_call"}, "found"), "openai.responses", "web_search_call"),
        (Reply(variants=["one", "two"]), "openai.chat", "several answers"),
    ],
)
def test_what_the_other_api_cannot_say_is_an_error_that_names_take_and_apis(
    tmp_path: Path, reply: Reply, api: str, said: str
) -> None:
    body = {**HELLO.body(api), **({"n": 2} if api == "openai.chat" else {})}
    client = recording(tmp_path, reply)
    client.post("/chat/completions" if api == "openai.chat" else "/responses", body=body, cast_to=object)
    expected = rf"(?s)001-hello-\w+\.json of {api} cannot answer {OTHER[api]}: .*{said}"
    with (
        pytest.raises(Exception, match=expected),
        intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"),
    ):
        ask(playing(), *_asked(OTHER[api]))


@pytest.mark.parametrize("api", APIS)
def test_a_function_may_find_a_take_of_another_api(tmp_path: Path, api: str) -> None:
    """It is answered in the words of the API that is asked, not with the other's bytes; what is no answer is told."""
    recorded = ask(recording(tmp_path, "by a function"), *_asked(api))
    tape = Recordings(tmp_path, key=lambda request: request.model and 1, repeat_last=True)
    with intercept(recordings=tape, mode="replay"):
        assert ask(playing(), *_asked(OTHER[api]), stream=True) == recorded
    with pytest.raises(Exception, match=r"cannot answer openai\.embeddings"), intercept(recordings=tape, mode="replay"):
        playing().embeddings.create(model="e", input="a")
    recording(tmp_path / "other", embedding([0.5])).embeddings.create(model="e", input="a", encoding_format="float")
    tape = Recordings(tmp_path / "other", key=lambda _: 1)
    said = f"openai.embeddings cannot answer {api}: its answer cannot be read back"
    with pytest.raises(Exception, match=said), intercept(recordings=tape, mode="replay"):
        ask(playing(), *_asked(api))


def test_a_miss_says_that_a_take_of_another_api_would_do_and_how(tmp_path: Path) -> None:
    """With what is ignored already; what is said is right."""
    ask(recording(tmp_path, "kept"), *_asked("openai.responses"))
    for ignore in ((), "$.model"):
        with (
            pytest.raises(NotFoundError) as caught,
            intercept(recordings=Recordings(tmp_path, ignore=ignore), mode="replay"),
        ):
            ask(playing(), *_asked("openai.chat"))
        assert "json: it was recorded over openai.responses, and openai.chat is asked" in caught.value.message
        (setting,) = [line for line in caught.value.message.splitlines() if "another API" in line]
        tape = eval(setting.partition("recordings=")[2], {"Recordings": Recordings})
        with intercept(recordings=tape, mode="replay"):
            assert ask(playing(), *_asked("openai.chat"))["text"] == "kept"


@pytest.mark.parametrize("ignore", [(), "api", ("$.tools",)])
def test_a_miss_of_another_makers_model_says_how_a_take_would_do(tmp_path: Path, ignore: Any) -> None:
    """Its model is another one always, so that `ignore="api"` alone does not help."""
    ask(recording(tmp_path, "kept"), *_asked("openai.chat"))
    asked = {"model": "claude-sonnet-5", "max_tokens": 9, "messages": [{"role": "user", "content": HELLO.last}]}

    def answer(ignore: Any) -> dict[str, Any]:
        with intercept(recordings=Recordings(tmp_path, ignore=ignore), mode="replay"):
            return httpx2.post("https://api.anthropic.com/v1/messages", json=asked).json()

    with pytest.raises(UnmatchedRequestError) as caught:
        answer(ignore)
    assert "over openai.chat, and anthropic.messages is asked, of the model 'claude-sonnet-5'" in str(caught.value)
    (setting,) = [line for line in str(caught.value).splitlines() if "another API" in line]
    tape = eval(setting.partition("recordings=")[2], {"Recordings": Recordings})
    assert answer(tape.ignore)["content"] == [{"type": "text", "text": "kept"}]


def test_a_miss_across_apis_names_what_differs_in_words_of_neither(tmp_path: Path) -> None:
    ask(recording(tmp_path, "kept"), *_asked("openai.responses"))
    asked = Conversation("", [], "hallo", has_tools=False)
    with (
        pytest.raises(NotFoundError) as caught,
        intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"),
    ):
        ask(playing(), *_asked("openai.chat", asked))
    assert "messages[0].text: recorded 'hello'; now 'hallo'" in caught.value.message
    assert "one field differs" in caught.value.message


def test_takes_of_one_conversation_are_played_in_order_and_the_apis_own_first(tmp_path: Path) -> None:
    """Each once, then a miss that says so, or the last again."""
    numbers = iter("123")
    client = recording(tmp_path, lambda _: next(numbers))
    for api in ("openai.chat", "openai.responses", "openai.chat"):
        ask(client, *_asked(api))
    with intercept(recordings=Recordings(tmp_path, ignore="api", repeat_last=True), mode="replay"):
        said = [ask(playing(), *_asked("openai.responses"))["text"] for _ in range(4)]
    assert said == ["2", "1", "3", "2"]
    with (
        pytest.raises(NotFoundError, match="3 times, and they have been played"),
        intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"),
    ):
        for _ in range(4):
            ask(playing(), *_asked("openai.responses"))


@pytest.mark.parametrize("api", APIS)
def test_what_is_ignored_and_what_changes_counts_across_apis_too(tmp_path: Path, api: str) -> None:
    """Paths are of the conversation as no API has it; a uuid is another each time; secrets are not in the key."""
    key = "sk-proj-" + "Ab3dEf6hIj" * 4
    said = [Conversation(f"Be brief. {key}", [], f"id {digit * 8}-1111-4111-8111-111111111111") for digit in "ab"]
    ask(recording(tmp_path, "kept"), *_asked(api, said[0]))
    other = {**said[1].body(OTHER[api]), "model": "gpt-4.1"}
    tape = Recordings(tmp_path, ignore=("api", "$.model"))
    with intercept(recordings=tape, mode="replay"):
        assert ask(playing(), OTHER[api], other)["text"] == "kept"
    with pytest.raises(NotFoundError), intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"):
        ask(playing(), OTHER[api], other)
    assert key not in "".join(one.read_text() for one in tmp_path.iterdir())


def test_auto_records_over_one_api_and_plays_over_the_other(tmp_path: Path) -> None:
    """In one block, and what is continued by an id that the tape alone knows."""
    api = httpx2.Client(transport=InterceptTransport(heard))

    def upstream(request: httpx2.Request) -> httpx2.Response:
        answer = contextvars.Context().run(api.request, request.method, request.url, content=request.read())
        return httpx2.Response(200, headers={"content-type": answer.headers["content-type"]}, content=answer.content)

    recorder = Interceptor(recordings=Recordings(tmp_path, ignore="api", repeat_last=True), mode="auto")
    transport = InterceptTransport(inner=httpx2.MockTransport(upstream), interceptor=recorder)
    client = OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=transport))
    said = [go_on(client, name, "a b c") for name in ("openai.responses", "openai.chat", "openai.responses")]
    assert said[0] == said[1] == said[2]
    assert len(list(tmp_path.glob("*.json"))) == 3


@pytest.mark.usefixtures("only_waits")
def test_an_answer_takes_the_recorded_time_in_pieces_of_its_own(tmp_path: Path) -> None:
    """From the first byte to the last, whatever the shape; instantly it takes none."""
    ask(recording(tmp_path, Reply(deltas=["one ", "two ", "three"])), *_asked("openai.chat"), stream=True)
    (file,) = tmp_path.glob("*.json")
    take = json.loads(file.read_text())
    take["response"]["after_ms"] = 50_000
    for event in take["response"]["events"]:
        event["gap_ms"] = 25_000
    file.write_text(json.dumps(take))
    whole = 50 + 25 * len(take["response"]["events"])
    for stream in (False, True):
        for speed, expected in (("recorded", whole), (2.0, 2 * whole), ("instant", 0)):
            tape = Recordings(tmp_path, ignore="api", replay_speed=speed)
            with intercept(recordings=tape, mode="replay", time_scale=0) as llm:
                ask(playing(), *_asked("openai.responses"), stream=stream)
            assert engine_of(llm).service.clock.now() == pytest.approx(expected)


def test_any_api_that_holds_a_conversation_takes_part(tmp_path: Path) -> None:
    """Legacy completions hold one of a single question; embeddings hold none, and are found as ever."""
    body = {**HELLO.body("openai.chat"), "model": "gpt-3.5-turbo-instruct"}
    ask(recording(tmp_path, "kept"), "openai.chat", body)
    vectors = recording(tmp_path, embedding([0.5])).embeddings
    made = vectors.create(model="e", input="hello", encoding_format="float")
    with intercept(recordings=Recordings(tmp_path, ignore="api"), mode="replay"):
        assert playing().completions.create(model=body["model"], prompt="hello").choices[0].text == "kept"
        again = playing().embeddings.create(model="e", input="hello", encoding_format="float")
    assert again.data == made.data


def test_a_request_of_another_api_is_not_paired_with_an_old_take(tmp_path: Path, monkeypatch: Any) -> None:
    """`recordings rekey` keeps answers as they are, under requests that have such answers."""
    ask(recording(tmp_path / "tape", "old"), *_asked("openai.chat"))
    monkeypatch.setenv(PAIRS, str(tmp_path / "pairs"))
    changed = Conversation("", [], "hallo", has_tools=False)
    with pytest.raises(NotFoundError), intercept(recordings=tmp_path / "tape", mode="replay"):
        ask(playing(), *_asked("openai.responses", changed))
    with intercept(recordings=tmp_path / "tape", mode="replay"):
        assert ask(playing(), *_asked("openai.chat", changed))["text"] == "old"


@pytest.mark.parametrize(
    ("dialect", "values"),
    [
        (OpenAIChat(), [{"choices": [{"index": 0, "delta": {"content": "half"}}]}, {"error": {"message": "broken"}}]),
        (
            OpenAIResponses(),
            [{"type": "response.output_text.delta", "output_index": 0, "delta": "a"}, {"type": "error"}],
        ),
        (OpenAIResponses(), [{"output": [{"type": "message", "content": "half"}], "error": {"code": "server_error"}}]),
    ],
)
def test_half_an_answer_is_no_reply(dialect: Any, values: list[Any]) -> None:
    """What failed on its way is not handed over as if it were whole; without the failure it is one."""
    assert dialect.recorded.replies(values) == ()
    broken = {key: value for key, value in values[-1].items() if key != "error" and value != "error"}
    assert dialect.recorded.replies([*values[:-1], broken])
