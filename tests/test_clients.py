"""An httpx or httpx2 client cannot tell a mocked answer from a real one, and keeps all that is its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import warnings
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from llm_intercept import Interceptor, InterceptTransport, Reply, intercept, raw, wrap
from llm_intercept.errors import ReplyFunctionError, SettingsError, UnmatchedRequestError, WrapError
from tests.conftest import FAMILIES
from tests.support import ELSEWHERE, URL, ask, chat, collecting, complete, maybe, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

TEXT = "Hello there, how are you?"


async def send(case: Any, client: Any, *, url: str = URL, stream: bool | None = None) -> Any:
    """Send a chat request, and leave the answer's body unread."""
    body = chat(stream=case.stream if stream is None else stream)
    return await maybe(client.send(client.build_request("POST", url, json=body), stream=True))


async def close(case: Any, value: Any) -> None:
    await maybe(value.aclose() if case.is_async else value.close())


async def read(case: Any, response: Any) -> bytes:
    body: bytes = await maybe(response.aread() if case.is_async else response.read())
    return body


@asynccontextmanager
async def clients(case: Any) -> AsyncIterator[Any]:
    """Open a client of the case, and close it."""
    client = case.client()
    try:
        yield client
    finally:
        await close(case, client)


class Chunks:
    """Takes a response's raw chunks one by one, from either kind of client."""

    def __init__(self, case: Any, response: Any) -> None:
        self.case = case
        self.source = response.aiter_raw() if case.is_async else response.iter_raw()

    async def next(self) -> bytes | None:
        """Take one chunk; None at the end."""
        chunk: bytes | None = await anext(self.source, None) if self.case.is_async else next(self.source, None)
        return chunk

    async def close(self) -> None:
        await maybe(self.source.aclose() if self.case.is_async else self.source.close())


# The answer itself


def test_the_text_arrives_whatever_the_client(case):
    """Every point of the matrix reads the reply's text."""
    with intercept(TEXT) as llm:
        response = case.post("hi there")
    assert case.text(response) == TEXT
    assert [call.request.last_user for call in llm.calls] == ["hi there"]


def test_a_response_reaches_the_client_unread(case):
    """The body is read when the program reads it, not before."""

    async def law() -> None:
        client = case.client()
        response = await send(case, client)
        assert (response.is_closed, response.is_stream_consumed) == (False, False)
        with pytest.raises(case.module.ResponseNotRead):
            _ = response.content
        assert await read(case, response)
        assert (response.is_closed, response.is_stream_consumed) == (True, True)
        await close(case, client)

    with intercept(TEXT):
        complete(law(), is_async=case.is_async)


def test_a_response_is_of_the_clients_own_family(case):
    """Response, request and stream are of the library's own classes."""

    async def law() -> None:
        client = case.client()
        response = await send(case, client)
        module = case.module
        assert type(response) is module.Response
        assert isinstance(response.request, module.Request)
        assert response.request.url == URL
        kind = module.AsyncByteStream if case.is_async else module.SyncByteStream
        assert isinstance(response.stream, kind)
        assert response.http_version == "HTTP/1.1"
        assert (response.status_code, response.reason_phrase, response.is_success) == (200, "OK", True)
        await read(case, response)
        assert response.elapsed.total_seconds() >= 0
        await close(case, client)

    with intercept(TEXT):
        complete(law(), is_async=case.is_async)


def test_the_content_type_says_what_the_body_is(case):
    """`stream: true` is answered with server-sent events, any other request with JSON."""
    with intercept(TEXT):
        response = case.post()
    wanted = "text/event-stream" if case.stream else "application/json"
    assert response.headers["content-type"].partition(";")[0] == wanted
    assert response.headers["x-request-id"].startswith("req_")
    assert "content-encoding" not in response.headers


REPLIES: dict[str, Callable[[], Any]] = {
    "str": lambda: TEXT,
    "empty": lambda: "",
    "Reply": lambda: Reply(TEXT, finish_reason="length"),
    "deltas": lambda: ["Hello", " there"],
    "no deltas": list,
    "iterator": lambda: iter(["Hello", " there"]),
    "function": lambda: lambda request: f"to {request.last_user}",
    "function of deltas": lambda: lambda request: ["to ", request.last_user],
    "generator function": lambda: lambda request: (part for part in ("to ", request.last_user)),
}
TEXTS = {"str": TEXT, "empty": "", "Reply": TEXT, "deltas": "Hello there", "no deltas": "", "iterator": "Hello there"}


@pytest.mark.parametrize("kind", REPLIES)
def test_a_stream_is_asked_for_and_given_whatever_the_reply(case, kind):
    """The request decides between JSON and SSE; the reply never does."""
    with intercept(REPLIES[kind]()):
        response = case.post("you")
    assert case.text(response) == TEXTS.get(kind, "to you")


def test_each_delta_is_a_chunk_of_its_own(family, is_async, make_case):
    """A stream arrives in the pieces it was given in, each one event."""
    case = make_case(family, is_async, True)

    async def law() -> list[bytes]:
        client = case.client()
        response = await send(case, client)
        source = response.aiter_raw() if is_async else response.iter_raw()
        chunks = [chunk async for chunk in source] if is_async else list(source)
        await close(case, client)
        return chunks

    with intercept(["one", "two", "three"]):
        chunks = complete(law(), is_async=is_async)
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in chunks)
    assert all(chunk.count(b"\n\n") == 1 for chunk in chunks)
    texts = [json.loads(c[6:])["choices"][0]["delta"].get("content") for c in chunks[:-1] if b'"choices":[{' in c]
    assert [text for text in texts if text] == ["one", "two", "three"]


def test_a_stream_is_made_as_it_is_read_and_ends_when_it_is_closed(family, is_async, make_case):
    """An endless reply costs only what is taken of it; closing half-way ends the making and the call."""
    case = make_case(family, is_async, True)
    made: list[int] = []

    def endless(_: Any) -> Iterator[str]:
        def deltas() -> Iterator[str]:
            for number in itertools.count():
                made.append(number)
                yield f"{number} "

        return deltas()

    async def law() -> None:
        client = case.client()
        response = await send(case, client)
        assert made == []
        chunks = Chunks(case, response)
        for _ in range(5):
            await chunks.next()
        assert 1 <= len(made) <= 5
        assert llm.calls[0].duration == 0
        await close(case, response)
        assert response.is_closed
        assert llm.calls[0].duration > 0
        taken = len(made)
        assert await chunks.next() is None
        assert len(made) == taken
        await chunks.close()
        await close(case, client)

    with collecting(), intercept(endless) as llm:
        complete(law(), is_async=is_async)
    assert llm.calls[0].error is None


def test_an_abandoned_stream_is_closed_with_its_client(case):
    """Leaving the client's `stream()` block early is clean."""

    async def law() -> None:
        if not case.is_async:
            with case.client() as client, client.stream("POST", URL, json=chat(stream=case.stream)) as response:
                next(response.iter_raw())
            assert response.is_closed
            return
        async with case.client() as client:
            async with client.stream("POST", URL, json=chat(stream=case.stream)) as response:
                source = response.aiter_raw()
                await anext(source)
                await source.aclose()
            assert response.is_closed

    with collecting(), intercept(TEXT) as llm:
        complete(law(), is_async=case.is_async)
    assert llm.calls[0].duration > 0


def test_lines_and_text_are_read_as_of_any_response(family, is_async, make_case):
    """`iter_lines` gives the data lines."""
    case = make_case(family, is_async, True)

    async def law() -> list[str]:
        client = case.client()
        response = await send(case, client)
        lines = [x async for x in response.aiter_lines()] if is_async else list(response.iter_lines())
        await close(case, client)
        return lines

    with intercept(["ä", "日本"]):
        lines = complete(law(), is_async=is_async)
    assert lines[-2:] == ["data: [DONE]", ""]
    assert any('"content":"日本"' in line for line in lines)


# What is the client's own


def test_event_hooks_run_once_each(case):
    """The client's request and response hooks see the exchange as they would a real one."""
    seen: list[Any] = []

    def note(value: Any) -> Any:
        seen.append(value)

    async def note_async(value: Any) -> None:
        seen.append(value)

    hook = note_async if case.is_async else note
    client = case.client(event_hooks={"request": [hook], "response": [hook]})
    with intercept(TEXT):
        response = case.post(client=client)
    assert seen == [response.request, response]


def test_a_request_hook_may_change_the_request(case):
    """What a hook adds is what we see."""

    def change(request: Any) -> None:
        request.headers["x-hooked"] = "yes"

    async def change_async(request: Any) -> None:
        change(request)

    client = case.client(event_hooks={"request": [change_async if case.is_async else change]})
    with intercept(TEXT) as llm:
        case.post(client=client)
    assert llm.calls[0].request.headers["X-Hooked"] == "yes"


def test_auth_headers_cookies_and_parameters_are_sent(case):
    """Everything the client puts on a request is on the request we answer."""
    client = case.client(
        auth=("ada", "secret"),
        headers={"X-Team": "tests"},
        cookies={"session": "42"},
        params={"api-version": "1"},
        base_url="https://api.openai.com/v1",
    )
    with intercept(TEXT) as llm:
        response = case.post(client=client, url="/chat/completions")
    request = llm.calls[0].request
    assert case.text(response) == TEXT
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["x-team"] == "tests"
    assert request.headers["cookie"] == "session=42"
    assert request.url == URL + "?api-version=1"


def test_an_auth_flow_runs_to_its_end(case):
    """An auth that looks at the answer and asks again gets a second answer."""

    class Twice(case.module.Auth):
        requires_response_body = True

        def auth_flow(self, request: Any) -> Iterator[Any]:
            request.headers["x-try"] = "1"
            response = yield request
            assert b"first" in response.content
            request.headers["x-try"] = "2"
            yield request

    with intercept() as llm:
        llm.on(lambda request: request.headers["x-try"] == "1").reply("first")
        llm.on(lambda request: request.headers["x-try"] == "2").reply("second")
        response = case.post(client=case.client(auth=Twice()))
    assert case.text(response) == "second"
    assert len(llm.calls) == 2


def test_timeouts_are_the_clients_own(case):
    """The timeout stays on the request, and a short one does not matter to a mock."""
    client = case.client(timeout=case.module.Timeout(0.0001, pool=7))
    with intercept(TEXT):
        response = case.post(client=client)
    assert case.text(response) == TEXT
    assert response.request.extensions["timeout"]["pool"] == 7


def test_cookies_that_an_answer_sets_are_kept(case):
    """And sent with the next request."""

    async def law() -> Any:
        async with clients(case) as client:
            for _ in range(2):
                response = await maybe(client.post(URL, json=chat(stream=case.stream)))
            return dict(client.cookies), response.request.headers["cookie"]

    with intercept(raw({"id": "1"}, headers={"set-cookie": "session=abc"})):
        assert complete(law(), is_async=case.is_async) == ({"session": "abc"}, "session=abc")


def test_an_answers_headers_are_its_own(case):
    """Changing one answer's leaves the next as they are."""
    with intercept(TEXT):
        first = case.post()
        before = first.headers["server"]
        first.headers["server"] = "mine"
        assert case.post().headers["server"] == before != "mine"


def test_a_client_that_is_mocked_already_is_not_wrapped_in_silence(case):
    """Nothing of it would be answered or recorded; where one of its transports is real, that one is answered."""
    mock = case.module.MockTransport(lambda _: case.module.Response(418))
    with pytest.raises(WrapError, match="answers by itself"):
        wrap(case.client(transport=mock), TEXT)
    assert case.text(case.post(client=wrap(case.client(mounts={"all://mine.test": mock}), TEXT))) == TEXT


def test_mounts_choose_the_transport_as_before(case):
    """A mounted mock of the program's own answers its URLs, a mounted real transport is answered by us."""
    module = case.module
    own = module.MockTransport(lambda _: module.Response(418))
    real = (module.AsyncHTTPTransport if case.is_async else module.HTTPTransport)()
    mounts = {"all://mine.test": own, "all://real.test": real}
    with intercept(TEXT) as llm:
        mine = case.post(client=case.client(mounts=mounts), url="http://mine.test/v1/chat/completions")
        answered = case.post(client=case.client(mounts=mounts), url="http://real.test/v1/chat/completions")
        rest = case.post(client=case.client(mounts=mounts))
    assert mine.status_code == 418
    assert [case.text(answered), case.text(rest)] == [TEXT, TEXT]
    assert len(llm.calls) == 2


def test_environment_proxies_do_not_matter_to_a_mocked_request(case, monkeypatch):
    """A proxy transport chosen from the environment is answered like any other."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with intercept(TEXT):
        assert case.text(case.post()) == TEXT


def test_a_redirect_to_chat_completions_is_answered(case, server):
    """A server's 307 is followed with the body, and its target is answered by us."""
    with intercept(TEXT) as llm:
        response = case.post("moved", client=case.client(follow_redirects=True), url=server.url + "/redirect")
    assert case.text(response) == TEXT
    assert [one.status_code for one in response.history] == [307]
    assert llm.calls[0].request.last_user == "moved"
    assert [one.path for one in server.requests] == ["/redirect"]


def test_a_servers_cookies_are_sent_to_us(case, server):
    """Cookies from real traffic are on the requests we answer."""

    async def law() -> None:
        client = case.client()
        await maybe(client.get(server.url + "/cookie"))
        await maybe(client.post(server.url + "/v1/chat/completions", json=chat(stream=case.stream)))
        await close(case, client)

    with intercept(TEXT) as llm:
        complete(law(), is_async=case.is_async)
    assert llm.calls[0].request.headers["cookie"] == "seen=yes"


# What is nobody's business here


def bodies(case: Any) -> dict[str, Callable[[], dict[str, Any]]]:
    """Request bodies of every kind, made anew for each request."""

    def generator() -> Iterator[bytes]:
        yield from (b"one,", b"", b"two,", bytes(range(256)))

    async def async_generator() -> AsyncIterator[bytes]:
        for part in generator():
            yield part

    return {
        "none": dict,
        "bytes": lambda: {"content": b"\x00\xff raw"},
        "json": lambda: {"json": {"messages": ["ä"]}},
        "form": lambda: {"data": {"a": "1"}},
        "files": lambda: {
            "files": {"f": ("a.txt", b"abc")},
            "headers": {"content-type": "multipart/form-data; boundary=x"},
        },
        "generator": lambda: {"content": async_generator() if case.is_async else generator()},
    }


KINDS = ("none", "bytes", "json", "form", "files", "generator")


async def post_both(case: Any, url: str, kind: str, *, method: str = "POST", **more: Any) -> list[bytes]:
    """Send the same request without and with an interceptor around it, which has `more` settings."""
    answers = []
    for block in (None, Interceptor(TEXT, **more)):
        client = case.client()
        if block is not None:
            block.wrap(client)
        response = await maybe(client.request(method, url, **bodies(case)[kind]()))
        answers.append(response.content)
        await close(case, client)
    return answers


def sent(one: Any) -> tuple[str, str, dict[str, str], bytes]:
    return one.method, one.path, one.headers, one.body


@pytest.mark.parametrize("kind", KINDS)
def test_other_traffic_goes_through_byte_for_byte(family, is_async, make_case, server, kind):
    """A request to another path arrives as it does without us: headers, framing and body."""
    case = make_case(family, is_async, False)
    answers = complete(post_both(case, server.url + "/v1/files?x=1", kind), is_async=is_async)
    plain, ours = map(sent, server.requests)
    assert plain == ours
    assert answers[0] == answers[1] == plain[3]


UNREADABLE = ["none", "bytes", "form", "files", "generator"]


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_question_whose_body_is_not_json_is_refused(family, is_async, make_case, server, kind):
    """A POST to /chat/completions asks a model on whatever host: what cannot be read is not sent."""
    case = make_case(family, is_async, False)

    async def law() -> None:
        async with clients(case) as client:
            with pytest.raises(UnmatchedRequestError, match="is not a JSON object"), intercept(TEXT):
                got = await maybe(client.post(server.url + "/v1/chat/completions", **bodies(case)[kind]()))
                assert got.status_code == 404, got.text

    complete(law(), is_async=is_async)
    assert server.requests == []


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_question_whose_body_is_not_json_that_is_let_out_goes_with_its_body(
    family, is_async, make_case, server, kind
):
    """Whole, as it goes without us."""
    case = make_case(family, is_async, False)
    url = server.url + "/v1/chat/completions"
    answers = complete(post_both(case, url, kind, passthrough=["127.0.0.1"]), is_async=is_async)
    plain, ours = map(sent, server.requests)
    assert plain == ours
    assert answers[0] == answers[1] == plain[3]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_posts_are_answered(family, is_async, make_case, server, method):
    """Another method on the same path is not a chat request."""
    case = make_case(family, is_async, False)
    complete(post_both(case, server.url + "/v1/chat/completions", "none", method=method), is_async=is_async)
    plain, ours = map(sent, server.requests)
    assert plain == ours
    assert plain[0] == method


def test_passing_traffic_is_not_noted(server, family, is_async, make_case):
    """The journal holds LLM calls alone."""
    case = make_case(family, is_async, False)
    with intercept(TEXT) as llm:
        assert case.send({"a": 1}, url=server.url + "/other").json() == {"a": 1}
        assert case.send(["not", "an", "object"], url=server.url + "/v1/files").json() == ["not", "an", "object"]
    assert llm.calls == []
    assert len(server.requests) == 2


def test_a_failing_request_body_fails_as_without_us(family, is_async, make_case):
    """An exception of the program's own body generator reaches the program."""
    case = make_case(family, is_async, False)

    def generator() -> Iterator[bytes]:
        yield b"{"
        raise LookupError("mine")

    async def async_generator() -> AsyncIterator[bytes]:
        for part in generator():
            yield part

    async def law() -> None:
        client = case.client()
        with pytest.raises(LookupError, match="mine"):
            await maybe(client.post(URL, content=async_generator() if is_async else generator()))
        await close(case, client)

    with intercept(TEXT):
        complete(law(), is_async=is_async)


def test_a_json_body_may_be_streamed_to_us(case):
    """A chat request whose body is a generator is answered like any other."""
    text = json.dumps(chat("in parts", stream=case.stream)).encode()

    def generator() -> Iterator[bytes]:
        yield from (text[:10], text[10:])

    async def async_generator() -> AsyncIterator[bytes]:
        for part in generator():
            yield part

    async def law() -> Any:
        client = case.client()
        response = await maybe(client.post(URL, content=async_generator() if case.is_async else generator()))
        await close(case, client)
        return response

    with intercept(TEXT) as llm:
        response = complete(law(), is_async=case.is_async)
    assert case.text(response) == TEXT
    assert llm.calls[0].request.last_user == "in parts"


# InterceptTransport


def test_intercept_transport_answers_any_client(case):
    """One class serves httpx and httpx2, sync and async, JSON and streams."""
    transport = InterceptTransport(TEXT)
    response = case.post("by hand", client=case.client(transport=transport))
    assert case.text(response) == TEXT
    assert type(response) is case.module.Response
    assert [call.request.last_user for call in transport.calls] == ["by hand"]


def test_intercept_transport_sends_the_rest_to_its_inner_transport(case):
    """What is nobody's business goes to `inner`; chat requests never do."""
    module = case.module
    inner = module.MockTransport(lambda request: module.Response(299, content=request.content))
    client = case.client(transport=InterceptTransport(TEXT, inner=inner))
    other = case.send({"a": 1}, client=client, url="http://elsewhere.test/a")
    assert (other.status_code, other.json()) == (299, {"a": 1})
    client = case.client(transport=InterceptTransport(TEXT, inner=inner))
    assert case.text(case.post(client=client)) == TEXT


def test_intercept_transport_makes_a_real_inner_transport(family, is_async, make_case, server):
    """Without `inner`, other traffic goes to the network."""
    case = make_case(family, is_async, False)
    response = case.send({"a": 1}, client=case.client(transport=InterceptTransport(TEXT)), url=server.url + "/x")
    assert response.json() == {"a": 1}


def test_intercept_transport_closes_its_inner_transport(case):
    """Closing the client closes `inner`."""
    closed: list[str] = []

    class Inner(case.transport_base()):
        def close(self) -> None:
            closed.append("close")

        async def aclose(self) -> None:
            closed.append("aclose")

    case.post(client=case.client(transport=InterceptTransport(TEXT, inner=Inner())))
    assert closed == ["aclose" if case.is_async else "close"]


def test_intercept_transport_takes_an_interceptor_or_a_reply():
    """Both at once is refused; an interceptor given is the one that answers."""
    import httpx

    llm = Interceptor()
    llm.on("hi").reply("from the rule")
    transport = InterceptTransport(interceptor=llm)
    with httpx.Client(transport=transport) as client:
        assert ask(client, "hi") == "from the rule"
    assert transport.calls == llm.calls
    assert list(transport.calls) == list(llm.calls)
    with pytest.raises(SettingsError, match="not both"):
        InterceptTransport("reply", interceptor=llm)
    with pytest.raises(SettingsError, match="unmatched"):
        InterceptTransport(unmatched="never")


def test_intercept_transport_comes_before_a_block(case):
    """The client's own transport is asked first, then the block around."""
    llm = Interceptor()
    llm.on("mine").reply("from the transport")
    with intercept("from the block"):
        client = case.client(transport=InterceptTransport(interceptor=llm))
        assert case.text(case.post("mine", client=client)) == "from the transport"
        client = case.client(transport=InterceptTransport(interceptor=llm))
        assert case.text(case.post("other", client=client)) == "from the block"


# Exceptions as replies

ERRORS = ("ConnectTimeout", "ReadTimeout", "PoolTimeout", "ConnectError", "ReadError", "RemoteProtocolError")


@pytest.mark.parametrize("name", ERRORS)
def test_an_exception_becomes_one_of_the_clients_own_family(case, name):
    """An httpx exception given to an httpx2 client is raised as httpx2's of the same name, and the reverse."""
    given = import_module("httpx2" if case.family == "httpx" and "httpx2" in FAMILIES else "httpx")
    with intercept(getattr(given, name)("as asked")) as llm, pytest.raises(getattr(case.module, name)) as caught:
        case.post()
    assert str(caught.value) == "as asked"
    assert caught.value.request.url == URL
    assert str(llm.calls[0].error) == "as asked"
    assert (llm.calls[0].status, llm.calls[0].source) == (0, "rule")


def test_an_exception_class_is_made_with_a_message(case):
    """A class will do where an instance will."""
    with intercept(case.module.ReadTimeout), pytest.raises(case.module.ReadTimeout, match="llm-intercept"):
        case.post()


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ConnectionResetError("gone"), "ReadError"),
        (ConnectionRefusedError("no"), "ConnectError"),
        (TimeoutError, "ReadTimeout"),
    ],
)
def test_an_error_of_the_network_is_what_a_real_transport_makes_of_it(case, error, name):
    """An OSError of the network reaches the program as its own library's exception, with the given one as its cause."""
    with intercept(error), pytest.raises(getattr(case.module, name)) as caught:
        case.post()
    assert isinstance(caught.value.__cause__, error if isinstance(error, type) else type(error))


@pytest.mark.parametrize("way", ["reply", "function", "delta"])
def test_an_exception_of_the_clients_own_family_is_the_one_that_was_given(case, way):
    """The very object, with the cause it has; the call keeps it too."""
    error = case.module.ReadError("down")
    error.__cause__ = cause = OSError("below")

    def fails(*_: Any) -> Any:
        raise error

    def deltas() -> Iterator[str]:
        yield "first"
        raise error

    given = {"reply": error, "function": fails, "delta": lambda _: Reply(deltas=deltas())}
    if way == "delta" and not case.stream:
        pytest.skip("a JSON body is whole before there is a response")
    with intercept(given[way]) as llm, pytest.raises(case.module.ReadError) as caught:
        case.post()
    assert (caught.value, caught.value.__cause__, llm.calls[0].error) == (error, cause, error)


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError])
def test_another_exception_is_raised_as_it_is(case, error):
    """What no HTTP library defines reaches the program unchanged."""
    kind = error if isinstance(error, type) else type(error)
    with intercept(error), pytest.raises(kind) as caught:
        case.post()
    assert isinstance(error, type) or caught.value is error


def test_a_script_may_hold_exceptions(case):
    """First an error, then an answer: a retry's story."""
    with intercept() as llm:
        llm.reply(case.module.ConnectError("down"), TEXT)
        with pytest.raises(case.module.ConnectError):
            case.post()
        assert case.text(case.post()) == TEXT


# Reply functions


def plain(request: Any) -> str:
    return f"you said {request.last_user}"


async def coroutine(request: Any) -> str:
    await anyio.lowlevel.checkpoint()
    return plain(request)


def generator(request: Any) -> Iterator[str]:
    yield from ("you said ", request.last_user)


async def async_generator(request: Any) -> AsyncIterator[str]:
    yield "you said "
    await anyio.lowlevel.checkpoint()
    yield request.last_user


class Instance:
    async def __call__(self, request: Any) -> str:
        return plain(request)


FUNCTIONS = [plain, coroutine, generator, async_generator, Instance()]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: getattr(f, "__name__", "instance"))
def test_a_reply_function_of_any_kind_serves_any_client(case, function):
    """Sync and async functions and generators answer sync and async clients."""
    with intercept(function):
        assert case.text(case.post("ping")) == "you said ping"


def test_an_async_function_cannot_answer_a_sync_client_in_a_running_loop(family, make_case):
    """A sync client that blocks the loop gets a 500 that says why, and the block raises it."""
    case = make_case(family, False, False)

    async def law() -> Any:
        return case.client().post(URL, json=chat())

    with pytest.raises(ReplyFunctionError, match="running event loop"), intercept(coroutine):
        response = asyncio.run(law())
    assert response.status_code == 500
    assert "running event loop" in response.json()["error"]["message"]


def test_a_reply_function_sees_the_request(case):
    """It gets the neutral request, with what the client sent."""
    seen: list[Any] = []

    def note(request: Any) -> str:
        seen.append(request)
        return "ok"

    with intercept(note):
        case.post("look", temperature=0.5)
    request = seen[0]
    assert (request.model, request.last_user, request.stream, request.turn) == ("gpt-4o", "look", case.stream, 1)
    assert request.raw["temperature"] == 0.5
    assert request.raw["messages"] == [{"role": "user", "content": "look"}]


# trio


@pytest.mark.parametrize("function", [TEXT, *FUNCTIONS], ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_async_clients_are_answered_under_trio(family, stream, make_case, function):
    """Nothing of ours needs asyncio."""
    case = make_case(family, True, stream)

    async def law() -> Any:
        async with case.client() as client:
            return await client.post(URL, json=chat("ping", stream=stream))

    with intercept(function):
        response = anyio.run(law, backend="trio")
    assert case.text(response) == (TEXT if function == TEXT else "you said ping")


def test_a_stream_is_closed_half_way_under_trio(family, make_case):
    """An abandoned stream leaves nothing for trio to complain about."""
    case = make_case(family, True, True)

    async def law() -> None:
        async with case.client() as client, client.stream("POST", URL, json=chat(stream=True)) as response:
            source = response.aiter_raw()
            await anext(source)
            await source.aclose()

    with intercept(TEXT) as llm, warnings.catch_warnings():
        if family == "httpx":  # it leaves its own generators behind, also with a real transport
            warnings.simplefilter("ignore", ResourceWarning)
        with collecting():
            anyio.run(law, backend="trio")
    assert llm.calls[0].duration > 0


def test_other_traffic_goes_through_under_trio(family, server, make_case):
    """The network is reached as without us."""
    case = make_case(family, True, False)

    async def law() -> Any:
        async with case.client() as client:
            return await client.post(server.url + "/x", json={"a": 1})

    with intercept(TEXT):
        assert anyio.run(law, backend="trio").json() == {"a": 1}


# What goes unanswered


def test_an_unclaimed_request_to_a_known_host_is_stopped(family, is_async, make_case):
    """`api.openai.com/v1/files` is a 404 that is not retried, and the block raises."""
    case = make_case(family, is_async, False)
    with pytest.raises(UnmatchedRequestError, match="/v1/files"), intercept(TEXT):
        response = case.send({"a": 1}, url="https://api.openai.com/v1/files")
    assert (response.status_code, response.headers["x-should-retry"]) == (404, "false")
    assert response.json()["error"]["code"] == "llm_intercept_unmatched"


def test_any_host_and_prefix_is_answered(case):
    """Azure's deployments and every compatible server are chat completions too."""
    urls = [
        ELSEWHERE,
        "http://localhost:11434/v1/chat/completions",
        "https://mine.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
        "https://openrouter.ai/api/v1/chat/completions",
    ]
    with intercept(TEXT) as llm:
        assert [case.text(case.post(url=url)) for url in urls] == [TEXT] * 4
    assert [call.request.url for call in llm.calls] == urls


def test_said_and_ask_read_an_answer():
    """The tests' own helpers fail on anything but an answer."""
    import httpx

    with pytest.raises(AssertionError):
        said(httpx.Response(500))
