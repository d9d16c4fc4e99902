"""What one client of a server can take of it: time, memory, the turns of others."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from llm_intercept import Interceptor, Pace, Reply, timeout
from llm_intercept.clients.socket_lanes import Lanes
from llm_intercept.errors import LLMInterceptError, ReplyError
from llm_intercept.journal.journal import MODELS, OTHERS, Call, Journal, Totals
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies import make
from llm_intercept.replies.api_error import api_error
from llm_intercept.server import app, serve
from llm_intercept.server.socket_asgi import MOST, SocketServer
from llm_intercept.server.threads import Threads
from tests.amounts import PATIENCE
from tests.served import CHAT, say
from tests.support import chat, said


def test_a_function_that_takes_long_keeps_no_other_client_waiting():
    """Three that only go on when all three were asked; and one that awaits, in the server's loop."""
    together = threading.Barrier(3, timeout=PATIENCE)

    def waits(request):
        together.wait()
        return f"{request.last_user} in {threading.current_thread().name.rpartition('_')[0]}"

    async def awaits(request):
        await asyncio.sleep(0)
        return threading.current_thread().name

    llm = Interceptor(waits)
    llm.on("loop").reply(awaits)
    served = app(llm)

    async def run():
        import httpx

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=served), base_url="http://127.0.0.1:8787"
        ) as client:
            users = ("one", "two", "three", "loop")
            return await asyncio.gather(*(client.post(CHAT, json=chat(user)) for user in users))

    assert [said(one) for one in asyncio.run(run())] == [
        *(f"{user} in llm-intercept-reply" for user in ("one", "two", "three")),
        "MainThread",
    ]


def test_what_a_function_raises_is_told_whatever_it_is():
    """Also StopIteration, which no future can hold; a function without an answer is one that failed."""

    def spent(_):
        return next(iter(()))

    answer = say(app(Interceptor(spent)))
    assert answer.status_code == 500
    assert "StopIteration" in answer.text


def test_threads_that_are_closed_begin_nothing_more_and_may_begin_again():
    async def run():
        threads = Threads()
        threads.close()
        first = await threads.call(len, ("ab",))
        threads.close()
        return first, await threads.call(len, ("abc",))

    assert asyncio.run(run()) == (2, 3)


@pytest.mark.parametrize(("size", "kept"), [(10, 5), (40, 1), (1000, 1)])
def test_a_journal_that_is_bounded_forgets_by_bytes_too(size, kept):
    """Half of what may be kept is left, and the newest call always."""
    journal = Journal(most=100, largest=100)
    for number in range(11):
        journal.note(Call(LLMRequest(content=b"x" * size, model=str(number))))
        assert sum(len(call.request.content) for call in journal.calls) <= max(100, size)
    found = set()
    for _ in range(20):
        journal.note(Call(LLMRequest(content=b"x" * size)))
        found.add(len(journal.calls))
    assert min(found) == kept


def test_models_are_counted_by_name_as_long_as_there_are_not_too_many():
    totals = Totals()
    for number in range(MODELS + 5):
        totals.count("rule", f"model-{number}", 1, 2)
    totals.count("rule", "model-0", 1, 2)
    assert len(totals.input) == MODELS + 1
    assert (totals.input["model-0"], totals.input[OTHERS]) == (2, 5)
    assert totals.tokens == 3 * (MODELS + 6)


def test_a_batch_gives_others_their_turn():
    """While a batch of a hundred is answered, a small request that came after it is answered first."""
    served = app(Interceptor("hello"))
    params = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    batch = {"requests": [{"custom_id": str(number), "params": params} for number in range(100)]}
    ended = []

    async def run():
        import httpx

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=served), base_url="http://127.0.0.1:8787"
        ) as client:

            async def post(path, body):
                answer = await client.post(path, json=body, headers={"anthropic-version": "2023-06-01"})
                assert answer.status_code == 200, answer.text
                ended.append(path)

            await asyncio.gather(post("/v1/messages/batches", batch), post("/v1/messages", params))

    asyncio.run(run())
    assert ended == ["/v1/messages", "/v1/messages/batches"]


class _Turn:
    lane = ""


class _Form:
    headers = ()

    def read(self, message):
        turn = _Turn()
        turn.lane = message
        return turn


def test_a_socket_is_not_read_on_while_too_many_requests_of_it_wait(monkeypatch):
    """They are answered as soon as they can be, and then it is."""
    heard, answered, most = 0, 0, 0
    go = asyncio.Event()

    async def answer(*_):
        nonlocal answered
        await go.wait()
        answered += 1

    async def receive():
        nonlocal heard, most
        heard += 1
        most = max(most, heard - answered)
        if heard == 1:  # when the loop has its turn, which is when nothing more is read
            asyncio.get_running_loop().call_soon(go.set)
        if heard == 2 * MOST:
            await asyncio.sleep(0)
            return {"type": "websocket.disconnect"}
        return {"type": "websocket.receive", "text": str(heard % 3)}

    async def send(_):
        pass

    monkeypatch.setattr("llm_intercept.server.socket_asgi.answer", answer)
    head = _head()
    asyncio.run(SocketServer(head, lambda _: None, receive, send, Threads().call).run(_Form()))
    assert MOST - 4 <= most <= MOST + 4
    assert answered >= MOST


def _head():
    from llm_intercept.model.wire import WireRequest

    return WireRequest("POST", "https://api.openai.com/v1/responses", "api.openai.com", "/v1/responses", {})


def test_lanes_say_how_many_requests_wait():
    lanes = Lanes()
    form = _Form()
    assert [lanes.add(form.read(lane)) for lane in ("a", "a", "b")] == [True, False, True]
    assert len(lanes) == 3
    lanes.next("a")
    assert len(lanes) == 2


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
@pytest.mark.parametrize(
    "give", [lambda headers: make.raw({}, headers=headers), lambda headers: api_error(500, headers=headers)]
)
def test_a_header_that_is_more_than_a_line_is_refused_where_it_is_written(give, end):
    """Each client would else read something else: two headers, one, an error, another answer."""
    for headers in ({"x-one": f"a{end}x-two: b"}, {f"x-one{end}x-two": "b"}, {"": "b"}, {"x one": "b"}):
        with pytest.raises(ReplyError, match="cannot be sent"):
            give(headers)
    assert give({"x-one": "a\tb ü"})


def test_the_reply_of_a_function_is_refused_alike():
    served = app(Interceptor(lambda _: make.raw({}, headers={"x-one": "a\r\nb"})))
    answer = say(served)
    assert answer.status_code == 500
    assert "one line" in answer.text


@pytest.mark.parametrize("kind", ["slow", "timeout", "function"])
def test_an_answer_that_a_stopping_server_does_not_wait_for_is_refused_as_a_gateway_does(monkeypatch, kind):
    """By a 503 in the API's words, which may be tried again; who was to hear nothing sees its connection end."""
    pytest.importorskip("uvicorn")
    monkeypatch.setattr("llm_intercept.server.uvicorn_server.GRACE", 0.05)
    asked, going = threading.Event(), threading.Event()

    def waits(request):
        going.wait(PATIENCE)
        return "late"

    reply = {"slow": Reply("late", pace=Pace(ttft=PATIENCE)), "timeout": timeout(), "function": waits}[kind]
    llm = Interceptor()
    llm.on(lambda _: asked.set() or True).reply(reply)
    with ThreadPoolExecutor(1) as pool:
        with suppress(LLMInterceptError), serve(llm) as url:
            answer = pool.submit(httpx.post, url + CHAT, json=chat(), timeout=PATIENCE)
            assert asked.wait(PATIENCE)
        going.set()
        if kind == "timeout":
            with pytest.raises(httpx.RemoteProtocolError):
                answer.result(PATIENCE)
            return
        told = answer.result(PATIENCE)
    assert told.status_code == 503
    assert "the server stops" in told.json()["error"]["message"]
    assert told.headers.get("x-should-retry") != "false"
