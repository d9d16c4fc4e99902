"""respx and pytest-httpx beside a block: a route of theirs answers what it matches, also of known hosts; ours the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from llm_intercept import intercept
from tests.support import URL, ask, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import respx
    from pytest_httpx import HTTPXMock

    Route = Callable[..., object]

OTHER = "https://example.org/x"
AUDIO = "https://api.openai.com/v1/audio/speech"
THEIRS = {"choices": [{"message": {"content": "theirs"}}]}


@pytest.fixture
def ours() -> Iterator[None]:
    """A block around a test."""
    with intercept("ours"):
        yield


@pytest.fixture(params=["respx first", "respx last", "pytest-httpx first", "pytest-httpx last"])
def route(request: pytest.FixtureRequest) -> Route:
    """What lets the other mock answer a URL, in either order of fixtures."""
    library, _, order = request.param.partition(" ")
    names = ["respx_mock" if library == "respx" else "httpx_mock", "ours"]
    given = [request.getfixturevalue(name) for name in (names if order == "first" else reversed(names))]
    mock = next(one for one in given if one is not None)
    return _of_respx(mock) if library == "respx" else _of_pytest_httpx(mock)


def _of_respx(mock: respx.MockRouter) -> Route:
    return lambda url, answer: mock.route(url=url).respond(200, json=answer)


def _of_pytest_httpx(mock: HTTPXMock) -> Route:
    return lambda url, answer: mock.add_response(url=url, json=answer)


def _said(answer: httpx.Response) -> Any:
    return answer.json()["choices"][0]["message"]["content"]


def test_what_they_mock_is_theirs_and_the_rest_is_ours(route: Route) -> None:
    """Another host's, a known host's that no rule answers, and one's that a rule would answer."""
    route(OTHER, "theirs")
    assert httpx.get(OTHER).json() == "theirs"
    assert ask(httpx) == "ours"
    route(AUDIO, "theirs")
    assert httpx.post(AUDIO, json={}).json() == "theirs"
    route(URL, THEIRS)
    assert _said(httpx.post(URL, json=chat())) == "theirs"


async def _asked(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, json=chat())


def test_async_clients_too(route: Route) -> None:
    """Whichever order the two begin in."""
    assert _said(asyncio.run(_asked(URL))) == "ours"
    route(URL, THEIRS)
    assert _said(asyncio.run(_asked(URL))) == "theirs"


@pytest.mark.respx(assert_all_called=False)
def test_a_route_that_passes_on_or_looks_at_another_body_is_no_answer(ours: None, respx_mock: respx.MockRouter) -> None:
    """And httpx2, which respx does not know, stays ours; what a route has to give in turn is not used up."""
    respx_mock.route(host="api.openai.com", path="/v1/models").pass_through()
    respx_mock.post(URL, json__model="another").respond(200, json=THEIRS)
    assert httpx.get("https://api.openai.com/v1/models").json()["object"] == "list"
    assert ask(httpx) == "ours"
    respx_mock.post(URL).mock(side_effect=[httpx.Response(200, json=THEIRS), httpx.Response(201, json=THEIRS)])
    assert [httpx.post(URL, json=chat()).status_code for _ in range(2)] == [200, 201]
    assert ask(httpx2) == "ours"


@pytest.mark.respx(assert_all_called=False)
def test_what_a_route_of_theirs_passes_on_does_not_go_out(respx_mock: respx.MockRouter) -> None:
    """The first route that matches decides, and one that passes a request on leaves it to us."""
    respx_mock.route(host="api.openai.com").pass_through()
    respx_mock.route().respond(200, json=THEIRS)
    with intercept("ours") as llm:
        assert _said(httpx.post(URL, json=chat())) == "ours"
        assert llm.calls.one().source == "rule"


@pytest.mark.httpx_mock(
    should_mock=lambda request: request.url.host != "api.openai.com", assert_all_responses_were_requested=False
)
def test_what_their_mock_leaves_alone_does_not_go_out(httpx_mock: HTTPXMock) -> None:
    """Though a response without a URL is for every request."""
    httpx_mock.add_response(json=THEIRS)
    with intercept("ours") as llm:
        assert _said(httpx.post(URL, json=chat())) == "ours"
        assert llm.calls.one().source == "rule"
