"""Embeddings: what is read, refused and answered; the default vector's laws; and which rules mean them."""

from __future__ import annotations

import base64
import json
import math
import ssl
import struct
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from llm_intercept import (
    InterceptTransport,
    Recordings,
    Reply,
    api_error,
    auto,
    embedding,
    intercept,
    raw,
    timeout,
)
from llm_intercept.dialects.openai_embeddings.write import packed, unpacked
from llm_intercept.dialects.shared.vectors import embedded
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from tests.amounts import examples
from tests.openai_schema import SCHEMA, validator
from tests.recorded import needs_recordings, own
from tests.support import SHARED, ask, complete, maybe
from tests.upstream import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.upstream import Upstream

URL = "https://api.openai.com/v1/embeddings"
AZURE = "https://it.openai.azure.com/openai/deployments/mine/embeddings?api-version=2024-10-21"
ELSEWHERE = "http://llm.test/v1/embeddings"
SMALL, LARGE, ADA = "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"
MEANT = [{"api": "openai.embeddings"}, {"url": "*/embeddings"}, {"model": "text-embedding-*"}]
LAW = settings(max_examples=examples(30), deadline=None)
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäßж", min_size=1, max_size=8)


def body(of: Any = "a cat", **more: Any) -> dict[str, Any]:
    return {"model": SMALL, "input": of, **more}


def embed(client: Any, of: Any = "a cat", *, url: str = URL, **more: Any) -> Any:
    response = client.post(url, json=body(of, **more))
    assert response.status_code == 200, response.text
    return response.json()


def vectors(answer: Any) -> list[Any]:
    return [one["embedding"] for one in answer["data"]]


def cosine(one: list[float], other: list[float]) -> float:
    return math.sumprod(one, other) if hasattr(math, "sumprod") else sum(map(float.__mul__, one, other))


def as_bits(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


# --- the default embedding ---------------------------------------------------------------------------------------------


@LAW
@given(st.text(), st.integers(1, 3072))
def test_a_default_vector_is_of_length_one(text: str, dimensions: int) -> None:
    """Whatever the text, and however few dimensions, the length is 1 within a millionth."""
    vector = embedded(text, dimensions)
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-6)


@LAW
@given(st.text())
def test_equal_texts_have_a_cosine_of_one(text: str) -> None:
    """The same text has the same vector, to the bit."""
    one = embedded(text, 1536)
    assert one == embedded(text, 1536)
    assert cosine(one, one) == pytest.approx(1, abs=1e-6)


@LAW
@given(st.text(), st.text())
def test_different_texts_have_different_vectors(one: str, other: str) -> None:
    """No two texts share a vector, also not those of the same words in another order."""
    assume(one != other)
    assert embedded(one, 1536) != embedded(other, 1536)


@LAW
@given(st.lists(WORDS, min_size=24, max_size=24, unique_by=str.casefold), st.data())
def test_the_text_that_shares_more_words_is_nearer(words: list[str], data: st.DataObject) -> None:
    """Of three texts of eight words, the one that shares more words with the query is nearer, by two words or more."""
    query, others = words[:8], words[8:]
    few = data.draw(st.integers(0, 6))
    many = data.draw(st.integers(few + 2, 8))
    near, far = [*query[:many], *others[: 8 - many]], [*query[8 - few :], *others[8 : 16 - few]]
    texts = [" ".join(data.draw(st.permutations(one))) for one in (query, near, far)]
    asked, nearer, farther = (embedded(text, 1536) for text in texts)
    assert cosine(asked, nearer) > cosine(asked, farther)


@LAW
@given(st.text(), st.integers(1, 1536))
def test_fewer_dimensions_are_the_beginning_of_more_at_length_one(text: str, dimensions: int) -> None:
    """A shortened vector is the whole one's beginning, scaled to length 1."""
    beginning = embedded(text, 1536)[:dimensions]
    length = math.hypot(*beginning)
    assert embedded(text, dimensions) == pytest.approx([one / length for one in beginning], abs=2e-6)


@LAW
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=20))
def test_base64_says_the_same_numbers(numbers: list[float]) -> None:
    """What base64 says is read back to the bit."""
    assert unpacked(packed(numbers)) == numbers


def test_a_thousand_inputs_of_a_hundred_words_take_about_a_second() -> None:
    """A batch of documents is embedded in about a second, as base64 or numbers."""
    texts = [" ".join(f"word{(one * 31 + number * 7) % 3000}" for number in range(100)) for one in range(1000)]
    with intercept(), httpx.Client() as client:
        began = time.process_time()
        client.post(URL, json=body(texts, encoding_format="base64"))
        assert time.process_time() - began < 4  # on a machine that does much else beside


# --- answers -----------------------------------------------------------------------------------------------------------


def test_a_block_answers_embeddings_by_itself(family: str, is_async: bool) -> None:
    """A text given to a block answers conversations, and embeddings get the default vector; both are listed."""

    async def run(client: Any) -> Any:
        response = await maybe(client.post(URL, json=body(["one", "two"])))
        await maybe(client.aclose() if is_async else client.close())
        return response

    module = pytest.importorskip(family)
    with intercept("hi") as llm:
        response = complete(run((module.AsyncClient if is_async else module.Client)()), is_async=is_async)
        assert ask(module) == "hi"
    assert vectors(response.json()) == [embedded("one", 1536), embedded("two", 1536)]
    assert [(call.request.api, call.source, call.status) for call in llm.calls] == [
        ("openai.embeddings", "default", 200),
        ("openai.chat", "rule", 200),
    ]


@pytest.mark.parametrize(
    ("of", "texts", "count"),
    [
        ("one two", "one two", 1),
        (["one", "two"], "one\ntwo", 2),
        ([1, 2, 3], "", 1),
        ([[1, 2], [3]], "", 2),
        (["one", [3]], "one", 2),
    ],
)
def test_every_form_of_input_is_read(of: Any, texts: str, count: int) -> None:
    """The inputs are one user message: the texts a line each, tokens a part each."""
    with intercept() as llm, httpx.Client() as client:
        answer = embed(client, of)
    (call,) = llm.calls
    assert (call.request.last_user, len(answer["data"])) == (texts, count)
    assert (call.request.model, call.usage.input_tokens) == (SMALL, answer["usage"]["prompt_tokens"])
    tokens = [part for part in call.request.messages[0].parts if getattr(part, "type", "") == "tokens"]
    assert len(tokens) == count - len(texts.splitlines())


def test_tokens_are_counted_each() -> None:
    """A list of tokens costs as many tokens as it has."""
    with intercept(), httpx.Client() as client:
        assert embed(client, [[1, 2], [3]])["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


@pytest.mark.parametrize(
    ("model", "asked", "dimensions"),
    [
        (SMALL, None, 1536),
        (LARGE, None, 3072),
        (ADA, None, 1536),
        ("mine", None, 1536),
        (LARGE, 256, 256),
        ("mine", 4096, 4096),
    ],
)
def test_a_vector_has_its_models_dimensions_or_those_asked_for(model: str, asked: int | None, dimensions: int) -> None:
    """Without `dimensions` a vector is as long as the model's are."""
    more = {} if asked is None else {"dimensions": asked}
    with intercept(), httpx.Client() as client:
        assert len(vectors(embed(client, model=model, **more))[0]) == dimensions


@LAW
@given(st.lists(st.text(min_size=1), min_size=1, max_size=3), st.sampled_from([None, 1, 8]))
def test_numbers_and_base64_say_the_same(texts: list[str], dimensions: int | None) -> None:
    """The same request asked in both forms is answered with the same numbers."""
    more = {} if dimensions is None else {"dimensions": dimensions}
    with httpx.Client(transport=InterceptTransport()) as client:
        plain = embed(client, texts, **more)
        base = embed(client, texts, encoding_format="base64", **more)
    assert [base64.b64decode(one) for one in vectors(base)] == [as_bits(one) for one in vectors(plain)]
    assert plain["usage"] == base["usage"]


@LAW
@given(st.lists(st.text(min_size=1), min_size=1, max_size=3), st.sampled_from([URL, AZURE, ELSEWHERE]))
def test_an_answer_is_what_the_sdk_and_openais_schema_say(texts: list[str], url: str) -> None:
    """An answer validates strictly against the SDK's model, and against OpenAI's own schema."""
    with httpx.Client(transport=InterceptTransport()) as client:
        answer = embed(client, texts, url=url, dimensions=8)
    CreateEmbeddingResponse.model_validate(answer, strict=True)
    if SCHEMA.exists():
        validator("CreateEmbeddingResponse").validate(answer)


@cache
def recorded() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in ("recordings.jsonl", "recordings-apis.jsonl"):
        lines = (SHARED / name).read_text().splitlines() if (SHARED / name).exists() else []
        rows += [row for row in map(json.loads, lines) if row["endpoint"] == "embeddings"]
    return rows


def shape(value: Any) -> Any:
    """Keys in their order and types; of a list, its first."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


@needs_recordings
def test_recorded_answers_of_openai_and_azure_have_the_same_shape() -> None:
    """30 of the 31 recorded answers have our keys in our order; one of 2026-07 has `index` last."""
    of_openai = [row for row in recorded() if row["status"] == 200 and row["host"] != "localhost"]
    equal = 0
    with httpx.Client(transport=InterceptTransport()) as client:
        for row in of_openai:
            theirs, ours = json.loads(row["response_text"]), client.post(row["url"], json=row["request"]).json()
            equal += shape(theirs) == shape(ours)
            if row["host"] == "api.openai.com":  # Azure's deployment does not say its model
                assert len(vectors(theirs)[0]) == len(vectors(ours)[0])
    assert (equal, len(of_openai)) == (30, 31)


@pytest.mark.parametrize("exchange", own(endpoint="embeddings"), ids=lambda one: one.name)
def test_the_projects_own_exchanges_have_our_shape(exchange: Any) -> None:
    """The exchanges made after docs/wire.md are written as they are."""
    with httpx.Client(transport=InterceptTransport()) as client:
        ours = client.post(exchange.url, json=exchange.request)
    theirs = exchange.body
    assert (shape(ours.json()), ours.text.count("\n") > 1) == (shape(theirs), True)
    assert [len(one) for one in vectors(ours.json())] == [len(one) for one in vectors(theirs)]
    assert {name for name, _ in exchange.headers} <= set(ours.headers)


@needs_recordings
def test_headers_are_the_recorded_ones() -> None:
    """Every header we send was recorded beside an answer of today's; `openai-model` names the model of the answer."""
    row = next(row for row in recorded() if row["host"] == "api.openai.com" and "2026" in str(row["response_headers"]))
    with httpx.Client(transport=InterceptTransport()) as client:
        response = client.post(row["url"], json=row["request"])
    assert set(response.headers) <= {name.lower() for row in recorded() for name, _ in row["response_headers"]}
    assert response.headers["openai-model"] == response.json()["model"]


def test_the_model_is_named_as_openai_names_it() -> None:
    """OpenAI answers ada-002 as its second version; a compatible host echoes the name."""
    with intercept(), httpx.Client() as client:
        assert embed(client, model=ADA)["model"] == "text-embedding-ada-002-v2"
        assert embed(client, model=ADA, url=ELSEWHERE)["model"] == ADA


# --- refusals ----------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    ({"model": SMALL}, "Missing required parameter: 'input'.", "input", "missing_required_parameter"),
    ({"input": "a"}, "you must provide a model parameter", None, None),
    (body(""), "Invalid 'input': input cannot be an empty string.", "input", None),
    (body(["a", ""]), "Invalid 'input[1]': input cannot be an empty string.", "input", None),
    (body([]), "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.", None, None),
    (body([[]]), "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.", None, None),
    (body({"a": 1}), "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.", None, None),
    (body(["a"] * 2049), "Invalid 'input': array length must be 2048 or less.", "input", None),
    (body(dimensions=1537), "Invalid value for 'dimensions' = 1537. Must be less than or equal to 1536.", None, None),
    (body(dimensions=0), "Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got 0 instead.", "dimensions", "integer_below_min_value"),
    (body(dimensions="8"), "Invalid type for 'dimensions': expected an integer, but got a string instead.", "dimensions", "invalid_type"),
    (body(model=ADA, dimensions=8), "This model does not support specifying dimensions.", None, None),
    (body(encoding_format="int8"), "Invalid value: 'int8'. Supported values are: 'float' and 'base64'.", "encoding_format", "invalid_value"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "message", "param", "code"), REFUSED)
def test_what_openai_refuses_is_refused_in_its_words(
    sent: dict[str, Any], message: str, param: str | None, code: str | None
) -> None:
    """What OpenAI answers with a 400 is answered so, before any rule is asked."""
    with intercept() as llm, httpx.Client() as client:
        response = client.post(URL, json=sent)
    said = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    assert (response.status_code, response.json()["error"]) == (400, said)
    assert len(llm.calls) == 1


@pytest.mark.parametrize("sent", [{"documents": ["a"]}, {"prompt": "a"}, {"input": "a"}, []])
def test_somebody_elses_embeddings_go_their_way(server: Any, sent: Any) -> None:
    """A body that is not OpenAI's, sent to a host that is not known, is not answered for."""
    with intercept("hi"), httpx.Client() as client:
        assert client.post(f"{server.url}/embeddings", json=sent).json() == sent
    assert len(server.requests) == 1


def test_somebody_elses_embeddings_by_a_model_are_stopped(server: Any) -> None:
    """A body that names a model asks one, whatever its API: Ollama's own, for one."""
    with pytest.raises(UnmatchedRequestError), intercept("hi"), httpx.Client() as client:
        assert client.post(f"{server.url}/api/embeddings", json={"model": "m", "prompt": "a"}).status_code == 404
    assert server.requests == []


def test_an_sdks_mistake_is_refused_whatever_the_host() -> None:
    """What an SDK of OpenAI's sends is meant for OpenAI's API, wherever it is served."""
    with intercept(), httpx.Client(headers={"user-agent": "OpenAI/Python 3.54.0"}) as client:
        assert client.post(ELSEWHERE, json=body([])).status_code == 400


# --- rules -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meant", MEANT)
def test_a_rule_gives_vectors_and_they_begin_again(meant: dict[str, str]) -> None:
    """`embedding(…)` gives a vector for each input; where there are fewer they begin again."""
    with intercept("hi") as llm, httpx.Client() as client:
        llm.on(**meant).reply(embedding([1.0, 0.5], [0.25, 0.0]))
        assert vectors(embed(client, ["a", "b", "c"])) == [[1.0, 0.5], [0.25, 0.0], [1.0, 0.5]]
        base = embed(client, ["a", "b"], encoding_format="base64")
        assert ask(client) == "hi"
    assert [unpacked(one) for one in vectors(base)] == [[1.0, 0.5], [0.25, 0.0]]
    assert [call.source for call in llm.calls] == ["rule", "rule", "rule"]


def test_vectors_alone_answer_embeddings_without_a_condition() -> None:
    """A catch-all of vectors answers embeddings, also after a catch-all of text, which does not stand before it."""
    with intercept("hi") as llm, httpx.Client() as client:
        llm.reply(embedding([1.0]))
        assert vectors(embed(client)) == [[1.0]]
        assert ask(client) == "hi"


def test_a_script_does_not_advance_for_embeddings() -> None:
    """Embeddings asked between the turns of a script take none of its replies."""
    with intercept(all_used=True) as llm, httpx.Client() as client:
        llm.reply("one", "two")
        answers = []
        for _ in range(2):
            embed(client)
            answers.append(ask(client))
            embed(client, "something else")
    assert answers == ["one", "two"]
    assert [call.source for call in llm.calls] == ["default", "rule", "default"] * 2


@pytest.mark.parametrize("reply", ["sunny", raw({"choices": []}), lambda _: "sunny", ["a", "b"]])
def test_a_conversations_rule_on_the_text_does_not_mean_embeddings(reply: Any) -> None:
    """A question that is embedded first and asked then meets its rule once, whatever the rule's reply."""
    with intercept() as llm, httpx.Client() as client:
        rule = llm.on("weather").reply(reply)
        embed(client, "the weather?")
    assert rule.used == 0
    assert [call.source for call in llm.calls] == ["default"]


@pytest.mark.parametrize("condition", [{"url": "https://api.openai.com/v1"}, {"model": "*"}, {"url": "api.openai"}])
def test_a_condition_that_tells_no_operation_does_not_mean_embeddings(condition: dict[str, str]) -> None:
    """A host, or any model, says nothing of embeddings, and a text of such a rule is for conversations."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(**condition).reply("hi")
        embed(client)
        assert ask(client) == "hi"
    assert [call.source for call in llm.calls] == ["default", "rule"]


@pytest.mark.parametrize("reply", [api_error(429), api_error("insufficient_quota")])
def test_errors_answer_embeddings_too(reply: Any) -> None:
    """A catch-all that fails, fails for embeddings, in OpenAI's words."""
    with intercept(reply), httpx.Client() as client:
        response = client.post(URL, json=body())
    assert response.status_code == 429
    assert response.json()["error"]["code"] in {"rate_limit_exceeded", "insufficient_quota"}


def test_faults_and_exceptions_reach_embeddings() -> None:
    """A timeout and an exception are raised from embeddings as from everything."""
    with intercept(timeout("read")), httpx.Client() as client, pytest.raises(httpx.ReadTimeout):
        embed(client)
    with intercept(ZeroDivisionError("no")), httpx.Client() as client, pytest.raises(ZeroDivisionError):
        embed(client)


def test_auto_is_the_default_vector() -> None:
    """`auto()` answers embeddings as if nothing had been said."""
    with intercept(auto()) as llm, httpx.Client() as client:
        assert vectors(embed(client)) == [embedded("a cat", 1536)]
    assert [call.source for call in llm.calls] == ["rule"]


def test_a_function_may_answer_what_it_is_meant_for() -> None:
    """A function is asked where its rule says what it means."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.embeddings").reply(lambda request: embedding([float(len(request.last_user))]))
        assert vectors(embed(client, "four")) == [[4.0]]


def test_a_ready_body_is_given_in_the_form_asked_for() -> None:
    """`raw(…)` is sent as it is, but that its vectors are numbers or base64 as the request asks."""
    ready = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}], "mine": 1}
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="*/embeddings").reply(raw(ready))
        assert embed(client) == ready
        base = embed(client, encoding_format="base64")
    assert base == {**ready, "data": [{**ready["data"][0], "embedding": packed([0.5, 0.25])}]}


@pytest.mark.parametrize(
    "content", [b"no JSON", b"[]", b'{"data": 1}', b'{"data": [{"embedding": "?"}]}', b'{"data": [{}]}']
)
def test_ready_bytes_that_hold_no_vectors_are_sent_to_the_letter(content: bytes) -> None:
    """What holds no vectors is not touched."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="*/embeddings").reply(raw(content))
        for form in ("float", "base64"):
            assert client.post(URL, json=body(encoding_format=form)).content == content


@pytest.mark.parametrize("reply", ["text", Reply("text"), raw([{"a": 1}])])
def test_a_text_that_is_meant_for_embeddings_is_a_mistake_that_is_told(reply: Any) -> None:
    """A text given where embeddings are meant says what to give instead."""
    with pytest.raises(ReplyError, match=r"embedding\(\[0\.1, 0\.2\]\)"), intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.embeddings").reply(reply)
        assert client.post(URL, json=body()).status_code == 500


def test_a_number_too_large_for_base64_is_told() -> None:
    """A vector that 32 bits cannot say is refused with its number."""
    with pytest.raises(ReplyError, match="1e\\+300"), intercept(embedding([1e300])), httpx.Client() as client:
        client.post(URL, json=body(encoding_format="base64"))


def test_what_is_let_out_is_not_answered_by_default(server: Any) -> None:
    """Where what nothing answers goes to the network, embeddings go there too."""
    with intercept("hi", unmatched="passthrough"), httpx.Client() as client:
        client.post(f"{server.url}/v1/embeddings", json=body())
    assert [one.path for one in server.requests] == ["/v1/embeddings"]


def test_the_outer_blocks_rules_come_before_the_default() -> None:
    """A block inside another asks the rules around it before it answers by default."""
    with intercept(embedding([1.0])), intercept("hi"), httpx.Client() as client:
        assert vectors(embed(client)) == [[1.0]]


# --- recordings --------------------------------------------------------------------------------------------------------


@pytest.fixture
def upstream(tmp_path: Any) -> Iterator[Upstream]:
    with serving(tmp_path) as served:
        yield served


def test_a_miss_in_replay_is_a_miss(tmp_path: Any) -> None:
    """Replay does not answer embeddings by default: what was not recorded is told."""
    with (
        pytest.raises(UnmatchedRequestError, match="no recording") as told,
        intercept("hi", mode="replay", recordings=tmp_path) as llm,
        httpx.Client() as client,
    ):
        assert client.post(URL, json=body()).status_code == 404
    assert "its replies are for conversations" in str(told.value)
    assert [call.source for call in llm.calls] == ["unmatched"]


def test_what_was_recorded_is_replayed_and_a_take_in_one_form_answers_the_other(
    upstream: Upstream, tmp_path: Any
) -> None:
    """One take answers numbers and base64; the form it was recorded in to the byte."""
    ready = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]}
    counted = {**ready, "model": SMALL, "usage": {"prompt_tokens": 7, "total_tokens": 7}}
    content = (json.dumps(counted, indent=2) + "\n").encode()
    upstream.answers += [(200, {"Content-Type": "application/json"}, content)]
    url, context = upstream.url + "/v1/embeddings", ssl.create_default_context(cafile=upstream.ca)
    with httpx.Client(verify=context, trust_env=False) as client:
        with intercept("hi", mode="record", recordings=tmp_path / "tape") as llm:
            assert client.post(url, json=body()).content == content
        assert [call.source for call in llm.calls] == ["live"]
        with intercept(mode="replay", recordings=Recordings(tmp_path / "tape", repeat_last=True)) as llm:
            assert client.post(url, json=body(user="me")).content == content
            base = client.post(url, json=body(encoding_format="base64")).json()
    assert base == {**counted, "data": [{**counted["data"][0], "embedding": packed([0.5, 0.25])}]}
    assert [call.source for call in llm.calls] == ["recording", "recording"]
    assert llm.calls[0].usage.input_tokens == 7
    assert [path.name for path in (tmp_path / "tape").glob("*.json")] == [
        name for name in (path.name for path in (tmp_path / "tape").iterdir()) if name.startswith("001-a-cat-")
    ]
