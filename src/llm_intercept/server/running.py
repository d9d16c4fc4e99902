"""`serve`: the application on uvicorn, in a thread or in this process.

Knows: sockets, threads. Must not know: how a request is answered, uvicorn's ways.
"""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import contextmanager
from importlib import util
from typing import TYPE_CHECKING

from llm_intercept.clients.net import answering
from llm_intercept.errors import LLMInterceptError, SettingsError
from llm_intercept.server.asgi import app
from llm_intercept.server.certificate import certificate

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator
    from typing import Unpack

    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.server.asgi import App
    from llm_intercept.server.serve_options import Given
    from llm_intercept.server.uvicorn_server import Server

BACKLOG = 2048
NO_ADDRESS = {errno.EADDRNOTAVAIL, *(getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_AGAIN"))}
"""The errors of a name that is none, or no address of this machine's; that it was `gaierror` is not told."""
ADDRESS = "an address of this machine: 127.0.0.1, ::1, or 0.0.0.0 for all that it has"


@contextmanager
def serve(
    llm: Interceptor,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: str | os.PathLike[str] | None = None,
    **options: Unpack[Given],
) -> Generator[str]:
    """Answer over a socket while a block runs, on uvicorn in a thread; gives the server's URL, without a path.

    Args:
        llm: What answers; also one that a block gives.
        host: The address.
        port: The port; by default one that is free.
        tls: A folder: the server speaks TLS, and `ca.pem` there is the authority that clients are to trust.
        **options: See `server.serve_options.Given`.

    Raises:
        SettingsError: An option cannot be used, or uvicorn is not installed.
        UnmatchedRequestError: The block ended well, and a request was not answered. As at the end of `intercept`'s
            block, other errors of `llm` are raised too.

    """
    made = app(llm, **options)
    chain = None if tls is None else str(certificate(tls, host).chain)
    try:
        with listening(host, port) as bound, answering(host, bound.getsockname()[1]), running(made, bound, chain):
            yield url_of(bound, host, is_tls=tls is not None)
    except BaseException as error:
        own = made.settle()
        if own is not None and not isinstance(error, LLMInterceptError):
            error.add_note(str(own))
        raise
    own = made.settle()
    if own is not None:
        raise own


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """Bind a socket that listens; raises `SettingsError` where that cannot be done."""
    if not host:
        raise SettingsError("host", host, ADDRESS)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise _not_bound(host, port, error) from error
    with bound:
        yield bound


def _not_bound(host: str, port: int, error: OSError | OverflowError) -> SettingsError:
    """Say whether the port or the address is to blame, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    if number is not None and number in NO_ADDRESS:
        return SettingsError("host", host, advice=f"This machine has no such address. Use {ADDRESS}.")
    problem = f"{host}:{port} cannot be bound"
    if number == errno.EADDRINUSE:
        problem += ", since another program listens there. Use another port, or 0 for one that is free."
    elif number == errno.EACCES:
        problem += ": ports below 1024 are for who may. Use another port, or 0 for one that is free."
    else:
        problem += f": {error}."
    return SettingsError("port", port, advice=problem)


def url_of(bound: socket.socket, host: str, *, is_tls: bool) -> str:
    """Return the URL of a server that listens."""
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if is_tls else 'http'}://{name}:{bound.getsockname()[1]}"


def server_of(served: App, chain: str | None, most: int | None, began: Callable[[], object]) -> Server:
    """Make a server; see `Server` for the arguments. Raises `SettingsError` if uvicorn is not installed."""
    if util.find_spec("uvicorn") is None:
        advice = "Install uvicorn, which serves: pip install 'llm-intercept-transport[serve]'."
        raise SettingsError("serve", "uvicorn", advice=advice)
    from llm_intercept.server.uvicorn_server import Server  # noqa: PLC0415 - uvicorn is an extra

    return Server(served, chain, most, began)


@contextmanager
def running(served: App, bound: socket.socket, chain: str | None) -> Generator[None]:
    """Serve at a socket in a thread; the server has begun when the block does, and `chain` is as for `server_of`."""
    ready = threading.Event()
    server = server_of(served, chain, None, ready.set)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[bound])
        except BaseException as error:  # noqa: BLE001 - it is raised where the server was started
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="llm-intercept-serve", daemon=True)
    thread.start()
    ready.wait()
    if failed:
        raise LLMInterceptError(f"The server did not start: {failed[0]!r}") from failed[0]
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
