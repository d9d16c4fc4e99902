"""The models list: who is answered, what is listed, and that nobody else's page is taken for it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai.types import Model

from llm_intercept import api_error, embedding, intercept, raw
from llm_intercept.dialects.openai_models.catalogue import MODELS
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from tests.openai_schema import SCHEMA, validator
from tests.recorded import own
from tests.support import ask, complete, maybe

URL = "https://api.openai.com/v1/models"
SDK = {"user-agent": "AsyncOpenAI/Python 3.54.0", "x-stainless-lang": "python"}


def shape(value: Any) -> Any:
    """Keys in their order and types; of a list, its first."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


def test_a_block_lists_models_by_itself(family: str, is_async: bool) -> None:
    """A text given to a block answers conversations, and the models list is the usual one."""

    async def run(client: Any) -> Any:
        response = await maybe(client.get(URL))
        await maybe(client.aclose() if is_async else client.close())
        return response

    module = pytest.importorskip(family)
    with intercept("hi") as llm:
        response = complete(run((module.AsyncClient if is_async else module.Client)()), is_async=is_async)
        assert ask(module) == "hi"
    assert [one["id"] for one in response.json()["data"]] == list(MODELS)
    assert [(call.request.api, call.source) for call in llm.calls] == [
        ("openai.models", "default"),
        ("openai.chat", "rule"),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_a_listed_model_can_be_retrieved(name: str) -> None:
    """Each model of the list is shown by its id, as the SDK and OpenAI's schema have it."""
    with intercept(), httpx.Client() as client:
        shown = client.get(f"{URL}/{name}").json()
    assert shown == MODELS[name]
    Model.model_validate(shown, strict=True)
    if SCHEMA.exists():
        validator("Model").validate(shown)


def test_the_list_is_what_openais_schema_says() -> None:
    """The list validates against OpenAI's own schema, and is the same each time."""
    with intercept(), httpx.Client() as client:
        first, second = client.get(URL), client.get(URL)
    assert first.content == second.content
    if SCHEMA.exists():
        validator("ListModelsResponse").validate(first.json())


@pytest.mark.parametrize("exchange", own(endpoint="models"), ids=lambda one: one.name)
def test_the_projects_own_exchanges_have_our_shape(exchange: Any) -> None:
    """The exchanges made after docs/wire.md are written as they are, but for rate limits, of which this API tells none."""
    with intercept(), httpx.Client() as client:
        ours = client.get(exchange.url)
    assert shape(ours.json()) == shape(exchange.body)
    expected = {name for name, _ in exchange.headers if not name.startswith("x-ratelimit-")}
    assert expected <= set(ours.headers)
    assert not [name for name in ours.headers if name.startswith("x-ratelimit-")]


@pytest.mark.parametrize("name", ["gpt-1", "meta-llama/Llama-4", "ft:gpt-4o:org::1", "a b"])
def test_a_model_that_nobody_knows_is_not_found_in_openais_words(name: str) -> None:
    """A model that no rule and no list knows is a 404 that names it."""
    with intercept() as llm, httpx.Client() as client:
        response = client.get(f"{URL}/{name}")
    error = {
        "message": f"The model '{name}' does not exist",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }
    assert (response.status_code, response.json()) == (404, {"error": error})
    assert len(llm.calls) == 1


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/openai/v1/models", "/openai/models", "/api/v1/models", "/models", "/proxy/v1/models/gpt-4o"],
)
def test_an_sdk_is_answered_whatever_the_host(path: str) -> None:
    """A request that an SDK of OpenAI's makes is answered on any host."""
    with intercept(), httpx.Client(headers=SDK) as client:
        assert client.get(f"http://llm.test{path}").status_code == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models", {}),
        ("/models", {}),
        ("/v1/models", {"user-agent": "Anthropic/Python 1.40.0", "x-stainless-lang": "python"}),
        ("/shop/models", SDK),
        ("/v1/models_of_ours", SDK),
        ("/v1/chat/models/x/y", {}),
    ],
)
def test_somebody_elses_page_goes_its_way(server: Any, path: str, headers: dict[str, str]) -> None:
    """A page of another service, or asked for by another SDK, is not answered for."""
    with intercept("hi"), httpx.Client(headers=headers) as client:
        assert client.get(server.url + path).status_code == 200
    assert [one.path for one in server.requests] == [path]


def test_deleting_a_model_is_stopped_and_explained() -> None:
    """What else there is below /models is stopped like any unknown path of a known host."""
    with (
        pytest.raises(UnmatchedRequestError, match="DELETE /v1/models/mine"),
        intercept("hi"),
        httpx.Client() as client,
    ):
        assert client.delete(f"{URL}/mine").status_code == 404


@pytest.mark.parametrize("condition", [{"api": "openai.models"}, {"url": "*/models"}])
def test_a_rule_gives_another_list(condition: dict[str, str]) -> None:
    """A rule that means the models gives the body it is given."""
    mine = {"object": "list", "data": [{"id": "mine", "object": "model", "created": 1, "owned_by": "me"}]}
    with intercept("hi") as llm, httpx.Client() as client:
        llm.on(**condition).reply(raw(mine))
        assert client.get(URL).json() == mine
        assert ask(client) == "hi"
    assert [call.source for call in llm.calls] == ["rule", "rule"]


def test_a_conversations_rule_on_the_model_does_not_mean_the_models_page() -> None:
    """A rule for a model answers what that model is asked, not what the model is."""
    with intercept() as llm, httpx.Client() as client:
        rule = llm.on(model="gpt-4o").reply("hi")
        assert client.get(f"{URL}/gpt-4o").json()["id"] == "gpt-4o"
    assert rule.used == 0


def test_vectors_do_not_answer_the_models() -> None:
    """A catch-all of vectors means embeddings alone."""
    with intercept(embedding([1.0])) as llm, httpx.Client() as client:
        assert client.get(URL).status_code == 200
    assert [call.source for call in llm.calls] == ["default"]


def test_errors_answer_the_models_too() -> None:
    """A catch-all that fails, fails here too."""
    with intercept(api_error(401)), httpx.Client() as client:
        assert client.get(URL).json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("reply", ["text", embedding([1.0]), raw([{"a": 1}])])
def test_what_cannot_be_a_list_is_a_mistake_that_is_told(reply: Any) -> None:
    """A reply that is meant for the models and cannot answer them says what to give instead."""
    with pytest.raises(ReplyError, match=r"raw\(\{…\}\)"), intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.models").reply(reply)
        assert client.get(URL).status_code == 500


@pytest.mark.parametrize("size", ["9" * 5000, "0" * 5000 + "2", "²", "-1", ""])
@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://api.anthropic.com/v1/models?limit={}", {"anthropic-version": "2023-06-01"}),
        ("https://generativelanguage.googleapis.com/v1beta/models?pageSize={}&pageToken={}", {}),
        ("https://api.openai.com/v1/chat/completions?limit={}", {}),
    ],
)
def test_the_size_of_a_page_may_be_any_text(url: str, headers: dict[str, str], size: str) -> None:
    """What is no number, or one that Python would not read, is a page all the same."""
    with intercept("hi"):
        assert httpx.get(url.format(size, size), headers=headers).status_code == 200
