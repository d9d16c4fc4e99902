"""respx and pytest-httpx beside a block: a route of theirs answers what it matches, also of known hosts; ours the rest."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import httpx2
import pytest
import respx

from llm_intercept import intercept, raw
from llm_intercept.clients.cassettes_beside import is_answered
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.model.wire import WireRequest
from tests.loopback import QuietHandler, listening
from tests.support import URL, ask, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


@contextmanager
def _both(order: str, theirs: Callable[[], Any], ours: Callable[[], Any]) -> Iterator[tuple[Any, Any]]:
    """Begin respx and a block in an order; gives both."""
    with ExitStack() as stack:
        if order == "respx first":
            yield stack.enter_context(theirs()), stack.enter_context(ours())
        else:
            llm = stack.enter_context(ours())
            yield stack.enter_context(theirs()), llm


@pytest.mark.parametrize("order", ["respx first", "respx last"])
@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_side_effect_passes_on_does_not_go_out(order: str, *, is_async: bool) -> None:
    """It is answered as if there were no route, or refused; also over connections that the client has kept open."""

    def asked() -> httpx.Response:
        return asyncio.run(_asked(URL)) if is_async else httpx.post(URL, json=chat())

    def passing() -> respx.MockRouter:
        router = respx.mock(assert_all_called=False)
        router.post(URL).mock(side_effect=lambda request: request)
        return router

    with _both(order, passing, lambda: intercept("ours")) as (_, llm):
        assert _said(asked()) == "ours"
        assert llm.calls.one().source == "rule"
    with (
        pytest.raises(UnmatchedRequestError, match="mode 'block'"),
        _both(order, passing, lambda: intercept(mode="block", unmatched="error")),
    ):
        assert asked().status_code == 404


@pytest.mark.parametrize("order", ["respx first", "respx last"])
def test_what_a_side_effect_passes_on_goes_where_it_may(order: str) -> None:
    """To a host that `passthrough` names, and to one that is nobody's business, whose route is asked once."""
    with (
        listening(_Echo) as port,
        _both(order, respx.mock, lambda: intercept("ours", passthrough=[f"127.0.0.1:{port}"])) as (router, _),
    ):
        route = router.route(host="127.0.0.1").mock(side_effect=lambda request: request)
        assert httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=chat()).json() == THEIRS
        called = route.call_count
        assert httpx.get(f"http://127.0.0.1:{port}/other").json() == THEIRS
        assert route.call_count - called == 2  # respx asks for the pool and for its connection


def test_what_their_function_asks_itself_is_answered(httpx_mock: HTTPXMock) -> None:
    """A callback that asks a model by another library is no way out."""
    httpx_mock.add_callback(lambda _: httpx.Response(200, json=ask(httpx2)), url=URL)
    with intercept("ours"):
        assert httpx.post(URL, json=chat()).json() == "ours"


class _Echo(QuietHandler):
    def do_POST(self) -> None:  # noqa: N802 - its caller's name
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps(THEIRS).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - its caller's name


ASKED = json.dumps(chat("hi")).encode()
AT_HOME = {
    "at a known host": (URL, ASKED),
    "read wrongly": (URL, b"{"),
    "by a path": ("http://here.test/v1/chat/completions", ASKED),
}


def is_ours(url: str, body: bytes) -> bool:
    """Ask what a cassette of vcrpy's is asked, by its request."""
    parts = urlsplit(url)
    return is_answered(WireRequest("POST", url, parts.hostname or "", parts.path, {}), body)


@pytest.mark.parametrize("name", AT_HOME)
def test_a_cassette_beside_us_is_told_which_requests_we_answer(name: str, tmp_path: Path) -> None:
    """No others, none without a block, and none that is let out, as far as that is known before a rule replies."""
    asked = AT_HOME[name]
    assert not is_ours(*asked)
    with intercept("ours"):
        assert is_ours(*asked)
        assert not is_ours(OTHER, ASKED)
        assert not is_ours(OTHER, b"")
    with intercept(recordings=tmp_path):
        assert is_ours(*asked)
    with intercept("ours", passthrough=[urlsplit(asked[0]).hostname or ""]):
        assert not is_ours(*asked)
    if asked[1] == ASKED:
        with intercept("ours", passthrough=["gpt-4o"]):
            assert not is_ours(*asked)
        with intercept(unmatched="passthrough") as llm:
            llm.on("something else").reply("ours").optional()
            assert not is_ours(*asked)
            llm.on("hi").reply("ours").optional()
            assert is_ours(*asked)
    with intercept() as llm:
        llm.on(url=OTHER).reply(raw({"a": 1})).optional()
        assert is_ours(OTHER, b"{}")
