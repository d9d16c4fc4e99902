"""Moderations: nothing is flagged unless a reply says so, in both families of models."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import ModerationCreateResponse

from llm_intercept import InterceptTransport, api_error, auto, embedding, intercept, moderation, raw
from llm_intercept.dialects.openai_moderations.categories import OMNI, TEXT
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from tests.amounts import examples
from tests.openai_schema import SCHEMA, validator
from tests.support import ask, complete, maybe

URL = "https://api.openai.com/v1/moderations"
OLD = "text-moderation-latest"
IMAGE = {"type": "image_url", "image_url": {"url": "https://img.test/a.png"}}
PART = {"type": "text", "text": "a cat"}
LAW = settings(max_examples=examples(40), deadline=None)


def moderated(client: Any, of: Any = "a cat", **more: Any) -> Any:
    response = client.post(URL, json={"input": of, **more})
    assert response.status_code == 200, response.text
    return response.json()


def found(result: Any) -> list[str]:
    return [name for name, flagged in result["categories"].items() if flagged]


def test_a_block_flags_nothing_by_itself(family: str, is_async: bool) -> None:
    """A text given to a block answers conversations, and moderations find nothing; both are listed."""

    async def run(client: Any) -> Any:
        response = await maybe(client.post(URL, json={"input": ["one", "two"]}))
        await maybe(client.aclose() if is_async else client.close())
        return response

    module = pytest.importorskip(family)
    with intercept("hi") as llm:
        response = complete(run((module.AsyncClient if is_async else module.Client)()), is_async=is_async)
        assert ask(module) == "hi"
    assert [one["flagged"] for one in response.json()["results"]] == [False, False]
    assert [(call.request.api, call.source, call.request.last_user) for call in llm.calls] == [
        ("openai.moderations", "default", "one\ntwo"),
        ("openai.chat", "rule", "hi"),
    ]


@LAW
@given(
    st.one_of(st.text(), st.lists(st.text(), min_size=1, max_size=3), st.just([PART, IMAGE]), st.just([IMAGE])),
    st.sampled_from(["omni-moderation-latest", "omni-moderation-2024-09-26", None]),
    st.dictionaries(st.sampled_from(OMNI), st.floats(0, 1), max_size=3),
)
def test_an_answer_is_what_the_sdk_and_openais_schema_say(of: Any, model: str | None, scores: dict[str, float]) -> None:
    """Every category in OpenAI's order; what is found is flagged; scores are the same for the same input."""
    more = {} if model is None else {"model": model}
    with httpx.Client(transport=InterceptTransport(moderation(**scores))) as client:
        answer, again = moderated(client, of, **more), moderated(client, of, **more)
    assert answer["results"] == again["results"]
    assert answer["id"] != again["id"]
    for result in answer["results"]:
        assert list(result) == ["flagged", "categories", "category_scores", "category_applied_input_types"]
        assert tuple(result["categories"]) == tuple(result["category_scores"]) == OMNI
        assert sorted(found(result)) == sorted(name for name, score in scores.items() if score >= 0.5)
        assert result["flagged"] is bool(found(result))
        assert {name: result["category_scores"][name] for name in scores} == scores
    ModerationCreateResponse.model_validate(answer)
    if SCHEMA.exists():
        validator("CreateModerationResponse").validate(answer)


def test_the_older_models_have_fewer_categories_and_do_not_say_what_they_looked_at() -> None:
    """And are named by their version, as OpenAI names them."""
    with intercept(moderation("violence/graphic")), httpx.Client() as client:
        answer = moderated(client, model=OLD)
    (result,) = answer["results"]
    assert (answer["model"], list(result)) == ("text-moderation-007", ["flagged", "categories", "category_scores"])
    assert (tuple(result["categories"]), found(result)) == (TEXT, ["violence/graphic"])


@pytest.mark.parametrize(
    ("of", "count", "violence", "hate"),
    [
        ("a", 1, ["text"], ["text"]),
        (["a", "b"], 2, ["text"], ["text"]),
        ([PART], 1, ["text"], ["text"]),
        ([IMAGE], 1, ["image"], []),
        ([PART, IMAGE], 1, ["text", "image"], ["text"]),
    ],
)
def test_parts_are_one_input_and_texts_are_several(of: Any, count: int, violence: list[str], hate: list[str]) -> None:
    """A result says which kinds of input each category was looked for in."""
    with intercept() as llm, httpx.Client() as client:
        results = moderated(client, of)["results"]
    assert len(results) == count
    for result in results:
        applied = result["category_applied_input_types"]
        assert (applied["violence"], applied["hate"]) == (violence, hate)
    kinds = [type(part).__name__ for part in llm.calls[0].request.messages[0].parts]
    assert kinds == ["Text"] * ("text" in violence) + ["Media"] * ("image" in violence)


def test_what_is_found_is_said_by_name_or_score() -> None:
    """By the API's names or Python's; a list has a moderation for each input, and begins again."""
    with intercept() as llm, httpx.Client() as client:
        llm.on("one").reply(moderation("self-harm/intent", "illicit_violent", hate=0.5, sexual=0.49))
        llm.on("list").reply([moderation("hate"), moderation()])
        llm.on(lambda request: request.last_user == "f", api="openai.moderations").reply(lambda _: moderation("hate"))
        (one,) = moderated(client, "one")["results"]
        assert sorted(found(one)) == ["hate", "illicit/violent", "self-harm/intent"]
        assert (one["category_scores"]["hate"], one["category_scores"]["sexual"]) == (0.5, 0.49)
        assert one["category_scores"]["self-harm/intent"] >= 0.9
        assert [found(each) for each in moderated(client, ["list", "b", "c"])["results"]] == [["hate"], [], ["hate"]]
        assert found(moderated(client, "f")["results"][0]) == ["hate"]


def test_which_rules_mean_moderations() -> None:
    """Errors and `auto()` answer them too; texts and vectors do not."""
    with intercept() as llm, httpx.Client() as client:
        script = llm.on("cat").reply("a text", "another")
        llm.on("cat").reply(embedding([1.0]))
        assert not moderated(client)["results"][0]["flagged"]
        assert script.used == 0
        llm.on("dog").reply(api_error(429))
        llm.on("cow", url="*/moderations").reply(auto())
        assert client.post(URL, json={"input": "dog"}).status_code == 429
        moderated(client, "cow")
    assert [call.source for call in llm.calls] == ["default", "rule", "rule"]


def test_a_ready_body_is_sent_as_it_is() -> None:
    """As JSON or as text."""
    mine = {"id": "modr-1", "model": "m", "results": []}
    with intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.moderations").reply(raw(mine), raw(json.dumps(mine)))
        assert [moderated(client) for _ in range(2)] == [mine, mine]


@pytest.mark.parametrize("reply", ["text", embedding([1.0]), raw([{"a": 1}]), moderation("violense")])
def test_what_cannot_answer_is_a_mistake_that_is_told(reply: Any) -> None:
    """A category that the model does not have is named, and what was probably meant."""
    with pytest.raises(ReplyError) as caught, intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.moderations").reply(reply)
        assert client.post(URL, json={"input": "x"}).status_code == 500
    assert "test_moderations.py" in str(caught.value)
    if "violense" in repr(reply):
        assert "'violence'" in str(caught.value)


def test_a_category_of_the_new_models_is_a_mistake_for_the_old() -> None:
    """Both have their own."""
    with (
        pytest.raises(ReplyError, match="no such category"),
        intercept(moderation("illicit")),
        httpx.Client() as client,
    ):
        client.post(URL, json={"input": "x", "model": OLD})


def test_a_moderation_cannot_answer_a_conversation() -> None:
    """Nor embeddings."""
    with (
        pytest.raises(ReplyError, match="cannot answer a question"),
        intercept(moderation("hate")),
        httpx.Client() as client,
    ):
        client.post(
            "https://api.openai.com/v1/chat/completions",
            json={"model": "m", "messages": [{"role": "user", "content": "hi"}]},
        )


@pytest.mark.parametrize("given", [{"hate": 2}, {"hate": -0.1}, {"hate": True}, {"hate": "x"}, {"hate": float("nan")}])
def test_a_score_is_a_number_from_0_to_1(given: Any) -> None:
    """Anything else is refused where it is written."""
    with pytest.raises(ReplyError, match="from 0 to 1"):
        moderation(**given)
    with pytest.raises(ReplyError, match="names of categories"):
        moderation("")


def test_it_is_shown_as_it_is_made() -> None:
    """With its names and scores."""
    assert repr(moderation("violence", hate=0.9)) == "moderation('violence', hate=0.9)"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "Missing required parameter: 'input'."),
        ({"input": []}, "'$.input' is invalid."),
        ({"input": [1]}, "'$.input' is invalid."),
        ({"input": [{"type": "video"}]}, "'$.input' is invalid."),
        ({"input": ["a", PART]}, "'$.input' is invalid."),
        ({"input": [IMAGE], "model": OLD}, "'$.input' is invalid."),
    ],
)
def test_what_openai_refuses_is_refused_in_its_words(sent: Any, message: str) -> None:
    """Before any rule is asked."""
    with intercept(), httpx.Client() as client:
        response = client.post(URL, json=sent)
    assert (response.status_code, response.json()["error"]["message"][: len(message)]) == (400, message)


def test_mistrals_moderations_are_not_taken_for_openais() -> None:
    """They have other categories."""
    with pytest.raises(UnmatchedRequestError, match="Mistral"), intercept(), httpx.Client() as client:
        client.post("https://api.mistral.ai/v1/moderations", json={"input": "x", "model": "mistral-moderation-latest"})


def test_a_take_is_played(server: Any, tmp_path: Any) -> None:
    """What was recorded is found again, and nothing is flagged where nothing was recorded: it is a miss."""
    url = f"{server.url}/v1/moderations"
    with intercept(mode="record", recordings=tmp_path / "tape"), httpx.Client() as client:
        client.post(url, json={"input": "x"})
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm, httpx.Client() as client:
        assert client.post(url, json={"input": "x"}).json() == {"input": "x"}
    assert [call.source for call in llm.calls] == ["recording"]
