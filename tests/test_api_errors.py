"""`api_error`: every status and name as it is on the wire, and what the SDK makes of it."""

from __future__ import annotations

import asyncio
import email.utils
import inspect
import json
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import openai
import pytest

from llm_intercept import InterceptTransport, api_error, intercept, raw
from llm_intercept.errors import SettingsError
from llm_intercept.replies.api_error import NAMES
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Case

AZURE = "https://own.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
# name: status, type, code, param, how the message begins (docs/wire.md 3, OpenAI's guide to error codes)
ERRORS: dict[str, tuple[int, str | None, str | None, str | None, str]] = {
    "invalid_request": (400, "invalid_request_error", None, None, "We could not parse the JSON body"),
    "context_length_exceeded": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "messages",
        "This model's maximum context length is",
    ),
    "content_filter": (400, None, "content_filter", "prompt", "The response was filtered due to the prompt triggering"),
    "invalid_api_key": (401, "invalid_request_error", "invalid_api_key", None, "Incorrect API key provided: "),
    "permission_denied": (
        403,
        "invalid_request_error",
        "unsupported_country_region_territory",
        None,
        "Country, region, or territory not supported",
    ),
    "model_not_found": (
        404,
        "invalid_request_error",
        "model_not_found",
        None,
        "The model `gpt-4o` does not exist or you do not have access to it.",
    ),
    "conflict": (409, "invalid_request_error", "conflict", None, ""),
    "request_too_large": (413, "invalid_request_error", "request_too_large", None, ""),
    "unprocessable_entity": (422, "invalid_request_error", None, None, ""),
    "rate_limit_exceeded": (
        429,
        "tokens",
        "rate_limit_exceeded",
        None,
        "Rate limit reached for gpt-4o in organization",
    ),
    "insufficient_quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        None,
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": (500, "server_error", None, None, "The server had an error while processing your request."),
    "service_unavailable": (503, "server_error", None, None, "The engine is currently overloaded"),
    "gateway_timeout": (504, "server_error", None, None, "The request timed out."),
    "overloaded": (503, "server_error", None, None, "The engine is currently overloaded"),
}
STATUSES = [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503]
EXCEPTIONS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    413: openai.APIStatusError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
    504: openai.InternalServerError,
    529: openai.InternalServerError,
}
RETRYABLE = {408, 409, 429, 500, 502, 503, 504, 529, 599}


def answered(error: Any, *, stream: bool = False, url: str = URL, **params: Any) -> httpx.Response:
    """What a plain client gets."""
    with httpx.Client(transport=InterceptTransport(error)) as client:
        return client.post(url, json=chat(stream=stream, **params))


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[bool, Any]]:
    """The SDK's clients, async and sync; they are slow to make."""
    made: dict[bool, Any] = {True: openai.AsyncOpenAI(api_key="sk-test"), False: openai.OpenAI(api_key="sk-test")}
    yield made
    for client in made.values():
        asyncio.run(settle(client.close()))


async def settle(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def ask(client: Any, *, stream: bool = False, max_retries: int = 0, model: str = "gpt-4o") -> str:
    """Ask the SDK; the answer's text."""

    async def run() -> str:
        params: Any = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        create = client.with_options(max_retries=max_retries).chat.completions.create
        answer = await settle(create(**params, stream=stream))
        if not stream:
            return answer.choices[0].message.content
        if hasattr(answer, "__aiter__"):
            return "".join([chunk.choices[0].delta.content or "" async for chunk in answer])
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer)

    return asyncio.run(run())


# --- on the wire -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ERRORS)
def test_a_name_is_answered_as_the_api_does(name: str, stream: bool) -> None:
    """Every named error has its status, type, code, param and words, as plain JSON even for a stream."""
    status, kind, code, param, begins = ERRORS[name]
    response = answered(api_error(name), stream=stream)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json")
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, param)
    assert error["message"].startswith(begins)
    assert error["message"]


def test_the_names_tested_here_are_all() -> None:
    """No name is left out."""
    assert set(NAMES) == {*ERRORS, "bad_gateway"}


@pytest.mark.parametrize("name", ERRORS)
def test_the_status_and_the_code_mean_what_the_name_does(name: str) -> None:
    """`api_error(status, code=…)` of a known code is the error of that name."""
    status, _, code, _, _ = ERRORS[name]
    if code is not None:
        assert (
            answered(api_error(status, code=code if code in NAMES else None)).json() == answered(api_error(name)).json()
        )
    if next(one for one, known in NAMES.items() if known == status) == name:
        assert answered(api_error(status)).content == answered(api_error(name)).content


@pytest.mark.parametrize("name", ERRORS)
def test_the_body_has_the_apis_keys_in_its_order(name: str) -> None:
    """The body is `error` with message, type, param and code, in this order."""
    body = answered(api_error(name)).json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message", "type", "param", "code"]


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 502])
def test_the_front_door_and_the_backend_differ(status: int) -> None:
    """401 and 404 come from the front door: other content type, indentation and headers (docs/wire.md 3.1)."""
    response = answered(api_error(status))
    front_door = status in {401, 404}
    assert response.headers["content-type"] == ("application/json; charset=utf-8" if front_door else "application/json")
    assert response.text.startswith('{\n    "error"' if front_door else '{\n  "error"')
    assert response.text.endswith("}\n" if front_door else "}")
    assert ("vary" in response.headers) == front_door
    for name in ("openai-version", "openai-processing-ms", "x-ratelimit-remaining-tokens"):
        assert (name in response.headers) != front_door
    assert response.headers["x-request-id"].startswith("req_")
    assert email.utils.parsedate_to_datetime(response.headers["date"])


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (api_error(429, headers={"X-Request-ID": "req_own"}), "x-request-id", "req_own"),
        (api_error(401, headers={"Server": "own"}), "server", "own"),
        (api_error(429, headers={"Retry-After-Ms": "9"}), "retry-after-ms", "9"),
        (api_error(503, headers={"retry-after": "9"}), "retry-after", "9"),
        (api_error("insufficient_quota", headers={"X-Should-Retry": "true"}), "x-should-retry", "true"),
        (api_error(500, body="own", headers={"Content-Type": "text/own"}), "content-type", "text/own"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_header_of_ones_own_replaces_the_usual_one(error: Any, name: str, value: str) -> None:
    """Whatever is set by hand is sent once, whatever its case, instead of the one that would be."""
    assert answered(error).headers.get_list(name) == [value]


def test_bad_gateway_is_a_proxys_page(stream: bool) -> None:
    """502 is HTML that no API wrote; with a message it is the API's JSON."""
    response = answered(api_error(502), stream=stream)
    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
    assert response.text.startswith("<html>")
    assert "502 Bad Gateway" in response.text
    assert answered(api_error("bad_gateway")).content == response.content
    assert answered(api_error(502, "upstream is gone")).json()["error"]["message"] == "upstream is gone"


@pytest.mark.parametrize("status", [402, 405, 408, 418, 451, 499, 501, 504, 520, 529, 599])
def test_any_other_status_has_the_same_shape(status: int) -> None:
    """A status without a name is an error of the same shape, of the client's or the server's type."""
    response = answered(api_error(status))
    error = response.json()["error"]
    assert response.status_code == status
    assert list(error) == ["message", "type", "param", "code"]
    assert error["type"] == ("invalid_request_error" if status < 500 else "server_error")
    assert (error["param"], error["code"]) == (None, None)
    assert error["message"]


@pytest.mark.parametrize("status", [*STATUSES, 408, 418, 504, 529, 599])
def test_retryable_errors_say_at_once(status: int) -> None:
    """What the SDKs retry says 1 ms, and nothing else says a time; no error tells the seconds of a sleep."""
    headers = answered(api_error(status)).headers
    assert headers.get("retry-after-ms") == ("1" if status in RETRYABLE else None)
    assert "retry-after" not in headers


@pytest.mark.parametrize(
    ("seconds", "whole", "milliseconds"),
    [(0, "0", "0"), (1, "1", "1000"), (20, "20", "20000"), (0.25, "1", "250"), (1.5, "2", "1500"), (2.4, "3", "2400")],
)
def test_retry_after_is_in_both_headers(seconds: float, whole: str, milliseconds: str) -> None:
    """`retry_after` is told in whole seconds and in milliseconds, and in the words of a rate limit."""
    response = answered(api_error(429, retry_after=seconds))
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == (whole, milliseconds)
    assert f"try again in {seconds:g}s." in response.json()["error"]["message"]


def test_retry_after_is_kept_on_every_status() -> None:
    """A time that is given is told, whether or not a client would retry."""
    for status in (400, 503):
        assert answered(api_error(status, retry_after=3)).headers["retry-after"] == "3"


def test_an_exhausted_quota_is_not_retried() -> None:
    """`insufficient_quota` tells the SDK not to retry, unless a time is given."""
    headers = answered(api_error("insufficient_quota")).headers
    assert headers["x-should-retry"] == "false"
    assert "retry-after-ms" not in headers
    by_code = answered(api_error(429, code="insufficient_quota"))
    assert by_code.headers["x-should-retry"] == "false"
    assert by_code.json()["error"]["type"] == "insufficient_quota"
    assert "x-should-retry" not in answered(api_error("insufficient_quota", retry_after=1)).headers
    assert "x-should-retry" not in answered(api_error(429)).headers


def test_the_requests_model_is_named() -> None:
    """Messages that name a model name the request's."""
    for name in ("model_not_found", "rate_limit_exceeded"):
        assert "own-model" in answered(api_error(name), model="own-model").json()["error"]["message"]


@pytest.mark.parametrize("name", [*ERRORS, "bad_gateway"])
def test_no_placeholder_is_left(name: str) -> None:
    """Nothing of a template reaches the client, on OpenAI or Azure."""
    for url in (URL, AZURE):
        assert "{model}" not in answered(api_error(name), url=url).text
        assert "{retry}" not in answered(api_error(name), url=url).text


def test_what_is_said_of_an_error_wins() -> None:
    """Message, code, type and param are answered as given, and headers replace the usual ones."""
    error = api_error(
        400, "own words", code="own_code", type="own_type", param="own_param", headers={"Server": "own", "x-own": "1"}
    )
    response = answered(error)
    assert response.json() == {
        "error": {"message": "own words", "type": "own_type", "param": "own_param", "code": "own_code"}
    }
    assert (response.headers["server"], response.headers["x-own"]) == ("own", "1")


def test_a_message_with_braces_is_kept_to_the_letter() -> None:
    """The user's own message is no template."""
    message = "the tool said {model} and {retry}"
    assert answered(api_error(400, message)).json()["error"]["message"] == message


def test_a_code_of_ones_own_keeps_the_statuss_type() -> None:
    """An unknown code changes the code alone."""
    error = answered(api_error(429, code="own_code")).json()["error"]
    assert (error["type"], error["code"]) == ("tokens", "own_code")
    assert error["message"].startswith("Rate limit reached")


def test_a_known_code_under_another_status_keeps_the_status() -> None:
    """A code is answered with the status that is given, whatever its usual one."""
    response = answered(api_error(403, code="invalid_api_key"))
    assert (response.status_code, response.json()["error"]["code"]) == (403, "invalid_api_key")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ({"detail": "own"}, "application/json", '{\n  "detail": "own"\n}'),
        ("<html>down</html>", "text/html", "<html>down</html>"),
        ("plain words", "text/plain", "plain words"),
        (b"\xff\x00", "text/plain", None),
        ("", "text/plain", ""),
        ({}, "application/json", "{}"),
    ],
)
def test_a_whole_body_is_sent_as_it_is(body: Any, content_type: str, text: str | None, stream: bool) -> None:
    """A body of one's own is JSON for a mapping, and else to the letter."""
    response = answered(api_error(500, body=body), stream=stream)
    assert response.status_code == 500
    assert response.headers["content-type"] == content_type
    assert response.content == (body if text is None else text.encode())


@pytest.mark.parametrize("body", [[{"error": "own"}], 7])
def test_any_json_is_a_body(body: Any) -> None:
    """A body that is a list or a number is JSON too, or is refused: it is never dropped."""
    try:
        response = answered(api_error(500, body=body))
    except (SettingsError, TypeError):
        return
    assert response.json() == body


def test_the_same_error_has_the_same_bytes(stream: bool) -> None:
    """Same request, same error: same body and same request id."""
    first, second = (answered(api_error(429), stream=stream) for _ in range(2))
    assert first.content == second.content
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


def test_every_client_gets_the_error(case: Case) -> None:
    """Both families, sync and async, JSON and stream, get the same status and body."""
    with intercept(api_error("context_length_exceeded")) as llm:
        response = case.post()
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"
    assert [(call.status, call.source, call.error) for call in llm.calls] == [(400, "rule", None)]


# --- values that cannot be used --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 302, 399, 600, 0, -1, True, 4.29, None, "429", "rate limit", "", [429]])
def test_a_status_that_is_no_error_is_refused(status: Any) -> None:
    """Only 400 to 599 and the known names are errors; the message names the value and lists the names."""
    with pytest.raises(SettingsError) as raised:
        api_error(status)
    message = str(raised.value)
    assert repr(status) in message
    assert "400 to 599" in message
    assert all(name in message for name in NAMES)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("-inf"), float("nan"), float("inf"), "soon"])
def test_a_time_that_is_none_is_refused(seconds: Any) -> None:
    """`retry_after` is a number of seconds, 0 or more."""
    with pytest.raises(SettingsError, match="retry_after=") as raised:
        api_error(429, retry_after=seconds)
    assert repr(seconds) in str(raised.value)


def test_a_body_that_is_no_json_is_refused() -> None:
    """A body that cannot be written is refused where it is given, not when it is sent."""
    with pytest.raises((SettingsError, TypeError)):
        api_error(500, body={"own": object()})


def test_an_error_says_itself_as_it_was_written() -> None:
    """The repr is what messages quote."""
    assert repr(api_error(500)) == "api_error(500)"
    assert repr(api_error("model_not_found")) == "api_error('model_not_found')"
    assert repr(api_error("insufficient_quota")) == "api_error('insufficient_quota')"
    assert repr(api_error(400, code="own")) == "api_error(400, code='own')"


# --- the SDK ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", EXCEPTIONS)
def test_the_sdk_raises_its_own_exception(clients: dict[bool, Any], status: int, is_async: bool, stream: bool) -> None:
    """Every status is the SDK's exception for it, with body, code, type, param and request id."""
    error = api_error(status, "own words", code="own_code", type="own_type", param="own_param")
    with intercept(error) as llm, pytest.raises(openai.APIStatusError) as raised:
        ask(clients[is_async], stream=stream)
    found: Any = raised.value
    assert type(found) is EXCEPTIONS[status]
    assert (found.status_code, found.code, found.type, found.param) == (status, "own_code", "own_type", "own_param")
    assert found.body["message"] == "own words"
    assert found.request_id == found.response.headers["x-request-id"]
    assert len(llm.calls) == 1


@pytest.mark.parametrize("name", ERRORS)
def test_the_sdk_tells_the_names_apart(clients: dict[bool, Any], name: str, is_async: bool) -> None:
    """Every name is the SDK's exception of its status, with its code."""
    status, _, code, _, begins = ERRORS[name]
    with intercept(api_error(name)), pytest.raises(EXCEPTIONS[status]) as raised:
        ask(clients[is_async])
    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert begins in str(raised.value)


def test_a_bad_gateway_has_no_body_for_the_sdk(clients: dict[bool, Any], is_async: bool) -> None:
    """A proxy's page reaches the program as the response's text."""
    with intercept(api_error(502)), pytest.raises(openai.InternalServerError) as raised:
        ask(clients[is_async])
    assert raised.value.response.text.startswith("<html>")
    assert raised.value.code is None


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds the SDK sleeps between retries; none of them passes."""
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(anyio, "sleep", asleep)
    return slept


def test_retries_happen_and_sleeps_do_not(
    clients: dict[bool, Any], is_async: bool, stream: bool, clocks: list[float]
) -> None:
    """429, 500, then text is three calls for the SDK, which waits a millisecond each time."""
    with intercept() as llm:
        llm.reply(api_error(429), api_error(500), "third time lucky")
        assert ask(clients[is_async], stream=stream, max_retries=2) == "third time lucky"
    assert [call.status for call in llm.calls] == [429, 500, 200]
    assert clocks == [0.001, 0.001]


def test_a_retry_waits_as_it_is_told(clients: dict[bool, Any], is_async: bool, clocks: list[float]) -> None:
    """`retry_after` is what the SDK waits."""
    with intercept() as llm:
        llm.reply(api_error(429, retry_after=7.5), "there")
        assert ask(clients[is_async], max_retries=1) == "there"
    assert clocks == [7.5]


@pytest.mark.parametrize("status", sorted({*STATUSES, *RETRYABLE}))
def test_what_is_retried_is_what_the_sdk_retries(clients: dict[bool, Any], status: int, clocks: list[float]) -> None:
    """A retryable status is asked again as often as the client may, any other once."""
    with intercept(api_error(status)) as llm, pytest.raises(openai.APIStatusError):
        ask(clients[False], max_retries=2)
    assert len(llm.calls) == (3 if status in RETRYABLE else 1)
    assert all(seconds <= 0.001 for seconds in clocks)


def test_an_exhausted_quota_ends_at_the_first_call(clients: dict[bool, Any], is_async: bool) -> None:
    """The SDK does not retry a quota that is used up."""
    with intercept(api_error("insufficient_quota")) as llm, pytest.raises(openai.RateLimitError) as raised:
        ask(clients[is_async], max_retries=5)
    assert len(llm.calls) == 1
    assert raised.value.code == "insufficient_quota"


def test_a_transport_of_retries_around_ours_sees_the_errors() -> None:
    """A user's own retrying transport around the real one sees the mocked 503 and tries again."""

    class Retrying(httpx.BaseTransport):
        def __init__(self) -> None:
            self.inner, self.seen = httpx.HTTPTransport(), list[int]()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            while True:
                response = self.inner.handle_request(request)
                self.seen.append(response.status_code)
                if response.status_code < 500:
                    return response
                response.close()

    transport = Retrying()
    with intercept() as llm, httpx.Client(transport=transport) as client:
        llm.reply(api_error(503), api_error(500), "there")
        assert client.post(URL, json=chat()).status_code == 200
    assert transport.seen == [503, 500, 200]


# --- Azure -----------------------------------------------------------------------------------------------------------

AZURES = [
    AZURE,
    "https://own.openai.azure.com/openai/v1/chat/completions",
    "https://own.cognitiveservices.azure.com/openai/v1/chat/completions",
    "https://own.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
    "https://own.openai.azure.us/openai/v1/chat/completions",
    "http://localhost:9/openai/deployments/own/chat/completions?api-version=2024-10-21",
]


@pytest.mark.parametrize("url", AZURES)
def test_azures_hosts_and_paths_have_azures_shape(url: str) -> None:
    """By host or by path, an error on Azure is `code` and `message` in Azure's words, and nothing else."""
    body = answered(api_error(401), url=url).json()
    assert list(body["error"]) == ["code", "message"]
    assert body["error"]["code"] == "401"
    assert body["error"]["message"].startswith("Access denied due to invalid subscription key")


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://eu.api.openai.com/v1/chat/completions",
        "http://localhost:9000/v1/chat/completions",
        "https://openai.azure.com.example.org/v1/chat/completions",
        "https://gateway.test/azure/chat/completions",
    ],
)
def test_other_hosts_have_openais_shape(url: str) -> None:
    """What is not Azure has OpenAI's shape."""
    assert list(answered(api_error(401), url=url).json()["error"]) == ["message", "type", "param", "code"]


def test_azures_rate_limit() -> None:
    """Azure calls it RateLimitReached, and says when to retry in words and headers."""
    response = answered(api_error(429, retry_after=6), url=AZURE)
    error = response.json()["error"]
    assert error["code"] == "RateLimitReached"
    assert "Please retry after 6s" in error["message"]
    assert "gpt-4o" in error["message"]
    assert response.headers["retry-after"] == "6"


def test_azures_missing_deployment() -> None:
    """A model that is not there is a deployment that does not exist."""
    error = answered(api_error("model_not_found"), url=AZURE).json()["error"]
    assert error["code"] == "DeploymentNotFound"
    assert error["message"].startswith("The API deployment for this resource does not exist.")


def test_azures_content_filter() -> None:
    """The filter says which of its parts objected (docs/wire.md 3.3)."""
    response = answered(api_error("content_filter"), url=AZURE)
    error = response.json()["error"]
    assert response.status_code == 400
    assert list(error) == ["message", "type", "param", "code", "status", "innererror"]
    assert (error["type"], error["param"], error["code"], error["status"]) == (None, "prompt", "content_filter", 400)
    assert error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    results = error["innererror"]["content_filter_result"]
    assert [name for name, result in results.items() if result["filtered"]] == ["jailbreak"]


def test_azures_answers_have_azures_headers() -> None:
    """An error on Azure has Azure's request id and region, and nothing of OpenAI's or Cloudflare's (docs/wire.md 4)."""
    headers = answered(api_error(429), url=AZURE).headers
    assert "apim-request-id" in headers
    assert {"openai-organization", "openai-processing-ms", "openai-version", "server", "cf-ray"}.isdisjoint(headers)


@pytest.mark.parametrize("name", ERRORS)
def test_azures_errors_are_the_sdks_exceptions(clients: dict[bool, Any], name: str) -> None:
    """On Azure too every name is the SDK's exception of its status."""
    status = ERRORS[name][0]
    client = clients[False].with_options(base_url="https://own.openai.azure.com/openai/v1")
    with intercept(api_error(name)), pytest.raises(EXCEPTIONS[status]) as raised:
        ask(client)
    assert raised.value.status_code == status
    assert isinstance(raised.value.body, dict)
    assert json.dumps(raised.value.body["message"])


def test_a_message_of_ones_own_is_kept_on_azure() -> None:
    """Azure's words give way to the user's."""
    error = answered(api_error(401, "own words"), url=AZURE).json()["error"]
    assert error["message"] == "own words"


def test_azures_bad_gateway_is_the_same_page() -> None:
    """A proxy's page is a proxy's page."""
    assert answered(api_error(502), url=AZURE).content == answered(api_error(502)).content


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "5"}, 5.0), ({"Retry-After": "5"}, 5.0), ({"retry-after-ms": "700"}, 0.7)],
    ids=str,
)
@pytest.mark.parametrize(
    "make", [api_error, lambda status, headers: raw({}, status=status, headers=headers)], ids=["error", "raw"]
)
def test_a_header_that_says_when_to_retry_wins(make: Any, headers: dict[str, str], seconds: float) -> None:
    """Where the user's own headers tell the client to wait, no other header tells it not to; the call knows."""
    with intercept(make(429, headers=headers)) as llm:
        response = httpx.post(URL, json=chat())
    assert [name for name in response.headers if name.startswith("retry-after")] == [name.lower() for name in headers]
    assert llm.calls[0].retry_after == seconds


def test_a_date_to_retry_after_is_read() -> None:
    """HTTP's date is a time to wait too."""
    with intercept(api_error(503, headers={"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"})) as llm:
        httpx.post(URL, json=chat())
    assert (llm.calls[0].retry_after or 0) > 10**9
