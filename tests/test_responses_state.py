"""The state of Responses: what was answered is continued, shown, listed, deleted; unknown ids are the API's own errors."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

from llm_intercept import Reply, disconnect, intercept, raw, reasoning, tool_call
from llm_intercept.dialects.openai_responses import recall
from llm_intercept.dialects.openai_responses.kept import KeptResponse
from llm_intercept.dialects.openai_responses.read import ResponsesRequest
from llm_intercept.model.wire import WireRequest
from tests.amounts import examples
from tests.support import RESPONSES, complete, maybe, respond

MODEL = "gpt-5.4"
CLIENTS = (OpenAI, AsyncOpenAI)


def sdk(kind: type[Any]) -> Any:
    return kind(api_key="none", max_retries=0)


def law(function: Any) -> Any:
    """Run a law that is written once with the SDK's sync and with its async client."""

    @pytest.mark.parametrize("kind", CLIENTS, ids=["sync", "async"])
    def run(kind: type[Any]) -> None:
        complete(function(sdk(kind)), is_async=kind is AsyncOpenAI)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


async def all_of(pages: Any) -> list[Any]:
    """Read all entries of a list, page by page, with the sync or the async client."""
    if hasattr(pages, "__aiter__"):
        return [one async for one in pages]
    return list(pages)


def events(text: str) -> list[Any]:
    """Read the data of a stream's events."""
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def heard(request: Any) -> str:
    """Answer what a reply function hears: all who speak, and what they say."""
    return " | ".join(f"{message.role}: {message.text}" for message in request.messages)


def test_what_was_answered_is_continued_in_every_family_and_shape(make_case: Any) -> None:
    """Conditions, scripts, reply functions and the journal see the whole conversation."""
    for family in ("httpx", "httpx2"):
        for is_async in (False, True):
            for stream in (False, True):
                _continues(make_case(family, is_async, stream, api="responses"))


def _continues(case: Any) -> None:
    def answer(user: str, **more: Any) -> Any:
        response = case.post(user, **more)
        assert response.status_code == 200, response.text
        return events(response.text)[-1]["response"] if case.stream else response.json()

    with intercept() as llm:
        llm.on(turn=3).reply(heard)
        llm.on(tool_result="look").reply("It is sunny.")
        llm.on("weather").reply([reasoning("hm"), tool_call("look", city="Paris")])
        first = answer("weather?", instructions="Be short.")
        output = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "sunny"}
        second = answer("", input=[output], previous_response_id=first["id"])
        third = answer("thanks", previous_response_id=second["id"])
    assert second["output"][0]["content"][0]["text"] == "It is sunny."
    told = third["output"][0]["content"][0]["text"]
    assert told == "user: weather? | assistant:  | tool: sunny | assistant: It is sunny. | user: thanks"
    assert [call.request.turn for call in llm.calls] == [1, 2, 3]
    assert llm.calls[1].request.tool_results[0].name == "look"
    assert llm.calls[2].request.conversation == "user: weather?"
    assert len({one["id"] for one in (first, second, third)}) == 3
    assert third["usage"]["input_tokens"] > second["usage"]["input_tokens"]


def test_scripts_go_on_per_conversation_and_branches_are_apart() -> None:
    """Two requests may continue one answer, and each sees its own branch."""
    with intercept() as llm:
        llm.reply("one", "two", "three").per("conversation")
        client = sdk(OpenAI)
        first = [client.responses.create(model=MODEL, input=word) for word in ("a", "b")]
        second = [client.responses.create(model=MODEL, input="on", previous_response_id=one.id) for one in first]
        assert [one.output_text for one in (*first, *second)] == ["one", "one", "two", "two"]
    with intercept(heard):
        root = client.responses.create(model=MODEL, input="root")
        left = client.responses.create(model=MODEL, input="left", previous_response_id=root.id)
        right = client.responses.create(model=MODEL, input="right", previous_response_id=root.id)
        assert left.output_text == "user: root | assistant: user: root | user: left"
        assert right.output_text == "user: root | assistant: user: root | user: right"


@law
async def test_the_sdk_shows_lists_and_deletes(client: Any) -> None:
    """openai's own methods, with its models."""
    with intercept() as llm:
        llm.reply("one", "two", "three")
        first = await maybe(client.responses.create(model=MODEL, input="hi", metadata={"a": "b"}))
        second = await maybe(client.responses.create(model=MODEL, input="more", previous_response_id=first.id))
        assert await maybe(client.responses.retrieve(first.id)) == first
        listed = await all_of(client.responses.input_items.list(second.id, order="asc", limit=1))
        assert [one.type for one in listed] == ["message"] * 3
        assert [one.content[0].text for one in listed] == ["hi", "one", "more"]
        assert listed[1].id == first.output[0].id
        assert len({one.id for one in listed}) == 3
        newest = await maybe(client.responses.input_items.list(second.id, limit=2))
        assert ([one.id for one in newest.data], newest.has_more) == ([listed[2].id, listed[1].id], True)
        after = await maybe(client.responses.input_items.list(second.id, order="asc", after=listed[0].id))
        assert [one.id for one in after.data] == [one.id for one in listed[1:]]
        await maybe(client.responses.delete(first.id))
        with pytest.raises(NotFoundError, match=f"Response with id '{first.id}' not found"):
            await maybe(client.responses.retrieve(first.id))
        with pytest.raises(BadRequestError, match="Previous response with id"):
            await maybe(client.responses.create(model=MODEL, input="x", previous_response_id=first.id))
        third = await maybe(client.responses.create(model=MODEL, input="on", previous_response_id=second.id))
        assert third.output_text == "three"


@law
async def test_a_stored_response_is_streamed_again(client: Any) -> None:
    """With the numbers of its events, from where the client stopped to listen; it adds up to the same."""
    with intercept("a b c"):
        made = await maybe(client.responses.create(model=MODEL, input="hi", stream=True))
        told = await all_of(made)
        again = await all_of(await maybe(client.responses.retrieve(told[0].response.id, stream=True)))
        rest = await maybe(client.responses.retrieve(told[0].response.id, stream=True, starting_after=4))
    assert [(one.type, one.sequence_number) for one in again] == [(one.type, one.sequence_number) for one in told]
    assert again[-1].response == told[-1].response
    assert [one.sequence_number for one in await all_of(rest)] == list(range(5, len(told)))


@law
async def test_unknown_ids_are_the_apis_own_errors(client: Any) -> None:
    """Which are answers, and no reason for a test to fail; no rule is asked what to say to one."""
    with intercept("never") as llm:
        create = client.responses.create
        with pytest.raises(BadRequestError) as refused:
            await maybe(create(model=MODEL, input="x", previous_response_id="resp_1"))
        assert refused.value.body == {
            "message": "Previous response with id 'resp_1' not found.",
            "type": "invalid_request_error",
            "param": "previous_response_id",
            "code": "previous_response_not_found",
        }
        with pytest.raises(NotFoundError, match="Conversation with id 'conv_1' not found"):
            await maybe(create(model=MODEL, input="x", conversation="conv_1"))
        with pytest.raises(BadRequestError, match="Mutually exclusive parameters"):
            await maybe(create(model=MODEL, input="x", previous_response_id="r", conversation={"id": "c"}))
        for asked in (
            client.responses.retrieve,
            client.responses.delete,
            client.responses.cancel,
            client.responses.input_items.list,
        ):
            with pytest.raises(NotFoundError, match="Response with id 'resp_1' not found"):
                await all_of(await maybe(asked("resp_1")))
        with pytest.raises(BadRequestError, match="Previous response with id"):
            await maybe(client.responses.compact(model=MODEL, previous_response_id="resp_1"))
        for asked in (client.conversations.retrieve, client.conversations.delete, client.conversations.items.list):
            with pytest.raises(NotFoundError, match="Conversation with id 'conv_1' not found"):
                await all_of(await maybe(asked("conv_1")))
    assert all(call.status in {400, 404} for call in llm.calls)


@law
async def test_a_call_has_to_be_answered(client: Any) -> None:
    """Before a conversation goes on, each; in the next request or in what it continues."""
    with intercept() as llm:
        llm.on(turn=1).reply([tool_call("f", x=1), tool_call("f", x=2)])
        llm.reply("sunny")
        first = await maybe(client.responses.create(model=MODEL, input="weather?"))
        made = [{"type": "function_call_output", "call_id": one.call_id, "output": "1"} for one in first.output]
        for answered, left in ([], first.output[0]), (made[:1], first.output[1]):
            with pytest.raises(BadRequestError, match=f"No tool output found for function call {left.call_id}"):
                await maybe(client.responses.create(model=MODEL, input=answered, previous_response_id=first.id))
        second = await maybe(client.responses.create(model=MODEL, input=made, previous_response_id=first.id))
        third = await maybe(client.responses.create(model=MODEL, input="on", previous_response_id=second.id))
        assert third.output_text == "sunny"


@law
async def test_items_are_referred_to(client: Any) -> None:
    """By their ids, of what was asked and answered; conditions see them, and an unknown one is the API's own 404."""
    with intercept(heard):
        first = await maybe(client.responses.create(model=MODEL, input="hi"))
        asked = (await maybe(client.responses.input_items.list(first.id))).data[0]
        items = [{"type": "item_reference", "id": one.id} for one in (asked, first.output[0])]
        second = await maybe(client.responses.create(model=MODEL, input=[*items, {"role": "user", "content": "on"}]))
        assert second.output_text == "user: hi | assistant: user: hi | user: on"
        third = await maybe(client.responses.create(model=MODEL, input="more", previous_response_id=second.id))
        assert third.output_text.startswith("user: hi | assistant: user: hi | user: on | assistant: user: hi")
        with pytest.raises(NotFoundError, match=r"Item with id 'msg_1' not found\. Items are not persisted"):
            await maybe(client.responses.create(model=MODEL, input=[{"type": "item_reference", "id": "msg_1"}]))


@law
async def test_what_is_not_to_be_stored_is_not(client: Any) -> None:
    """As the API does; what broke off was not answered either."""
    with intercept() as llm:
        llm.on("breaks").reply(Reply("a b c d", fault=disconnect(after=2)))
        llm.reply("hello")
        made = await maybe(client.responses.create(model=MODEL, input="hi", store=False))
        with pytest.raises(NotFoundError):
            await maybe(client.responses.retrieve(made.id))
        with pytest.raises(BadRequestError):
            await maybe(client.responses.create(model=MODEL, input="x", previous_response_id=made.id))
        broken = await maybe(client.responses.create(model=MODEL, input="breaks", stream=True))
        with pytest.raises(Exception, match="Connection error"):
            await all_of(broken)
        assert [call.status for call in llm.calls] == [200, 404, 400, 200]


@law
async def test_conversations_grow_by_what_is_asked_and_answered(client: Any) -> None:
    """Made with items, asked in, listed, changed and deleted by the SDK's methods."""
    with intercept(heard):
        system = {"type": "message", "role": "system", "content": "Be."}
        made = await maybe(client.conversations.create(items=[system], metadata={"a": "b"}))
        assert await maybe(client.conversations.retrieve(made.id)) == made
        assert (made.object, made.metadata) == ("conversation", {"a": "b"})
        first = await maybe(client.responses.create(model=MODEL, input="one", conversation=made.id))
        assert (first.output_text, first.conversation.id) == ("system: Be. | user: one", made.id)
        stream = await maybe(
            client.responses.create(model=MODEL, input="two", conversation={"id": made.id}, stream=True)
        )
        last = (await all_of(stream))[-1].response
        assert last.output_text.endswith("| user: one | assistant: system: Be. | user: one | user: two")
        items = await all_of(client.conversations.items.list(made.id, order="asc", limit=2))
        assert [one.role for one in items] == ["system", "user", "assistant", "user", "assistant"]
        assert items[2].id == first.output[0].id
        assert await maybe(client.conversations.items.retrieve(items[1].id, conversation_id=made.id)) == items[1]
        assert (await maybe(client.conversations.items.delete(items[1].id, conversation_id=made.id))).id == made.id
        with pytest.raises(NotFoundError, match="Item with id"):
            await maybe(client.conversations.items.retrieve(items[1].id, conversation_id=made.id))
        added = await maybe(
            client.conversations.items.create(made.id, items=[{"role": "user", "content": "new", "type": "message"}])
        )
        assert [one.content[0].text for one in added.data] == ["new"]
        left = await all_of(client.conversations.items.list(made.id, order="asc"))
        assert [one.id for one in left] == [items[0].id, *(one.id for one in items[2:]), added.data[0].id]
        assert (await maybe(client.conversations.update(made.id, metadata={"c": "d"}))).metadata == {"c": "d"}
        assert (await maybe(client.conversations.delete(made.id))).deleted
        with pytest.raises(NotFoundError):
            await maybe(client.responses.create(model=MODEL, input="x", conversation=made.id))


@law
async def test_a_conversation_is_compacted(client: Any) -> None:
    """What the user said stays, one item stands for the rest, and the next request may begin with them."""
    with intercept() as llm:
        llm.reply("one", "two")
        first = await maybe(client.responses.create(model=MODEL, input="hi"))
        short = await maybe(client.responses.compact(model=MODEL, input="more", previous_response_id=first.id))
        assert [one.type for one in short.output] == ["message", "message", "compaction"]
        assert [one.content[0].text for one in short.output[:2]] == ["hi", "more"]
        assert short.usage.input_tokens > first.usage.input_tokens
        begun = [one.model_dump(exclude_none=True, warnings=False) for one in short.output]
        again = await maybe(client.responses.create(model=MODEL, input=[*begun, {"role": "user", "content": "on"}]))
        assert again.output_text == "two"
    assert (llm.calls[1].source, llm.calls[1].request.api) == ("default", "openai.responses.compact")
    assert llm.calls[2].request.last_user == "on"


def test_it_belongs_to_the_interceptor_that_answered() -> None:
    """An inner block sees what the outer answered; what the inner answered is gone with it; others know nothing."""
    client = sdk(OpenAI)
    with intercept(heard):
        first = client.responses.create(model=MODEL, input="a")
        with intercept() as inner:
            inner.on(turn=2).reply(heard)
            second = client.responses.create(model=MODEL, input="b", previous_response_id=first.id)
            assert second.output_text == "user: a | assistant: user: a | user: b"
            third = client.responses.create(model=MODEL, input="c", previous_response_id=second.id)
            assert third.output_text.endswith("user: c")
        assert client.responses.retrieve(third.id) == third
        with pytest.raises(NotFoundError):
            client.responses.retrieve(second.id)
    with intercept("x"), pytest.raises(NotFoundError):
        client.responses.retrieve(first.id)


def test_a_long_chain_can_be_pickled_and_copied() -> None:
    """Calls travel between processes, with their messages and without what these were read from."""
    before: Any = ()
    for _ in range(600):
        said = [{"role": "assistant", "content": "x"}]
        before = KeptResponse({"output": said}, {"input": "on"}, before, "")
    head = WireRequest("POST", RESPONSES, "api.openai.com", "/v1/responses", {})
    body = respond("last")
    sent = ResponsesRequest.of(head, body, b"").after(before, body)
    for copied in (pickle.loads(pickle.dumps(sent)), copy.deepcopy(sent)):
        assert copied == sent
        assert (copied.turn, copied.last_user) == (601, "last")


def test_the_same_request_inside_and_outside_has_one_id_and_two_answers() -> None:
    """Ids follow from requests; the inner block's answer goes with it, and the outer's is still there."""
    client = sdk(OpenAI)
    with intercept("outer"):
        outer = client.responses.create(model=MODEL, input="a")
        with intercept("inner"):
            inner = client.responses.create(model=MODEL, input="a")
            assert inner.id == outer.id
            assert client.responses.retrieve(inner.id).output_text == "inner"
        assert client.responses.retrieve(outer.id).output_text == "outer"


def test_rules_answer_where_they_say_so() -> None:
    """A rule about conversations does not; ready responses are continued by the ids that they have."""
    content = [{"type": "output_text", "text": "mine", "annotations": []}]
    item = {"type": "message", "role": "assistant", "id": "m", "content": content}
    ready = {"id": "resp_mine", "object": "response", "output": [item]}
    with intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.responses.stored", url="*/resp_ruled").reply(raw({"id": "ruled"}))
        llm.on("ready").reply(raw(ready))
        llm.reply(heard)
        headers = {"user-agent": "OpenAI/Python 3"}
        assert client.get(f"{RESPONSES}/resp_ruled", headers=headers).json() == {"id": "ruled"}
        assert client.get(f"{RESPONSES}/other").status_code == 404
        for stream in (False, True):
            client.post(RESPONSES, json=respond("ready", stream=stream))
            asked = respond("on", previous_response_id="resp_mine")
            said = client.post(RESPONSES, json=asked).json()["output"][0]["content"][0]["text"]
            assert said == "user: ready | assistant: mine | user: on"


def test_what_it_costs_and_counts() -> None:
    """Requests about answers are calls whose answer is the API's own; they cost nothing, and fulfil no rule.

    Those about sessions, which frameworks make beside the model, are listed apart and count nowhere.
    """
    client = sdk(OpenAI)
    with intercept("hi", all_used=True) as llm:
        llm.budget(calls=2)
        made = client.responses.create(model=MODEL, input="x")
        client.responses.retrieve(made.id)
        client.conversations.create()
    assert [call.source for call in llm.calls] == ["rule", "default"]
    assert [call.request.api for call in llm.calls] == ["openai.responses", "openai.responses.stored"]
    assert [call.usage is None for call in llm.calls] == [False, True]
    assert [(call.request.api, call.source) for call in llm.side_calls] == [("openai.conversations", "default")]


def test_the_oldest_are_forgotten_and_conversations_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand are kept; a conversation longer than any model reads is refused as the API does."""
    monkeypatch.setattr(recall, "LONGEST", 5)
    client = sdk(OpenAI)
    with intercept("hi") as llm, httpx.Client() as http:
        made = client.responses.create(model=MODEL, input="first")
        for _ in range(2):
            made = client.responses.create(model=MODEL, input="on", previous_response_id=made.id)
        with pytest.raises(BadRequestError, match="exceeds the context window"):
            client.responses.create(model=MODEL, input="on", previous_response_id=made.id)
        monkeypatch.undo()
        client.responses.create(model=MODEL, input="on", previous_response_id=made.id)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: http.post(RESPONSES, json=respond(f"{n}")), range(1000)))
        with pytest.raises(NotFoundError):
            client.responses.retrieve(made.id)
    assert len(llm.calls) > 1000


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.text(min_size=1, max_size=8), st.booleans()), min_size=1, max_size=8))
def test_every_branch_is_told_as_if_it_were_sent_whole(steps: list[tuple[int, str, bool]]) -> None:
    """Whatever tree of continuations is asked, each request's messages are those of one that says all itself."""
    with intercept(lambda request: f"{len(request.messages)}!"), httpx.Client() as client:
        made: list[tuple[str, list[dict[str, Any]]]] = []
        for which, word, stream in steps:
            parent, said = made[which % len(made)] if made and which % 3 else ("", [])
            whole = [*said, {"role": "user", "content": word}]
            more = {"previous_response_id": parent} if parent else {}
            answer = client.post(RESPONSES, json=respond(word, stream=stream, **more)).text
            body = events(answer)[-1]["response"] if stream else client.get(f"{RESPONSES}/{_id(answer)}").json()
            assert body["output"][0]["content"][0]["text"] == f"{len(whole)}!"
            made.append((body["id"], [*whole, {"role": "assistant", "content": f"{len(whole)}!"}]))


def _id(answer: str) -> str:
    return answer.partition('"id": "')[2].partition('"')[0] or answer.partition('"id":"')[2].partition('"')[0]
