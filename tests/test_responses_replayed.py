"""Conversations on a tape: found by what they continue, whichever ids were recorded."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from openai import NotFoundError, OpenAI

from llm_intercept import Interceptor, InterceptTransport, Pace, Reply, intercept
from tests.test_responses_state import MODEL, heard, sdk

if TYPE_CHECKING:
    from pathlib import Path


def recording(folder: Path, reply: Any = heard, seed: int = 7) -> Any:
    """Make a client whose requests are recorded; what answers them is another interceptor, as the API would."""
    api = httpx2.Client(transport=InterceptTransport(reply, seed=seed, time_scale=0))

    def upstream(request: httpx2.Request) -> httpx2.Response:
        def send() -> httpx2.Response:  # outside of what lets a request out
            return api.request(request.method, request.url, content=request.read(), headers=request.headers)

        answer = contextvars.Context().run(send)
        headers = {"content-type": answer.headers["content-type"]}
        return httpx2.Response(answer.status_code, headers=headers, content=answer.content)

    recorder = Interceptor(recordings=folder, mode="record")
    transport = InterceptTransport(inner=httpx2.MockTransport(upstream), interceptor=recorder)
    return OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=transport))


def talk(client: Any, words: str, *, stream: bool) -> list[str]:
    """Ask one thing after the other; what was answered."""
    said, last = [], None
    for word in words.split():
        if stream:
            with client.responses.stream(model=MODEL, input=word, previous_response_id=last) as events:
                answer = events.get_final_response()
        else:
            answer = client.responses.create(model=MODEL, input=word, previous_response_id=last)
        said.append(answer.output_text)
        last = answer.id
    return said


@pytest.mark.parametrize("recorded", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("played", [False, True], ids=["json", "stream"])
def test_a_conversation_replays_in_both_shapes(tmp_path: Path, recorded: bool, played: bool) -> None:
    """Two that say the same at the end are told apart by what they continue; each request has all that was said."""
    client = recording(tmp_path)
    both = [talk(client, words, stream=recorded) for words in ("a go on", "b go on")]
    assert both[1][2].startswith("user: b")
    with intercept(recordings=tmp_path, mode="replay") as llm:
        assert [talk(sdk(OpenAI), words, stream=played) for words in ("b go on", "a go on")] == both[::-1]
    assert [call.request.turn for call in llm.calls] == [1, 2, 3] * 2
    assert {call.source for call in llm.calls} == {"recording"}


def test_recorded_again_it_has_the_same_names(tmp_path: Path) -> None:
    """Though the API's ids are others."""
    names = []
    for seed in (1, 2):
        talk(recording(tmp_path / str(seed), seed=seed), "a go on", stream=False)
        names.append(sorted(one.name for one in (tmp_path / str(seed)).glob("*.json")))
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_what_is_asked_about_an_id_has_the_same_names_and_each_id_its_own_answer(tmp_path: Path) -> None:
    """The ids are the API's, in paths as elsewhere."""
    names = []
    for seed in (1, 2):
        client = recording(tmp_path / str(seed), seed=seed)
        made = [client.responses.create(model=MODEL, input=word) for word in "ab"]
        assert [client.responses.retrieve(one.id).id for one in made] == [one.id for one in made]
        names.append(sorted(one.name for one in (tmp_path / str(seed)).glob("*.json")))
    assert names[0] == names[1]
    assert sum(name.startswith("002-") for name in names[0]) == 1
    with intercept(recordings=tmp_path / "2", mode="replay"):
        assert [sdk(OpenAI).responses.retrieve(one.id).id for one in reversed(made)] == [made[1].id, made[0].id]


def test_a_changed_answer_before_is_a_miss_that_says_so(tmp_path: Path) -> None:
    """What was recorded continues another answer."""
    talk(recording(tmp_path), "a go", stream=False)
    said = "continues another answer: what was answered before has changed"
    with pytest.raises(NotFoundError, match=said), intercept(recordings=tmp_path, mode="replay") as llm:
        llm.on("a").reply("changed")
        talk(sdk(OpenAI), "a go", stream=False)


def test_what_is_asked_about_answers_is_on_the_tape_too(tmp_path: Path) -> None:
    """Retrieving, conversations and their items; what a rule has answered is asked of the one who answered."""

    def ask(client: Any) -> list[str]:
        made = client.responses.create(model=MODEL, input="a")
        conversation = client.conversations.create(metadata={"a": "b"})
        second = client.responses.create(model=MODEL, input="b", conversation=conversation.id)
        items = [one.content[0].text for one in client.conversations.items.list(conversation.id, order="asc")]
        return [client.responses.retrieve(made.id).output_text, second.output_text, *items]

    said = ask(recording(tmp_path))
    with intercept(recordings=tmp_path, mode="replay") as llm:
        assert ask(sdk(OpenAI)) == said
        assert {call.source for call in llm.calls} == {"recording"}
        llm.on("ruled").reply("by a rule")
        made = sdk(OpenAI).responses.create(model=MODEL, input="ruled")
        assert sdk(OpenAI).responses.retrieve(made.id) == made
    assert [call.source for call in llm.calls[-2:]] == ["rule", "default"]


def test_polling_is_on_the_tape(tmp_path: Path) -> None:
    """How far the work was at each look is played in order; what was recorded unfinished is not said to be known."""

    def poll(client: Any) -> list[str]:
        made = client.responses.create(model=MODEL, input="a", background=True)
        looks = [client.responses.retrieve(made.id) for _ in range(3)]
        return [made.status, *(one.status for one in looks), looks[-1].output_text]

    told = poll(recording(tmp_path, Reply("done", pace=Pace(ttft=60))))
    assert told == ["queued", "in_progress", "completed", "completed", "done"]
    with intercept(recordings=tmp_path, mode="replay") as llm:
        assert poll(sdk(OpenAI)) == told
    assert {call.source for call in llm.calls} == {"recording"}
