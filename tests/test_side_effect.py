"""`llm.as_side_effect()` answers inside somebody's own respx or pytest-httpx mock."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import respx

from llm_intercept import Interceptor, api_error, passthrough
from llm_intercept.errors import UnmatchedRequestError, WrapError
from tests.support import URL, chat, said


def in_respx(
    llm: Interceptor, *, is_async: bool, stream: bool = False, coroutine: bool = False, user: str = "hi"
) -> Any:
    """Ask inside a respx mock whose first route is ours and whose second is somebody's own."""
    with respx.mock(assert_all_called=False) as mock:
        mock.route(host="api.openai.com").mock(side_effect=llm.as_side_effect(is_async=coroutine))
        mock.get("https://other.test/").respond(text="own")
        if not is_async:
            with httpx.Client() as client:
                assert client.get("https://other.test/").text == "own"
                return client.post(URL, json=chat(user, stream=stream))

        async def run() -> Any:
            async with httpx.AsyncClient() as client:
                assert (await client.get("https://other.test/")).text == "own"
                return await client.post(URL, json=chat(user, stream=stream))

        return asyncio.run(run())


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_respx_is_answered(is_async, stream, make_case):
    """Sync and async clients, JSON and streams."""
    llm = Interceptor("else")
    llm.on("hi").reply("hello")
    response = in_respx(llm, is_async=is_async, stream=stream)
    assert make_case("httpx", is_async, stream).text(response) == "hello"
    assert [(call.status, call.source) for call in llm.calls] == [(200, "rule")]


def test_a_coroutine_function_is_made_for_async_clients_and_replies():
    """Reply functions that are coroutines are awaited."""

    async def reply(request: Any) -> str:
        await asyncio.sleep(0)
        return f"async {request.last_user}"

    assert said(in_respx(Interceptor(reply), is_async=True, coroutine=True)) == "async hi"


def test_respx_sees_errors_and_exceptions():
    """An API error is its response, an exception is raised."""
    llm = Interceptor()
    llm.reply(api_error(429), httpx.ConnectError("down"))
    assert in_respx(llm, is_async=False).status_code == 429
    with pytest.raises(httpx.ConnectError, match="down"):
        in_respx(llm, is_async=False)


def test_an_unmatched_request_in_respx_is_a_404_and_told_when_asked():
    """There is no block to end, so `raise_unmatched` tells it."""
    llm = Interceptor()
    llm.on("weather").reply("x")
    assert in_respx(llm, is_async=False).status_code == 404
    with pytest.raises(UnmatchedRequestError, match="'weather' in it"):
        llm.raise_unmatched()


def test_respx_goes_on_to_its_next_route_where_it_is_no_request_to_a_model():
    """The side effect gives None, as respx has it."""
    with respx.mock as mock:
        mock.route(host="own.test").mock(side_effect=Interceptor("x").as_side_effect())
        mock.route().respond(text="next")
        assert httpx.get("https://own.test/").text == "next"


def test_nothing_is_let_out_from_inside_a_mock():
    """It says whose business that is."""
    with pytest.raises(WrapError, match="Let that mock pass it through"):
        in_respx(Interceptor(passthrough()), is_async=False)


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_pytest_httpx_is_answered(is_async, stream, make_case, httpx_mock):
    """As a callback, beside somebody's own responses."""
    case = make_case("httpx", is_async, stream)
    llm = Interceptor("hello")
    httpx_mock.add_callback(llm.as_side_effect(is_async=is_async), url=URL, is_reusable=True)
    httpx_mock.add_response(url="https://other.test/", text="own")
    assert case.text(case.post()) == "hello"
    assert case.text(case.post()) == "hello"
    assert httpx.get("https://other.test/").text == "own"
    assert len(httpx_mock.get_requests()) == 3
    assert [call.status for call in llm.calls] == [200, 200]


def test_pytest_httpx_sees_errors(httpx_mock):
    """An API error is its response."""
    llm = Interceptor(api_error(500))
    httpx_mock.add_callback(llm.as_side_effect())
    assert httpx.post(URL, json=chat()).status_code == 500
