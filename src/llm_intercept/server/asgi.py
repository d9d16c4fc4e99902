"""`app`: an ASGI application that an interceptor answers, with a control beside it.

Knows: ASGI, and ties door, channel, shares and control together. Must not know: how a request is answered, which server
runs.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from llm_intercept.clients.driver import drive_async
from llm_intercept.clients.family import network_fault
from llm_intercept.engine.keyless import keep_in
from llm_intercept.errors import LLMInterceptError
from llm_intercept.faults.network import STALLED
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.server.control import OPEN, PREFIX, Asked, Control, Told
from llm_intercept.server.cors import Cors, is_foreign
from llm_intercept.server.door import Body, Door, LeftError
from llm_intercept.server.links import led_here
from llm_intercept.server.metrics import metrics
from llm_intercept.server.patience import Patience
from llm_intercept.server.refusing import RefusedError, refusal
from llm_intercept.server.sending import Channel
from llm_intercept.server.serve_options import Options, checked
from llm_intercept.server.shares import Shares
from llm_intercept.server.socket_asgi import SocketServer
from llm_intercept.server.standing import head_of
from llm_intercept.server.threads import Threads
from llm_intercept.server.upstream import Upstream
from llm_intercept.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Call
    from llm_intercept.model.wire import NetworkFaultError, WireRequest
    from llm_intercept.rules.rule import Rule
    from llm_intercept.server.door import Receive
    from llm_intercept.server.sending import Send
    from llm_intercept.server.serve_options import Given
    from llm_intercept.server.standing import Headers, Standing

METRICS = "/metrics"
LOG = logging.getLogger("llm_intercept.server")
NOBODY = "llm-intercept: no API known here is asked by {} {}. A rule answers it whose url= names the path, by raw(…)."
SHOWN = " People see the calls at /__llm_intercept/."
STOPPED = "llm-intercept: the server stops, and does not wait any longer for this answer."
RESET = frozenset({"ReadError", "WriteError", "ConnectError"})
"""The failures of the network in which a client sees its connection reset."""


def app(interceptor: Interceptor, /, **options: Unpack[Given]) -> App:
    """Make an ASGI application, for uvicorn, hypercorn and granian, that an interceptor answers.

    Args:
        interceptor: What answers; also one that a block gives.
        **options: See `Given`.

    Raises:
        SettingsError: An option is not known, or has a value that cannot be used.

    """
    return App(interceptor, checked(options))


class App:
    """The application; `app` makes it.

    Attributes:
        count: How many requests there were, of all tests; what is only asked beside them is none.

    """

    def __init__(self, llm: Interceptor, options: Options) -> None:
        self._llm, self._options = llm, options
        self._metrics = metrics()
        self.count = 0
        self._shares = Shares(llm, options.tests, options.calls, self._heard)
        self._cors = Cors(options.cors)
        self._patience = Patience(options.body_timeout)
        self._threads = Threads()
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock = Clock(engine_of(llm).service.clock.scale)
        self._upstream: Upstream | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve what ASGI calls a scope: a request, or the server's own beginning and end."""
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await self._socket(scope, receive, send)
            case kind:
                raise TypeError(f"llm-intercept serves http, lifespan and websocket, and no {kind!r}")

    def _heard(self, call: Call) -> None:
        self.count += not call.is_side
        self._metrics.count(call)

    def settle(self) -> LLMInterceptError | None:
        """End what was recorded, once the server has stopped; return what went wrong, in a block's order of weight."""
        own, of_tests = engine_of(self._llm).settle(complete=True), self._shares.settle()
        if own is not None and of_tests is not None:
            own.add_note("\n".join([str(of_tests), *getattr(of_tests, "__notes__", ())]))
        return own or of_tests

    def renew(self, rules: Sequence[Rule]) -> None:
        """Put rules in the place of the server's own, from any thread, once the server has begun."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._shares.renew, rules)

    def stop(self) -> None:
        """End what would go on for ever, since the server stops; from the server's own thread."""
        self._stops().set()

    def _stops(self) -> asyncio.Event:
        if self._stopping is None:
            self._stopping = asyncio.Event()
        return self._stopping

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._clock, self._loop = Clock(self._clock.scale), asyncio.get_running_loop()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.stop()
                self._threads.close()
                if self._upstream is not None:
                    await self._upstream.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        standing = head_of(scope, self._options.upstream)
        preflight = self._cors.preflight(standing.headers) if scope["method"] == "OPTIONS" else None
        said = self._cors.said(standing.headers) if standing.is_of_page and preflight is None else preflight
        channel = Channel(send, said or (), is_plain=scope["http_version"] == "1.0")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        self._metrics.opened(1)
        try:
            if preflight is not None:
                await channel.whole(204, (), b"")
            elif f"{path}/" == PREFIX:
                await channel.whole(308, (("location", f"{scope.get('root_path', '')}{PREFIX}"),), b"")
            elif path.startswith(PREFIX) or path == METRICS:
                await self._control(path, scope, standing, receive, channel)
            else:
                await self._ask(standing, receive, channel)
        finally:
            self._metrics.opened(-1)

    async def _socket(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer an API's WebSocket."""
        standing = head_of(scope, self._options.upstream, method="POST")
        head = standing.head
        try:
            engine = engine_of(self._shares.of(standing.test).llm)
        except RefusedError:
            await SocketServer(head, lambda _: None, receive, send, self._threads.call).run(None)
            return
        await SocketServer(head, engine.exchange, receive, send, self._threads.call).run(engine.socket(head))

    async def _ask(self, standing: Standing, receive: Receive, channel: Channel) -> None:
        """Answer a request to an API."""
        head = standing.head
        body = Body(receive, standing.length, self._options.max_body, self._patience)
        door = Door(head, body, receive, self._forwarding)
        try:
            await self._answer_or_fail(head, standing.test, door, channel)
        except asyncio.CancelledError:
            is_cut_off = self._stops().is_set() and not channel.is_begun
            if not (door.has_left or is_cut_off):
                raise
            _uncancel()
            if not door.has_left:
                await _cut_off(head, door, channel)
        finally:
            door.close()

    async def _answer_or_fail(self, head: WireRequest, test: str, door: Door, channel: Channel) -> None:
        try:
            await self._answer(head, test, door, channel)
        except RefusedError as error:
            await _refuse(head, error, channel)
        except LeftError:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer or a broken connection
            await _fail(head, error, door, channel)

    async def _answer(self, head: WireRequest, test: str, door: Door, channel: Channel) -> None:
        engine = engine_of(self._shares.of(test).llm)
        exchange = engine.exchange(head)
        if exchange is not None:
            response = await drive_async(exchange, door, self._threads.call)
        elif self._options.upstream and engine.sends_on:
            keep_in(head, await door.read(), engine.journal)
            _, response = await door.forward(None)
        else:
            raise RefusedError(404, NOBODY.format(head.method, head.path) + SHOWN * (head.method == "GET"))
        await channel.answer(led_here(response, head), door)

    def _forwarding(self, head: WireRequest) -> Upstream:
        """Return what sends a request on; raises `RefusedError` where it would come back here."""
        if urlsplit(head.url).netloc == head.headers.get("host", ""):
            where = f"{head.method} {head.url.partition('?')[0]}"
            raise RefusedError(501, f"llm-intercept: nobody knows where to send {where}: give a rule, or --upstream.")
        if self._upstream is None:
            self._upstream = Upstream()
        return self._upstream

    async def _control(
        self, path: str, scope: dict[str, Any], standing: Standing, receive: Receive, channel: Channel
    ) -> None:
        """Answer a request to the server itself."""
        name = path.removeprefix(PREFIX).strip("/") if path != METRICS else "metrics"
        options = self._options
        try:
            if name not in OPEN:
                self._admit(standing.headers)
            body = await Body(receive, standing.length, options.max_body, self._patience).read()
            query = dict(parse_qsl((scope.get("query_string") or b"").decode("latin-1"), keep_blank_values=True))
            share = self._shares.of(standing.test)
            told = await self._controls().answer(Asked(scope["method"], name, query, body, share))
        except RefusedError as error:
            told = Control.refused(error)
        except LeftError:
            return
        await self._tell(told, receive, channel)

    def _controls(self) -> Control:
        options = self._options
        return Control(self._metrics, self._clock, options.ready_after, self._stops(), options.workers)

    def _admit(self, headers: Headers) -> None:
        """Raise `RefusedError` at who may not ask the server itself."""
        token = self._options.token
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            raise RefusedError(401, "llm-intercept: the control asks for its token: Authorization: Bearer ….")
        if not token and is_foreign(headers):
            whose = headers.get("origin", "") or headers.get("host", "")
            raise RefusedError(403, f"llm-intercept: a page of {whose} may not ask the control; with a token it may.")

    async def _tell(self, told: Told, receive: Receive, channel: Channel) -> None:
        headers = (("content-type", told.kind), ("cache-control", "no-store"), *told.headers)
        if told.lines is None:
            body = told.body if told.made is None else await asyncio.to_thread(told.made)
            await channel.whole(told.status, headers, body)
            return
        await channel.lines(told.status, headers, told.lines, receive)


async def _refuse(head: WireRequest, error: RefusedError, channel: Channel) -> None:
    """Answer a request that is refused in the words of its API; what has begun can only be broken off."""
    if channel.is_begun:
        raise error
    response = refusal(head, error)
    content = b"".join(step for step in response.chunks if isinstance(step, bytes))
    closes = (("connection", "close"),) if error.status in {408, 413} else ()
    await channel.whole(response.status, response.headers, content, closes)


async def _cut_off(head: WireRequest, door: Door, channel: Channel) -> None:
    """Say that the server stops, as a gateway does; who was to hear nothing hears that the connection ends."""
    if not door.is_silent:
        await _refuse(head, RefusedError(503, STOPPED), channel)
    elif channel.drop(reset=False):
        await door.outwait(1.0)


async def _fail(head: WireRequest, error: Exception, door: Door, channel: Channel) -> None:
    """Let a request fail as it is meant to, or say what has gone wrong."""
    fault = network_fault(error)
    if fault is not None:
        await _break(fault, error, door, channel)
        return
    is_told = isinstance(error, LLMInterceptError)
    if not is_told:
        LOG.error("a request could not be answered: %s %s", head.method, head.path, exc_info=error)
    if channel.is_begun:
        channel.drop(reset=False)
        return
    told = str(error) if is_told else f"llm-intercept: {type(error).__name__}: {error}"
    await _refuse(head, RefusedError(500, told), channel)


async def _break(fault: NetworkFaultError, error: Exception, door: Door, channel: Channel) -> None:
    """Break a connection off; one that is to time out is kept open, and says nothing, until the client leaves."""
    if fault.kind.endswith("Timeout"):
        await door.outwait(STALLED)
    if not channel.drop(reset=fault.kind in RESET):
        raise ConnectionAbortedError(fault.message) from error
    await door.outwait(1.0)  # until the server has heard it, which would else answer for us


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
