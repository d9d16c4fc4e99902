"""The project's own exchanges are what they say: the SDK, told to be strict, reads them, and OpenAI's schema holds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.openai_schema import SCHEMA, as_in_schema, event_in_schema, response_in_schema, validator
from tests.recorded import Exchange, own

openai = pytest.importorskip("openai")
httpx2 = pytest.importorskip("httpx2")
ID = re.compile(r"chatcmpl-([0-9A-Za-z]{5})[0-9A-Za-z]{24}")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
}


def of(endpoint: str = "", *, good: bool = True, provider: str = "") -> list[Any]:
    """Give each exchange as a parameter of its own."""
    found = own(endpoint=endpoint, provider=provider)
    return [pytest.param(one, id=one.name) for one in found if (one.status == 200) == good]


def client(exchange: Exchange, *, strict: bool = True) -> Any:
    """Make an SDK client that gets the exchange's answer, and sees that the request is the exchange's."""

    def answer(request: Any) -> Any:
        assert (request.method, request.url.path) == (exchange.method, httpx2.URL(exchange.url).path)
        assert (json.loads(request.content) if request.content else None) == exchange.request
        return httpx2.Response(exchange.status, headers=list(exchange.headers), text=exchange.text)

    options = {"max_retries": 0, "http_client": httpx2.Client(transport=httpx2.MockTransport(answer))}
    if exchange.provider == "azure":
        made: Any = openai.AzureOpenAI(
            api_key="none",
            api_version="2025-04-01-preview",
            azure_endpoint=str(httpx2.URL(exchange.url).join("/")),
            azure_deployment="mine",
            _strict_response_validation=strict,
            **options,
        )
        return made
    return openai.OpenAI(api_key="none", _strict_response_validation=strict, **options)


def sent(exchange: Exchange) -> Any:
    """Send the exchange's request with the SDK, and read the answer."""
    with client(exchange) as made:
        match exchange.endpoint:
            case "embeddings":
                return made.embeddings.create(**exchange.request)
            case "models":
                name = exchange.url.rpartition("/models")[2].strip("/")
                return made.models.retrieve(name) if name else made.models.list()
            case "responses":
                answer = made.responses.create(**exchange.request)
                return list(answer) if exchange.is_sse else answer
            case _:
                answer = made.chat.completions.create(**exchange.request)
                return list(answer) if exchange.is_sse else answer


def is_read_by_types(exchange: Exchange) -> bool:
    """Tell whether the SDK's own types have room for it: not for Azure's first chunk, other models' ones, base64."""
    return exchange.provider == "openai" and "base64" not in exchange.name


@pytest.mark.parametrize("exchange", [one for one in of() if is_read_by_types(one.values[0])])
def test_the_strict_sdk_reads_the_answer(exchange: Exchange) -> None:
    """The SDK's types, validating, take every answer of OpenAI's, and lose nothing of it."""
    answer = sent(exchange)
    if exchange.is_sse:
        assert [one.model_dump(mode="json", exclude_unset=True) for one in answer] == exchange.chunks
    else:
        assert answer.model_dump(mode="json", exclude_unset=True) == exchange.body


def test_base64_is_the_numbers_in_32_bits() -> None:
    """The SDK decodes base64 that it has asked for itself to the numbers of the other exchange."""
    (exchange,) = (one for one in own(endpoint="embeddings") if "base64" in one.name)
    fields = {key: value for key, value in exchange.request.items() if key != "encoding_format"}
    with client(exchange, strict=False) as made:
        answer = made.embeddings.create(**fields)
    (numbers,) = (one for one in own(endpoint="embeddings") if "float" in one.name)
    assert answer.data[0].embedding == numbers.body["data"][0]["embedding"]


@pytest.mark.parametrize("exchange", of(good=False))
def test_the_sdk_raises_the_error_of_the_status(exchange: Exchange) -> None:
    """Each error is the class the SDK has for it, with the API's words; JSON even where a stream was asked for."""
    with pytest.raises(ERRORS[exchange.status]) as caught:
        sent(exchange)
    assert caught.value.body == exchange.body["error"]


@pytest.mark.parametrize("exchange", of(provider="openai"))
def test_openais_schema_holds(exchange: Exchange) -> None:
    """OpenAI's own description of its API, where it lies beside the checkout, takes every answer."""
    if not SCHEMA.exists():
        pytest.skip("OpenAI's schema is not beside this checkout: the SDK's types are held to")
    if exchange.endpoint == "responses":
        *events, last = exchange.chunks if exchange.is_sse else [{"response": exchange.body}]
        for event in events[2:]:  # the response that just began has no usage, which the schema does not know
            validator("ResponseStreamEvent").validate(event_in_schema(event))
        validator("Response").validate(response_in_schema(last["response"]))
    elif exchange.is_sse:
        for chunk in exchange.chunks:
            validator("CreateChatCompletionStreamResponse").validate(as_in_schema(chunk))
    elif exchange.endpoint == "chat.completions":
        validator("CreateChatCompletionResponse").validate(as_in_schema(exchange.body))
    elif exchange.endpoint == "models":
        validator("ListModelsResponse" if "data" in exchange.body else "Model").validate(exchange.body)
    elif "base64" not in exchange.name:  # the schema knows numbers only
        validator("CreateEmbeddingResponse").validate(exchange.body)


@pytest.mark.parametrize(
    "exchange", of("chat.completions", provider="openai") + of("chat.completions", provider="azure")
)
def test_ids_tell_the_time(exchange: Exchange) -> None:
    """The first five characters of an id are its second (docs/wire.md 2.1), and all chunks have the same id."""
    chunks = exchange.chunks if exchange.is_sse else [exchange.body]
    answers = {(one["id"], one["created"]) for one in chunks if one["id"]}
    ((name, created),) = answers
    digits = ID.fullmatch(name)
    assert digits is not None
    second = 1_576_800_000
    for power, digit in enumerate(reversed(digits.group(1))):
        second += DIGITS.index(digit) * 62**power
    assert second == created


@pytest.mark.parametrize("exchange", [one for one in of("chat.completions", provider="openai") if one.values[0].is_sse])
def test_chunks_are_padded(exchange: Exchange) -> None:
    """A chunk's JSON has one character more than a multiple of 16 (docs/wire.md 2.2)."""
    lines = [line.removeprefix("data: ") for line in exchange.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    assert {len(line) % 16 for line in lines} == {1}
