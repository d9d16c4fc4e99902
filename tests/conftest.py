"""Fixtures every test may use. The matrix carries most laws: family x sync or async x JSON or stream."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import ipaddress
import json
import os
import socket
import sys
import sysconfig
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import _pytest.pytester
import pytest

import llm_intercept
from tests import leftovers
from tests.amounts import DRAWN_ALIKE, LEFTOVERS, SWITCH, WHOLE, examples
from tests.loopback import QuietHandler, listening
from tests.support import MESSAGES, RESPONSES, URL, chat, message, respond, run_command

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

pytest_plugins = ["pytester"]

# What a machine says to programs, and would say to those of the tests: in CI nothing is recorded.
for _name in ("CI", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    for _spelt in (_name, _name.lower()):
        os.environ.pop(_spelt, None)

FAMILIES = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]


if importlib.util.find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # What no law says otherwise: how many examples, and that a busy machine may take its time.
    settings.register_profile(
        "ours",
        max_examples=examples(100),
        deadline=None,
        derandomize=DRAWN_ALIKE,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("ours")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let tests run in the order of the run before, where the drawn examples are those of the run before."""
    if DRAWN_ALIKE and config.getoption("randomly_seed", None) == "default":
        config.option.randomly_seed = 1


def pytest_report_header() -> str:
    """Say how much of the laws is looked at."""
    return "amounts: " + (f"all ({SWITCH}=1)" if WHOLE else "a part of what `make whole` looks at")


class _LibrariesStay(_pytest.pytester.SysModulesSnapshot):
    """What pytester restores after a run of its own, without a second import of what is installed.

    A compiled library that is forgotten and imported again raises errors of the first import, which nobody that has the
    second can catch: uvicorn, whose httptools it was, answered no WebSocket any more.
    """

    INSTALLED = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), *llm_intercept.__path__)

    def restore(self) -> None:
        loaded = {name: module for name, module in sys.modules.items() if self._is_installed(module)}
        super().restore()
        sys.modules.update({name: module for name, module in loaded.items() if name not in sys.modules})

    def _is_installed(self, module: ModuleType) -> bool:
        return str(getattr(module, "__file__", None)).startswith(self.INSTALLED)


_pytest.pytester.SysModulesSnapshot = _LibrariesStay  # type: ignore[misc]


@pytest.fixture(autouse=True, scope="session")
def _no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make clients trust nobody: no test reaches a public host, and reading the certificates takes 25 ms a client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(autouse=True)
def _no_network(_nothing_left: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid every connection but loopback: a test that leaks fails, whatever the program makes of the error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                pytest.fail(f"a test opened a connection to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def _modules() -> Iterator[leftovers.Modules]:
    """At the end of all tests modules hold what they held; to look after every file of tests would take too long."""
    modules = leftovers.Modules()
    yield modules
    assert not LEFTOVERS or modules.changed() == []


@pytest.fixture(autouse=True, scope="module")
def _modules_stay(_modules: leftovers.Modules) -> Iterator[None]:
    """After a file of tests the modules are the ones before it."""
    if LEFTOVERS:
        _modules.see()
    yield
    assert _modules.replaced() == []


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """After every test no handler is active, no hook installed, no thread alive, and the process as it was."""
    from llm_intercept.clients import activation, patching

    process, threads = leftovers.process(), leftovers.threads()
    yield
    assert activation.active() == ()
    for generation in (1, 2):  # most are young, and to look at all that there is takes 0.3 s
        if activation._attached:  # by a wrapped client that only the cycles of an exception's traceback keep
            gc.collect(generation)
    if not activation._attached:
        assert not patching.TRAFFIC._hooks
        assert not LEFTOVERS or leftovers.left(process) == []
    assert not patching.THREADS._hooks
    assert not LEFTOVERS or leftovers.new_threads(threads) == set()


@dataclass
class Case:
    """One point of the matrix: how a request is made and its answer read."""

    family: str
    is_async: bool
    stream: bool
    api: str = "chat"

    @property
    def url(self) -> str:
        """Where the API is asked."""
        return {"chat": URL, "responses": RESPONSES, "messages": MESSAGES}[self.api]

    def body(self, user: str = "hi", **more: Any) -> dict[str, Any]:
        """Make the body of a request."""
        make: Any = {"chat": chat, "responses": respond, "messages": message}[self.api]
        body: dict[str, Any] = make(user, stream=self.stream, **more)
        return body

    @property
    def module(self) -> ModuleType:
        """The HTTP library."""
        import importlib

        return importlib.import_module(self.family)

    def transport_base(self) -> type[Any]:
        """The family's transport base class for this point."""
        return self.module.AsyncBaseTransport if self.is_async else self.module.BaseTransport

    def client(self, **options: Any) -> Any:
        """Make a client of the family."""
        return (self.module.AsyncClient if self.is_async else self.module.Client)(**options)

    def post(self, user: str = "hi", *, client: Any = None, url: str = "", **more: Any) -> Any:
        """Post a request and read the answer whole; the family's response."""
        return self.send(self.body(user, **more), client=client, url=url or self.url)

    def send(self, body: Any, *, client: Any = None, url: str = URL) -> Any:
        """Post any JSON body and read the answer whole; the family's response."""
        if not self.is_async:
            with client or self.client() as opened:
                return opened.post(url, json=body)

        async def run() -> Any:
            async with client or self.client() as opened:
                return await opened.post(url, json=body)

        return asyncio.run(run())

    def text(self, response: Any) -> str:
        """Read the assistant's text out of an answer of either shape."""
        if self.api != "chat":
            return text_of_responses(response.text) if self.api == "responses" else text_of_messages(response.text)
        if not self.stream:
            content: str = response.json()["choices"][0]["message"]["content"]
            return content
        return "".join(
            choice["delta"].get("content") or "" for chunk in events(response.text) for choice in chunk["choices"]
        )


def text_of_responses(text: str) -> str:
    """Read what is said in a response, or in a stream's deltas, which must be what its last event has."""
    if text.startswith("{"):
        return _said(json.loads(text))
    data = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data:")]
    said = "".join(one["delta"] for one in data if one["type"] == "response.output_text.delta")
    assert data[-1]["type"] in {"response.completed", "response.incomplete"}
    assert _said(data[-1]["response"]) == said
    return said


def text_of_messages(text: str) -> str:
    """Read what is said in a message of Anthropic's, or in a stream's deltas, which must come to an end."""
    if text.startswith("{"):
        return "".join(block["text"] for block in json.loads(text)["content"] if block["type"] == "text")
    data = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data:")]
    assert data[-1]["type"] == "message_stop"
    deltas = [one["delta"] for one in data if one["type"] == "content_block_delta"]
    return "".join(one["text"] for one in deltas if one["type"] == "text_delta")


def _said(body: Any) -> str:
    content = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in content if part["type"] == "output_text")


def events(text: str) -> list[Any]:
    """Parse the data lines of an SSE text, which must end with [DONE]."""
    data = [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(line) for line in data[:-1]]


@pytest.fixture(params=[True, False], ids=["stream", "json"])
def stream(request: pytest.FixtureRequest) -> bool:
    """Whether the request asks for a stream."""
    return bool(request.param)


@pytest.fixture(params=[True, False], ids=["async", "sync"])
def is_async(request: pytest.FixtureRequest) -> bool:
    """Whether the client is asynchronous."""
    return bool(request.param)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    """The HTTP library's name."""
    return str(request.param)


@pytest.fixture
def api(request: pytest.FixtureRequest) -> str:
    """Which API is asked: chat completions, in a module that has `APIS` each of these."""
    return str(getattr(request, "param", "chat"))


@pytest.fixture
def case(family: str, is_async: bool, stream: bool, api: str) -> Case:
    """The matrix: every family, sync and async, JSON and stream; in some modules also by every API."""
    return Case(family, is_async, stream, api)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the laws of a module for the APIs that it names."""
    if "case" in metafunc.fixturenames and hasattr(metafunc.module, "APIS"):
        metafunc.parametrize("api", metafunc.module.APIS, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask other APIs than chat by one family, async streams and sync JSON: how clients get an answer, chat's tests say."""
    items[:] = [one for one in items if _is_asked(getattr(one, "callspec", None))]


def _is_asked(point: Any) -> bool:
    asked = getattr(point, "params", {})
    if asked.get("api", "chat") == "chat" or "family" not in asked:
        return True
    return asked["family"] == FAMILIES[0] and asked["is_async"] == asked["stream"]


@pytest.fixture
def only_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simulated time go on by waits alone: this machine may be busy, and a client be late that waits as told."""
    from llm_intercept.timing import clock

    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: 0.0, time=time.time, sleep=time.sleep))
    monkeypatch.setattr(clock, "SLACK", 30.0)


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., Any]:
    """Run Python code in a fresh process of this environment, with `LLM_INTERCEPT*` variables as given."""

    def run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "program.py"
        script.write_text(code)
        return run_command(sys.executable, script, *arguments, cwd=tmp_path, **variables)

    return run


@dataclass
class Received:
    """One request as the loopback server got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """A loopback HTTP server: answers every request with what it got, `/redirect` with a 307 to chat completions."""

    url: str
    requests: list[Received]


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve on a loopback port."""
    received: list[Received] = []

    class Handler(QuietHandler):
        def _answer(self) -> None:
            body = self._body()
            received.append(Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            redirect = self.path.startswith("/redirect")
            self.send_response(307 if redirect else 200)
            if redirect:
                self.send_header("Location", "/v1/chat/completions")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Set-Cookie", "seen=yes; Path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

    with listening(Handler) as port:
        yield Server(f"http://127.0.0.1:{port}", received)


@pytest.fixture
def make_case() -> type[Case]:
    """Make a point of the matrix by hand, for a law about a part of it."""
    return Case
