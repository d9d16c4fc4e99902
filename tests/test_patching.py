"""What is patched comes back, what others patch stays theirs, and no client escapes while a block is active."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import inspect
import itertools
import socket
import sys
import threading
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from llm_intercept import intercept
from llm_intercept.clients import sentinels
from llm_intercept.clients.hook import innermost, member
from llm_intercept.clients.leaves import leaves
from llm_intercept.clients.patching import THREADS, TRAFFIC, HookSet
from llm_intercept.errors import HookError, UnmatchedWarning, UnseenClientError
from tests.amounts import PATIENCE
from tests.conftest import FAMILIES
from tests.support import ELSEWHERE, URL, ask, ask_async, chat, complete, maybe, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATH = "/v1/chat/completions"
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of websockets.legacy, whose package is imported to look
    LIBRARIES = [name for name in sentinels.LIBRARIES if find_spec(name.partition(".")[0]) and find_spec(name)]


# What is patched, and how it comes back


def patched(family: str) -> dict[str, Any]:
    """Name every attribute that holds a function we may hook."""
    module = import_module(family)
    places: list[tuple[Any, str]] = [
        (module.HTTPTransport, "handle_request"),
        (module.AsyncHTTPTransport, "handle_async_request"),
        (module.Client, "_transport_for_url"),
        (module.AsyncClient, "_transport_for_url"),
        (module, "create_ssl_context"),
        (threading.Thread, "start"),
        (ThreadPoolExecutor, "submit"),
        (http.client.HTTPConnection, "request"),
        (http.client.HTTPConnection, "putrequest"),
        (socket, "getaddrinfo"),
    ]
    for name in ("httpcore", "httpcore2"):
        if find_spec(name):
            places += [
                (import_module(name).ConnectionPool, "handle_request"),
                (import_module(name).AsyncConnectionPool, "handle_async_request"),
            ]
    return {
        f"{getattr(holder, '__module__', '')}.{holder.__name__}.{name}": vars(holder)[name] for holder, name in places
    }


def codes(functions: dict[str, Any]) -> dict[str, Any]:
    return {name: function.__code__ for name, function in functions.items()}


@pytest.mark.parametrize("scope", ["process", "context"])
def test_every_patched_attribute_is_the_same_object_with_the_same_code_afterwards(family, scope):
    """The objects never change; the code is ours inside the block and the very old one after it."""
    before = patched(family)
    old = codes(before)
    with intercept("x", scope=scope):
        inside = patched(family)
        hooked = {name for name, function in inside.items() if function.__code__ is not old[name]}
    threads = {name for name in before if name.endswith("Thread.start")}
    assert hooked == set(before) - (threads if scope == "process" else set())
    after = patched(family)
    assert all(before[name] is inside[name] is after[name] for name in before)
    assert all(codes(after)[name] is old[name] for name in before)


def test_nothing_is_left_in_the_import_system():
    """The watcher of later imports goes with the last block."""
    before = list(sys.meta_path)
    with intercept("x"), intercept("y", scope="context"):
        assert len(sys.meta_path) > len(before)
    assert sys.meta_path == before


def test_hooks_stay_until_the_last_block_ends(family):
    """Blocks are counted: the first to end takes nothing away from the others."""
    function = import_module(family).HTTPTransport.handle_request
    old = function.__code__
    first, second = intercept("x"), intercept("y")
    first.__enter__()
    hooked = function.__code__
    second.__enter__()
    first.__exit__(None, None, None)
    assert function.__code__ is hooked is not old
    second.__exit__(None, None, None)
    assert function.__code__ is old


def test_blocks_on_many_threads_leave_nothing_behind(family):
    """However blocks of several threads overlap, the end is as the beginning."""
    before = patched(family)
    old = codes(before)

    def work(number: int) -> None:
        for _ in range(20):
            with intercept(str(number), scope="context" if number % 2 else "process"):
                pass

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert codes(patched(family)) == old
    assert not TRAFFIC._hooks
    assert not THREADS._hooks


def test_a_block_that_ends_in_an_exception_leaves_nothing_behind(family):
    """An exception restores like any end."""
    old = codes(patched(family))
    with pytest.raises(LookupError), intercept("x"):
        raise LookupError
    assert codes(patched(family)) == old


# What cannot be hooked


class Callable_:  # noqa: N801
    """An object that sends as a method does, and is none."""

    def __call__(self, *args: Any) -> Any:
        raise AssertionError("a request went out")


UNHOOKABLE: dict[str, Callable[[Any], Any]] = {
    "partialmethod": functools.partialmethod,
    "callable object": lambda _: Callable_(),
    "builtin": lambda _: len,
    "mock": lambda original: mock.Mock(wraps=original),
}


@pytest.mark.parametrize("made", UNHOOKABLE)
@pytest.mark.parametrize("scope", ["process", "context"])
def test_a_transport_that_cannot_be_hooked_is_an_error_at_once(family, is_async, monkeypatch, made, scope):
    """Rather than letting requests out unanswered; it says what stands there, and nothing is left behind."""
    module = import_module(family)
    old = codes(patched(family))
    kind = module.AsyncHTTPTransport if is_async else module.HTTPTransport
    name = "handle_async_request" if is_async else "handle_request"
    with monkeypatch.context() as patch:
        patch.setattr(kind, name, UNHOOKABLE[made](vars(kind)[name]))
        with pytest.raises(HookError, match="begin to intercept before that tool does") as caught:
            intercept("x", scope=scope).__enter__()
    assert caught.value.name.endswith(f"{kind.__name__}.{name}")
    assert codes(patched(family)) == old
    assert not TRAFFIC._owners + THREADS._owners


@pytest.mark.parametrize("is_async", [True, False])
def test_a_client_without_the_private_name_is_an_error_at_once(family, is_async, monkeypatch):
    """A version of the library that has it no longer is named."""
    module = import_module(family)
    monkeypatch.delattr(module.AsyncClient if is_async else module.Client, "_transport_for_url")
    with pytest.raises(HookError, match=rf"_transport_for_url: it is not there.*this version of {family}"):
        intercept("x").__enter__()


def test_threads_that_cannot_be_hooked_leave_nothing_hooked(family, monkeypatch):
    """What was hooked before the error is free again."""
    old = codes(patched(family))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", functools.partialmethod(threading.Thread.start))
        with pytest.raises(HookError, match=r"threading\.Thread\.start"):
            intercept("x", scope="context").__enter__()
    assert codes(patched(family)) == old


def test_a_mock_at_a_watched_librarys_door_is_left_alone(monkeypatch):
    """It opens no connection, so there is nothing to watch."""
    pool = pytest.importorskip("urllib3.connectionpool").HTTPConnectionPool
    door = mock.Mock()
    monkeypatch.setattr(pool, "urlopen", door)
    with intercept("x"):
        assert pool.urlopen is door


def test_a_transport_class_of_somebodys_own_that_cannot_be_hooked_is_an_error(case):
    """Met at the first request through it, which does not leave."""
    kind = type("Own", (leaf_class(case),), {"handle_request": Callable_(), "handle_async_request": Callable_()})
    with intercept("x"), pytest.raises(HookError, match=r"Own\.handle_request"):
        case.post(client=case.client(transport=kind()))


def test_hooking_waits_for_a_thread_that_imports_and_does_not_stop_it(tmp_path, monkeypatch):
    """An import that is under way when hooks are needed ends first; neither waits for the other for ever."""
    importing, go_on = threading.Event(), threading.Event()
    (tmp_path / "slow_library.py").write_text(
        "import slow_gate\nslow_gate.importing.set()\nslow_gate.go_on.wait(300)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    gate: Any = ModuleType("slow_gate")
    gate.importing, gate.go_on = importing, go_on
    monkeypatch.setitem(sys.modules, "slow_gate", gate)
    installed: list[Any] = []
    # The first is loaded already: when its hooks are installed, the import that is waited for next may go on.
    hooks = HookSet({"slow_gate": lambda *_: go_on.set(), "slow_library": lambda module, _: installed.append(module)})
    hooks.acquire()
    go_on.clear()
    importer = threading.Thread(target=import_module, args=["slow_library"], daemon=True)
    importer.start()
    assert importing.wait(PATIENCE)
    hooks.release()
    needing = threading.Thread(target=hooks.acquire, daemon=True)
    needing.start()
    for thread in (needing, importer):
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert sys.modules.pop("slow_library") in installed
    hooks.release()


# Other tools


def wrapping(original: Callable[..., Any], seen: list[str], style: str, *, is_async: bool) -> Callable[..., Any]:
    """Make what a tracing tool puts in the place of a transport's method."""

    async def traced_async(self: Any, request: Any) -> Any:
        seen.append(str(request.url))
        return await original(self, request)

    def traced(self: Any, request: Any) -> Any:
        seen.append(str(request.url))
        return original(self, request)

    made = traced_async if is_async else traced
    return functools.wraps(original)(made) if style == "wraps" else made


class Tool:
    """Another tool that patches the transport, by one of the usual means."""

    def __init__(self, case: Any, style: str, means: str) -> None:
        module = case.module
        self.holder = module.AsyncHTTPTransport if case.is_async else module.HTTPTransport
        self.name = "handle_async_request" if case.is_async else "handle_request"
        self.case, self.style, self.means = case, style, means
        self.seen: list[str] = []

    def on(self) -> None:
        made = wrapping(getattr(self.holder, self.name), self.seen, self.style, is_async=self.case.is_async)
        if self.means == "monkeypatch":
            self.patch: Any = pytest.MonkeyPatch()
            self.patch.setattr(self.holder, self.name, made)
        else:
            self.patch = mock.patch.object(self.holder, self.name, made)
            self.patch.start()

    def off(self) -> None:
        if self.means == "monkeypatch":
            self.patch.undo()
        else:
            self.patch.stop()


ORDERS = [
    order
    for order in itertools.permutations(["tool on", "tool off", "we on", "we off"])
    if order.index("tool on") < order.index("tool off") and order.index("we on") < order.index("we off")
]


@pytest.mark.parametrize("means", ["monkeypatch", "mock.patch"])
@pytest.mark.parametrize("style", ["wraps", "bare"])
@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_another_tool_may_patch_and_unpatch_in_any_order(family, is_async, make_case, server, order, style, means):
    """While we are active we answer, else the server does; a tool that wraps sees it; at the end all is as before."""
    case = make_case(family, is_async, False)
    before = patched(family)
    old = codes(before)
    tool, block = Tool(case, style, means), intercept("ours")
    steps = {
        "tool on": tool.on,
        "tool off": tool.off,
        "we on": block.__enter__,
        "we off": lambda: block.__exit__(None, None, None),
    }

    async def law() -> None:
        client = case.client()
        on = {"tool": False, "we": False}
        for step in order:
            steps[step]()
            who, state = step.split()
            on[who] = state == "on"
            tool.seen.clear()
            response = await maybe(client.post(server.url + PATH, json=chat()))
            assert ("choices" in response.json()) is on["we"], step
            if on["tool"] and (style == "wraps" or not on["we"]):
                assert tool.seen == [server.url + PATH], step
            assert on["tool"] or not tool.seen, step
        await maybe(client.aclose() if is_async else client.close())

    complete(law(), is_async=is_async)
    after = patched(family)
    assert all(before[name] is after[name] for name in before)
    assert codes(after) == old


def test_a_tool_that_puts_a_mock_object_in_place_answers_itself(family, make_case):
    """A `Mock` is somebody's own answer; when it is gone we answer again."""
    case = make_case(family, False, False)
    own = case.module.Response(418)
    with intercept("ours") as llm:
        with mock.patch.object(case.module.HTTPTransport, "handle_request", return_value=own):
            assert case.post().status_code == 418
        assert case.text(case.post()) == "ours"
    assert len(llm.calls) == 1


@pytest.mark.parametrize("outer", ["respx", "intercept"])
def test_respx_keeps_the_other_traffic(outer):
    """Nested in either order, we answer chat completions and respx the rest."""
    import httpx
    import respx

    router, ours = respx.mock(assert_all_called=False), intercept("ours")
    with contextlib.ExitStack() as stack:
        for block in (router, ours) if outer == "respx" else (ours, router):
            stack.enter_context(block)
        router.get("http://other.test/").mock(return_value=httpx.Response(202))
        assert httpx.get("http://other.test/").status_code == 202
        assert ask(httpx) == "ours"


def test_tools_that_look_at_a_signature_see_the_functions_own(family):
    """`inspect.signature`, on which respx and `mock`'s autospec stand, says what it says without us."""
    before = {name: inspect.signature(function) for name, function in patched(family).items()}
    with intercept("x", scope="context"):
        assert {name: inspect.signature(function) for name, function in patched(family).items()} == before
    assert {name: inspect.signature(function) for name, function in patched(family).items()} == before


# Transports around the real one


def retrying(case: Any, *, by: str) -> tuple[Any, list[int]]:
    """Make a transport that tries three times, in one of the ways people write one."""
    module, tries = case.module, []
    real = module.AsyncHTTPTransport if case.is_async else module.HTTPTransport
    base = case.transport_base() if by == "composition" else real

    def inner(self: Any, request: Any) -> Any:
        if by == "composition":
            return (self.inner.handle_async_request if case.is_async else self.inner.handle_request)(request)
        if by == "super":
            parent = super(Retry, self)
            return (parent.handle_async_request if case.is_async else parent.handle_request)(request)
        return (real.handle_async_request if case.is_async else real.handle_request)(self, request)

    class Retry(base):
        def __init__(self) -> None:
            super().__init__()
            if by == "composition":
                self.inner = real()

    def handle_request(self: Any, request: Any) -> Any:
        while True:
            tries.append(1)
            try:
                return inner(self, request)
            except module.ConnectError:
                if len(tries) == 3:
                    raise

    async def handle_async_request(self: Any, request: Any) -> Any:
        while True:
            tries.append(1)
            try:
                return await inner(self, request)
            except module.ConnectError:
                if len(tries) == 3:
                    raise

    Retry.handle_request = handle_request
    Retry.handle_async_request = handle_async_request
    return Retry(), tries


def test_a_retry_transport_around_the_real_one_keeps_retrying(case):
    """It sees the mocked failures, and its retry gets the answer."""
    transport, tries = retrying(case, by="composition")
    with intercept() as llm:
        llm.reply(case.module.ConnectError("down"), case.module.ConnectError("down"), "third time lucky")
        assert case.text(case.post(client=case.client(transport=transport))) == "third time lucky"
    assert (len(tries), len(llm.calls)) == (3, 3)


def test_a_retry_transport_gives_up_as_with_a_real_failure(case):
    """A reply that fails for ever ends as the transport decides."""
    transport, tries = retrying(case, by="composition")
    with intercept(case.module.ConnectError("down")), pytest.raises(case.module.ConnectError, match="down"):
        case.post(client=case.client(transport=transport))
    assert len(tries) == 3


def subclass_with_super(case: Any, tries: list[int]) -> Any:
    module = case.module
    if case.is_async:

        class Async(module.AsyncHTTPTransport):
            async def handle_async_request(self, request: Any) -> Any:
                for _ in range(2):
                    tries.append(1)
                    try:
                        return await super().handle_async_request(request)
                    except module.ConnectError:
                        pass
                return await super().handle_async_request(request)

        return Async

    class Sync(module.HTTPTransport):
        def handle_request(self, request: Any) -> Any:
            for _ in range(2):
                tries.append(1)
                try:
                    return super().handle_request(request)
                except module.ConnectError:
                    pass
            return super().handle_request(request)

    return Sync


def subclass_by_name(case: Any, tries: list[int]) -> Any:
    module = case.module
    if case.is_async:

        class Async(module.AsyncHTTPTransport):
            async def handle_async_request(self, request: Any) -> Any:
                tries.append(1)
                try:
                    return await module.AsyncHTTPTransport.handle_async_request(self, request)
                except module.ConnectError:
                    tries.append(1)
                    return await module.AsyncHTTPTransport.handle_async_request(self, request)

        return Async

    class Sync(module.HTTPTransport):
        def handle_request(self, request: Any) -> Any:
            tries.append(1)
            try:
                return module.HTTPTransport.handle_request(self, request)
            except module.ConnectError:
                tries.append(1)
                return module.HTTPTransport.handle_request(self, request)

    return Sync


def subclass_with_helper(case: Any, tries: list[int]) -> Any:
    module = case.module
    if case.is_async:

        class Async(module.AsyncHTTPTransport):
            async def handle_async_request(self, request: Any) -> Any:
                try:
                    return await self._once(request)
                except module.ConnectError:
                    return await self._once(request)

            async def _once(self, request: Any) -> Any:
                tries.append(1)
                return await super().handle_async_request(request)

        return Async

    class Sync(module.HTTPTransport):
        def handle_request(self, request: Any) -> Any:
            try:
                return self._once(request)
            except module.ConnectError:
                return self._once(request)

        def _once(self, request: Any) -> Any:
            tries.append(1)
            return super().handle_request(request)

    return Sync


def subclass_by_getattr(case: Any, tries: list[int]) -> Any:
    """Its code names neither the method nor `super()`: both come from elsewhere."""
    real = case.module.AsyncHTTPTransport if case.is_async else case.module.HTTPTransport
    name = "handle_async_request" if case.is_async else "handle_request"

    def again(self: Any, request: Any) -> Any:
        tries.append(1)
        return getattr(super(retry, self), name)(request)

    decorated = (twice_async if case.is_async else twice)(again, case.module.ConnectError)
    retry = type("Retry", (real,), {name: decorated})
    return retry


def twice(once: Callable[..., Any], error: type[Exception]) -> Callable[..., Any]:
    """Try again by a decorator, which keeps no trace of what it decorates."""

    def handle_request(self: Any, request: Any) -> Any:
        try:
            return once(self, request)
        except error:
            return once(self, request)

    return handle_request


def twice_async(once: Callable[..., Any], error: type[Exception]) -> Callable[..., Any]:
    async def handle_async_request(self: Any, request: Any) -> Any:
        try:
            return await once(self, request)
        except error:
            return await once(self, request)

    return handle_async_request


def subclass_by_mixin(case: Any, tries: list[int]) -> Any:
    """The retrying is another class's, which knows of no transport."""
    real = case.module.AsyncHTTPTransport if case.is_async else case.module.HTTPTransport
    mixin = subclass_by_getattr(case, tries)
    return type("Mixed", (mixin, real), {})


SUBCLASSES = [subclass_with_super, subclass_by_name, subclass_with_helper, subclass_by_getattr, subclass_by_mixin]


@pytest.mark.parametrize("make", SUBCLASSES, ids=lambda f: f.__name__)
def test_a_retrying_subclass_of_the_real_transport_keeps_retrying(case, make):
    """A subclass that hands on to the method it overrides, by whatever means, is answered below itself."""
    tries: list[int] = []
    transport = make(case, tries)()
    with intercept() as llm:
        llm.reply(case.module.ConnectError("down"), "second time lucky")
        assert case.text(case.post(client=case.client(transport=transport))) == "second time lucky"
    assert (len(tries), len(llm.calls)) == (2, 2)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_subclass_that_sends_by_its_pool_is_stopped_at_a_known_host(family, is_async, make_case):
    """Past the method that is hooked there is the library below it, which is watched."""
    case = make_case(family, is_async, False)
    module = case.module

    class Own(module.AsyncHTTPTransport if is_async else module.HTTPTransport):
        def handle_request(self, request: Any) -> Any:
            return self._pool.handle_request(core_request(case, request))

        async def handle_async_request(self, request: Any) -> Any:
            return await self._pool.handle_async_request(core_request(case, request))

    with (
        pytest.raises(UnseenClientError, match=r"api\.openai\.com"),
        intercept("ours"),
        pytest.raises(UnseenClientError),
    ):
        case.post(client=case.client(transport=Own()))


def core_request(case: Any, request: Any) -> Any:
    core = import_module("httpcore2" if case.family == "httpx2" else "httpcore")
    return core.Request(request.method, str(request.url), headers=request.headers.raw, content=request.stream)


def test_a_transport_that_holds_a_pool_of_its_own_is_a_leaf(case):
    """A pool has a transport's methods and takes other requests: httpx-socks keeps a subclass of one."""
    core = import_module("httpcore2" if case.family == "httpx2" else "httpcore")
    pool = type("ProxyPool", (core.AsyncConnectionPool if case.is_async else core.ConnectionPool,), {})
    transport = leaf_class(case)()
    transport.pool = pool()
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=transport))) == "caught"


# Transports nobody has seen


class Reached(Exception):  # noqa: N818
    """A request came to where it would have left for the network."""


def leaf_class(case: Any, *, slots: bool = False) -> Any:
    """Make a transport class that sends by means of its own."""

    def handle_request(self: Any, request: Any) -> Any:
        raise Reached

    async def handle_async_request(self: Any, request: Any) -> Any:
        raise Reached

    body: dict[str, Any] = {"handle_request": handle_request, "handle_async_request": handle_async_request}
    body["touch"] = lambda _: None
    if slots:
        body["__slots__"] = ("pool",)
    return type("Own", (case.transport_base(),), body)


@pytest.mark.parametrize("slots", [False, True], ids=["dict", "slots"])
def test_an_unknown_leaf_class_is_answered(case, slots):
    """A transport that holds no other is where we answer, whatever its class; afterwards it is as before."""
    kind = leaf_class(case, slots=slots)
    with pytest.raises(Reached):
        case.post(client=case.client(transport=kind()))
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=kind()))) == "caught"
    with pytest.raises(Reached):
        case.post(client=case.client(transport=kind()))


def test_a_leaf_that_is_no_transport_subclass_is_answered(case):
    """A duck-typed transport is a leaf too."""

    class Duck:
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        async def __aenter__(self) -> Any:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        def handle_request(self, request: Any) -> Any:
            raise Reached

        async def handle_async_request(self, request: Any) -> Any:
            raise Reached

    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=Duck()))) == "caught"


HOLDING: dict[str, Callable[[Any], Any]] = {
    "attribute": lambda inner: inner,
    "list": lambda inner: [None, inner],
    "tuple": lambda inner: (1, inner),
    "set": lambda inner: {inner},
    "dict": lambda inner: {"all://": inner},
}
HIDING: dict[str, Callable[[Any], Any]] = {
    "partial": lambda inner: functools.partial(print, inner),
    "closure": lambda inner: lambda: inner,
    "method": lambda inner: inner.touch,
    "container in a container": lambda inner: [[inner]],
}


def holder_of(case: Any, inner: Any, held: Any, *, slots: bool = False) -> tuple[Any, list[int]]:
    """Make a transport that hands on to `inner`, which it holds as `held`, and notes that it ran."""
    passed: list[int] = []

    class Holder(case.transport_base()):
        if slots:
            __slots__ = ("held",)

        def __init__(self) -> None:
            self.held = held

        def handle_request(self, request: Any) -> Any:
            passed.append(1)
            return inner.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            passed.append(1)
            return await inner.handle_async_request(request)

    return Holder(), passed


@pytest.mark.parametrize("holding", HOLDING)
def test_a_leaf_is_found_in_attributes_and_containers(family, is_async, make_case, holding):
    """A wrapper that holds its transport as wrappers do still runs."""
    case = make_case(family, is_async, False)
    inner = leaf_class(case)()
    holder, passed = holder_of(case, inner, HOLDING[holding](inner))
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=holder))) == "caught"
    assert passed == [1]


@pytest.mark.parametrize("hiding", [*HIDING, "slot"])
def test_a_wrapper_that_hides_its_transport_is_answered_itself(family, is_async, make_case, hiding):
    """What cannot be seen to wrap is where the request is taken to leave: nothing does."""
    case = make_case(family, is_async, False)
    inner = leaf_class(case)()
    held = HIDING.get(hiding, lambda inner: inner)(inner)
    holder, passed = holder_of(case, inner, held, slots=hiding == "slot")
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=holder))) == "caught"
    assert passed == []


def chain(case: Any, depth: int) -> tuple[Any, list[int]]:
    """Wrap a leaf `depth` times, each transport knowing the one around it."""
    passed: list[int] = []

    class Layer(case.transport_base()):
        def __init__(self, inner: Any) -> None:
            self.inner, self.outer = inner, None
            inner.outer = self

        def handle_request(self, request: Any) -> Any:
            passed.append(1)
            return self.inner.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            passed.append(1)
            return await self.inner.handle_async_request(request)

    transport = leaf_class(case)()
    for _ in range(depth):
        transport = Layer(transport)
    return transport, passed


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_reference_back_to_the_wrapper_does_not_hide_the_leaf(family, is_async, make_case, depth):
    """Transports that know what is around them are found all the same, and every layer runs."""
    case = make_case(family, is_async, False)
    transport, passed = chain(case, depth)
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=transport))) == "caught"
    assert len(passed) == depth


def test_a_transport_that_holds_itself_is_a_leaf(case):
    """A circle of one ends the search."""
    transport = leaf_class(case)()
    transport.me = [transport]
    with intercept("caught"):
        assert case.text(case.post(client=case.client(transport=transport))) == "caught"
    assert list(leaves(transport)) == [transport]


def test_a_transport_of_several_is_answered_behind_each(family, is_async, make_case):
    """A router's every leaf is hooked, whichever it chooses."""
    case = make_case(family, is_async, False)
    inner = [leaf_class(case)(), leaf_class(case)()]

    class Router(case.transport_base()):
        def __init__(self) -> None:
            self.inner, self.turn = inner, 0

        def handle_request(self, request: Any) -> Any:
            self.turn += 1
            return self.inner[self.turn % 2].handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            self.turn += 1
            return await self.inner[self.turn % 2].handle_async_request(request)

    router = Router()
    with intercept("caught"):
        for _ in range(2):
            assert case.text(case.post(client=case.client(transport=router))) == "caught"


def test_a_class_may_be_the_leaf_here_and_a_wrapper_there(family, is_async, make_case):
    """Each transport is looked at by itself: the one that holds another runs, the one that holds none is answered."""
    case = make_case(family, is_async, False)
    ran: list[int] = []

    class Either(case.transport_base()):
        def __init__(self, inner: Any = None) -> None:
            self.inner = inner

        def handle_request(self, request: Any) -> Any:
            ran.append(1)
            return self.inner.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            ran.append(1)
            return await self.inner.handle_async_request(request)

    with intercept("caught"):
        for transport, times in ((Either(), 0), (Either(Either()), 1), (Either(leaf_class(case)()), 2), (Either(), 2)):
            assert case.text(case.post(client=case.client(transport=transport))) == "caught"
            assert len(ran) == times


# Somebody's own mock or app


def in_process(case: Any) -> Iterator[Any]:
    module = case.module
    yield module.MockTransport(lambda _: module.Response(418))
    if case.is_async:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        yield module.ASGITransport(app=app)
    else:

        def wsgi(environ: Any, start_response: Any) -> list[bytes]:
            start_response("418 Teapot", [])
            return [b""]

        yield module.WSGITransport(app=wsgi)


def test_in_process_transports_are_never_touched(case):
    """Mock, ASGI and WSGI transports answer themselves."""
    for transport in in_process(case):
        with intercept("ours") as llm:
            assert case.post(client=case.client(transport=transport)).status_code == 418
        assert llm.calls == []


def test_in_process_transports_are_never_touched_inside_others(case):
    """Nor are they when a retry transport is around them, or they are subclassed."""

    class Around(case.transport_base()):
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def handle_request(self, request: Any) -> Any:
            return self.inner.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            return await self.inner.handle_async_request(request)

    class Mine(case.module.MockTransport):
        pass

    inner = Mine(lambda _: case.module.Response(418))
    for transport in (inner, *map(Around, [inner, *in_process(case)])):
        with intercept("ours") as llm:
            assert case.post(client=case.client(transport=transport)).status_code == 418
        assert llm.calls == []


@pytest.mark.parametrize(
    ("module", "name"),
    [("starlette.testclient", "_TestClientTransport"), ("litestar.testing.transport", "TestClientTransport")],
)
def test_a_test_clients_transport_is_left_alone(case, module, name):
    """Starlette's and litestar's test clients reach the app under test."""

    def handle_request(self: Any, request: Any) -> Any:
        return case.module.Response(418)

    async def handle_async_request(self: Any, request: Any) -> Any:
        return case.module.Response(418)

    methods = {"handle_request": handle_request, "handle_async_request": handle_async_request}
    kind = type(name, (case.transport_base(),), {**methods, "__module__": module, "__qualname__": name})
    for transport in (kind(), type("Sub", (kind,), {})()):
        with intercept("ours") as llm:
            assert case.post(client=case.client(transport=transport)).status_code == 418
        assert llm.calls == []


# aiohttp behind the family's classes


@pytest.mark.skipif(not find_spec("httpx_aiohttp"), reason="needs httpx-aiohttp")
def test_httpx_aiohttp_is_answered(stream, make_case):
    """A client whose transport is aiohttp is answered before aiohttp is asked."""
    import httpx_aiohttp

    case = make_case("httpx", True, stream)
    with intercept("caught"):
        assert case.text(case.post(client=httpx_aiohttp.HttpxAiohttpClient())) == "caught"
        client = case.client(transport=httpx_aiohttp.AiohttpTransport())
        assert case.text(case.post(client=client)) == "caught"


@pytest.mark.skipif(not find_spec("httpx_aiohttp"), reason="needs httpx-aiohttp")
def test_a_retrying_subclass_of_an_aiohttp_transport_keeps_retrying(stream, make_case):
    """It is known by name, and what its subclasses send by themselves is seen at aiohttp."""
    import httpx
    import httpx_aiohttp

    tries: list[int] = []

    class Retry(httpx_aiohttp.AiohttpTransport):
        async def handle_async_request(self, request: Any) -> Any:
            tries.append(1)
            try:
                return await super().handle_async_request(request)
            except httpx.ConnectError:
                return await super().handle_async_request(request)

    case = make_case("httpx", True, stream)
    with intercept() as llm:
        llm.reply(httpx.ConnectError("down"), "second time lucky")
        assert case.text(case.post(client=case.client(transport=Retry()))) == "second time lucky"
    assert (len(tries), len(llm.calls)) == (1, 2)


@pytest.mark.skipif(not find_spec("openai"), reason="needs openai")
def test_openais_aiohttp_client_is_answered(stream, make_case):
    """The aiohttp transport that openai brings along is answered too."""
    import openai

    try:
        client = openai.DefaultAioHttpClient()
    except RuntimeError:
        pytest.skip("needs openai[aiohttp]")
    case = make_case("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx", True, stream)
    with intercept("caught"):
        assert case.text(case.post(client=client)) == "caught"


@pytest.mark.skipif(not find_spec("httpx_aiohttp"), reason="needs httpx-aiohttp")
def test_other_traffic_goes_through_an_aiohttp_transport(server):
    """What is nobody's business is sent by aiohttp."""
    import httpx_aiohttp

    async def law() -> Any:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            return await client.post(server.url + "/x", json={"a": 1})

    with intercept("caught"):
        assert asyncio.run(law()).json() == {"a": 1}
    assert "aiohttp" in server.requests[0].headers["user-agent"] or server.requests[0].path == "/x"


# Clients made before, after and elsewhere


def test_clients_made_before_and_after_are_answered(case):
    """Activation reaches a client that exists already, and one that lives on is free again afterwards."""

    async def law() -> list[Any]:
        client = case.client()
        body = chat(stream=case.stream)
        with intercept("first"):
            first = await maybe(client.post(ELSEWHERE, json=body))
        with intercept("second"):
            second = await maybe(client.post(ELSEWHERE, json=body))
            new = case.client()
            third = await maybe(new.post(ELSEWHERE, json=body))
        for one in (client, new):
            await maybe(one.aclose() if case.is_async else one.close())
        return [first, second, third]

    answers = complete(law(), is_async=case.is_async)
    assert [case.text(one) for one in answers] == ["first", "second", "second"]


def test_a_client_reaches_the_network_again_after_the_block(family, is_async, make_case, server):
    """Nothing of us stays in a client."""
    case = make_case(family, is_async, False)

    async def law() -> list[Any]:
        client = case.client()
        with intercept("ours"):
            inside = await maybe(client.post(server.url + PATH, json=chat()))
        after = await maybe(client.post(server.url + PATH, json=chat()))
        await maybe(client.aclose() if is_async else client.close())
        return [inside, after]

    inside, after = complete(law(), is_async=is_async)
    assert said(inside) == "ours"
    assert after.json() == chat()


def test_clients_on_other_threads_are_answered(family, make_case):
    """Process-wide means every thread, whether it began before or after."""
    case = make_case(family, False, False)
    begin, answers = threading.Event(), []

    def work() -> None:
        assert begin.wait(PATIENCE)
        answers.append(case.text(case.post()))

    before = threading.Thread(target=work)
    before.start()
    with intercept("everywhere"):
        after = threading.Thread(target=work)
        after.start()
        begin.set()
        before.join()
        after.join()
    assert answers == ["everywhere"] * 2


def test_the_module_level_functions_are_answered(family):
    """`httpx.post` and `httpx.stream` make clients of their own."""
    module = import_module(family)
    with intercept("caught"):
        assert ask(module) == "caught"
        with module.stream("POST", URL, json=chat(stream=True)) as response:
            assert "caught" in response.read().decode()


# Imported later

LATE = """
import sys
from llm_intercept import intercept
assert not {{"{family}", "aiohttp", "requests"}} & set(sys.modules), "imported too early"
with intercept("late"):
    import {family} as http
    body = {{"model": "gpt-4o", "messages": [{{"role": "user", "content": "hi"}}]}}
    print(http.post("https://api.openai.com/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"])
    assert http.__spec__.loader is http.__loader__ and "llm_intercept" not in type(http.__loader__).__module__
    {more}
"""
LATE_UNSEEN = """
from llm_intercept import intercept
from llm_intercept.errors import UnseenClientError
try:
    with intercept("late"):
        try:
            import {library}
            {call}
        except UnseenClientError:
            print("stopped")
except UnseenClientError as error:
    print(error.library, error.host)
"""


def test_a_family_imported_after_activation_is_answered(run_python):
    """A library that is imported inside the block is hooked then, and its module is none the worse for it."""
    more = "import importlib; importlib.reload(http)"
    done = run_python("\n".join(LATE.format(family=family, more=more) for family in FAMILIES))
    assert (done.returncode, done.stdout) == (0, "late\n" * len(FAMILIES)), done.stderr


@pytest.mark.skipif(not find_spec("openai"), reason="needs openai")
def test_an_sdk_imported_after_activation_is_answered(run_python):
    """So is the library an SDK brings with it."""
    done = run_python(
        """
from llm_intercept import intercept
with intercept("late"):
    from openai import OpenAI
    client = OpenAI(api_key="sk-test")
    made = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    print(made.choices[0].message.content)
"""
    )
    assert (done.returncode, done.stdout) == (0, "late\n"), done.stderr


@pytest.mark.skipif(not find_spec("grpc"), reason="needs grpcio")
def test_a_watched_library_imported_after_activation_is_stopped(run_python):
    """A sentinel is put on a library that is imported inside the block."""
    done = run_python(LATE_UNSEEN.format(library="grpc", call='grpc.insecure_channel("api.openai.com:443")'))
    assert done.stdout.splitlines() == ["stopped", "grpc api.openai.com"], done.stderr


# Libraries that cannot be answered for


def by_urllib(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status


def by_http_client(url: str) -> Any:
    scheme, _, host = url.partition("://")
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host.partition("/")[0], timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def by_httpcore(url: str) -> Any:
    httpcore = pytest.importorskip("httpcore")
    with httpcore.ConnectionPool() as pool:
        return pool.request("GET", url).status


def by_async_httpcore(url: str) -> Any:
    httpcore = pytest.importorskip("httpcore")

    async def get() -> Any:
        async with httpcore.AsyncConnectionPool() as pool:
            return (await pool.request("GET", url)).status

    return asyncio.run(get())


def by_httpcore2(url: str) -> Any:
    httpcore2 = pytest.importorskip("httpcore2")
    with httpcore2.ConnectionPool() as pool:
        return pool.request("GET", url).status


WAYS = [by_urllib, by_http_client, by_httpcore, by_async_httpcore, by_httpcore2]
NAMES = {
    by_urllib: "http.client (urllib)",
    by_http_client: "http.client (urllib)",
    by_httpcore: "httpcore",
    by_async_httpcore: "httpcore",
    by_httpcore2: "httpcore2",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_unseen_library_is_stopped_before_a_known_host_and_the_block_says_so(way):
    """The request raises, and the block raises it again even if the program swallowed it."""
    with pytest.raises(UnseenClientError) as caught, intercept("ours"), pytest.raises(UnseenClientError) as first:
        way("https://api.openai.com/v1/models")
    assert caught.value is first.value
    assert (caught.value.library, caught.value.host) == (NAMES[way], "api.openai.com")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_unseen_library_reaches_other_hosts(way, server):
    """Only known LLM hosts are guarded."""
    with intercept("ours"):
        assert way(server.url + "/page") == 200
    assert len(server.requests) == 1


def test_a_tunnel_to_a_known_host_is_stopped_at_the_proxy():
    """What urllib does with a proxy: the proxy's host is not the one that counts."""
    connection = http.client.HTTPSConnection("127.0.0.1", 9, timeout=5)
    connection.set_tunnel("api.openai.com", 443)
    with pytest.raises(UnseenClientError) as caught, intercept("ours"), pytest.raises(UnseenClientError):
        connection.request("POST", "/v1/chat/completions", body="{}")
    assert caught.value.host == "api.openai.com"


@pytest.mark.parametrize("kind", ["secure_channel", "insecure_channel", "aio.secure_channel", "aio.insecure_channel"])
@pytest.mark.parametrize("target", ["{}:443", "{}", "dns:///{}:443", "dns:{}:443", "dns://8.8.8.8/{}", "xds:///{}"])
def test_a_grpc_channel_to_a_known_host_is_stopped(kind, target):
    """Google's SDKs speak gRPC: the channel is where they are stopped."""
    grpc = pytest.importorskip("grpc")
    place = grpc.aio if kind.startswith("aio.") else grpc
    name = kind.removeprefix("aio.")
    more = () if name == "insecure_channel" else (grpc.ssl_channel_credentials(),)
    host = "generativelanguage.googleapis.com"
    with pytest.raises(UnseenClientError, match=host), intercept("ours"), pytest.raises(UnseenClientError):
        getattr(place, name)(target.format(host), *more)


def test_a_grpc_channel_to_another_host_is_made():
    """Loopback and the rest of the world are nobody's business."""
    grpc = pytest.importorskip("grpc")
    with intercept("ours"):
        grpc.insecure_channel("127.0.0.1:1").close()
        grpc.secure_channel(target="example.test:443", credentials=grpc.ssl_channel_credentials()).close()


def open_channel() -> None:
    """Come near a known host by means that open no connection yet."""
    grpc = pytest.importorskip("grpc")
    grpc.insecure_channel("api.openai.com:443").close()


def test_the_warn_policy_warns_of_an_unseen_library_and_lets_it_out():
    """`unmatched="warn"` is a warning, at the block's end nothing."""
    with intercept("ours", unmatched="warn"), pytest.warns(UnmatchedWarning, match="grpc was about to reach"):
        open_channel()


def test_the_passthrough_policy_lets_an_unseen_library_out():
    """`unmatched="passthrough"` says nothing."""
    with intercept("ours", unmatched="passthrough"):
        open_channel()


def test_the_raise_policy_stops_an_unseen_library():
    """`unmatched="raise"` raises as `error` does."""
    with pytest.raises(UnseenClientError), intercept("ours", unmatched="raise"):
        open_channel()


def test_the_innermost_block_decides_about_an_unseen_library():
    """Its policy counts, and it is the one that raises."""
    with intercept("outer"), intercept("inner", unmatched="passthrough"):
        open_channel()
    with intercept("outer", unmatched="passthrough"), pytest.raises(UnseenClientError), intercept("inner"):
        open_channel()


def test_nothing_is_watched_outside_a_block():
    """Without a block no library is stopped."""
    with intercept("ours"):
        pass
    open_channel()


def test_the_watched_libraries_that_are_loaded_are_named():
    """`llm.unseen` lists them as users know them, without those that are answered, or that httpx stands on."""
    pytest.importorskip("grpc")
    pytest.importorskip("aiohttp")
    with intercept("ours") as llm:
        assert "grpc" in llm.unseen
        assert not {"aiohttp", "httpcore", "httpcore2", "http.client (urllib)"} & set(llm.unseen)


def test_a_request_let_out_by_policy_is_not_stopped_by_a_sentinel(family, is_async, make_case):
    """What `unmatched="warn"` lets out passes httpcore without a second warning, though the host is a known one."""
    case = make_case(family, is_async, False)
    core = pytest.importorskip("httpcore2" if family == "httpx2" else "httpcore")
    wire = [b"HTTP/1.1 204 No Content\r\n\r\n"]
    transport = (case.module.AsyncHTTPTransport if is_async else case.module.HTTPTransport)()
    if is_async:
        transport._pool = core.AsyncConnectionPool(network_backend=core.AsyncMockBackend(wire))
    else:
        transport._pool = core.ConnectionPool(network_backend=core.MockBackend(wire))
    with intercept(unmatched="warn") as llm, pytest.warns(UnmatchedWarning, match="there is no rule") as warned:
        response = case.post(client=case.client(transport=transport))
    assert (response.status_code, len(warned)) == (204, 1)
    assert [(call.source, call.status) for call in llm.calls] == [("live", 204)]


# The names we stand on


def test_the_families_have_the_names_we_patch(family):
    """A canary: the one private name, and the methods, are plain functions in this version."""
    module = import_module(family)
    for function in (
        module.HTTPTransport.handle_request,
        module.AsyncHTTPTransport.handle_async_request,
        module.Client._transport_for_url,
        module.AsyncClient._transport_for_url,
    ):
        assert isinstance(function, FunctionType)
    for name in ("BaseTransport", "AsyncBaseTransport", "MockTransport", "ASGITransport", "WSGITransport"):
        assert isinstance(getattr(module, name), type)
    for name in ("Response", "Request", "SyncByteStream", "AsyncByteStream", "HTTPError", "InvalidURL"):
        assert isinstance(getattr(module, name), type)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_watched_libraries_have_the_names_we_patch(library):
    """A canary: every door of every watched library is a Python function in this version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = import_module(library)
    doors = [member(holder, name) for holder, name, _ in sentinels.doors(module)]
    assert doors
    assert all(innermost(function) is not None for function in doors)


def test_an_async_client_in_the_test_helpers_is_asked():
    """The tests' own async helper reads an answer."""
    import httpx

    async def law() -> str:
        async with httpx.AsyncClient() as client:
            return await ask_async(client)

    with intercept("ours"):
        assert asyncio.run(law()) == "ours"
