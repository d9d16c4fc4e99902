"""`llm-intercept serve`: rules and recordings behind a socket, for programs in any language.

Knows: click, the settings' table. Must not know: how requests are answered, uvicorn.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from llm_intercept.cli.endings import failure
from llm_intercept.cli.flags import example, settings_flags
from llm_intercept.errors import LLMInterceptError, SettingsError
from llm_intercept.settings import BY_NAME, check_tape
from llm_intercept.settings.environment import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

OWN = ("upstream", "cors", "token", "max_body", "body_timeout", "ready_after")
"""The flags that are no settings of an interceptor."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
UPSTREAM = "The API that requests stand for and are sent on to, https://api.openai.com; by default the API's own host."

TIMEOUT = "Seconds a request's body may take. [default: 60]"


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    given = (
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at."),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 for a free one."
        ),
        click.option("--upstream", default="", help=UPSTREAM),
        click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that serve."),
        click.option("--tls", is_flag=True, help="Speak TLS, by a certificate that is made on the spot."),
        click.option("--cors", multiple=True, help="An origin whose pages may read answers; by default all."),
        click.option("--token", envvar=TOKEN, help="What the control asks for."),
        click.option("--max-body", type=click.IntRange(1), help="Bytes that a request may have. [default: 64 MiB]"),
        click.option("--body-timeout", type=click.FloatRange(0, min_open=True), help=TIMEOUT),
        click.option("--max-connections", type=click.IntRange(1), help="Of more connections, each gets a 503."),
        click.option("--ready-after", type=click.FloatRange(0), help="Simulated seconds until it says it is ready."),
    )
    for option in reversed(given):
        function = option(function)
    return function


@click.command(
    short_help="Answer at a socket.",
    epilog=example(
        "serve --rules rules.toml --port 0",
        "serve --mode record --recordings tape --upstream https://api.openai.com",
    ),
)
@settings_flags(without=("quiet",))
@_options
def serve(host: str, port: int, workers: int, tls: bool, max_connections: int | None, **given: Any) -> None:
    """Answer requests to models at a socket, until a signal says to stop.

    The first line on stdout is JSON: the URL, the port, and what a client needs to know. The control is at
    /__llm_intercept/.
    """
    options = {name: given.pop(name) for name in OWN}
    options = {name: list(value) if name == "cors" else value for name, value in options.items() if value}
    if host not in LOOPBACK:
        options.setdefault("token", secrets.token_urlsafe(24))
    try:
        with _ended_before_it_serves():
            _serve(host, port, workers, _settings(given), given["reply"], options, tls, max_connections)
    except SettingsError as error:
        raise click.UsageError(_by_flag(error)) from error
    except LLMInterceptError as error:
        raise failure(error) from error


@contextmanager
def _ended_before_it_serves() -> Generator[None]:
    """Hear SIGTERM until the server does: the first process of a container would not, by itself."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _by_flag(error: SettingsError) -> str:
    """Tell an error of an option of the server's by the name of its flag."""
    flag = f"--{error.name.replace('_', '-')}" if error.name in (*OWN, "host", "port") else error.name
    return flag + str(error).removeprefix(error.name)


def _serve(
    host: str,
    port: int,
    workers: int,
    settings: dict[str, Any],
    reply: str | None,
    options: dict[str, Any],
    tls: bool,
    connections: int | None,
) -> None:
    from llm_intercept.server.certificate import certificate  # noqa: PLC0415 - these import pydantic
    from llm_intercept.server.running import listening, url_of  # noqa: PLC0415
    from llm_intercept.server.worker_plan import Plan  # noqa: PLC0415
    from llm_intercept.server.workers import Workers, serve_here  # noqa: PLC0415

    with ExitStack() as held:
        made = None
        if tls:
            made = certificate(held.enter_context(tempfile.TemporaryDirectory(prefix="llm-intercept-")), host)
        if workers > 1:
            counts = held.enter_context(tempfile.TemporaryDirectory(prefix="llm-intercept-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        chain = None if made is None else str(made.chain)
        plan = Plan(settings, reply, {**options, "workers": workers}, chain, connections)
        served = plan.app(plan.interceptor())  # what cannot be used is told before anybody is told that this serves
        bound = held.enter_context(listening(host, port))
        said: dict[str, Any] = {
            "url": url_of(bound, host, is_tls=tls),
            "port": bound.getsockname()[1],
            "pid": os.getpid(),
        }
        said |= {"token": options["token"]} if "token" in options else {}
        said |= {"ca": str(made.authority)} if made is not None else {}
        if workers > 1:
            Workers(plan, bound, workers).run(lambda: _tell(said))
        elif problem := serve_here(served, plan, bound, lambda: _tell(said)):
            click.echo(problem, err=True)


def _tell(said: Mapping[str, Any]) -> None:
    click.echo(json.dumps(said))  # with the token, which whoever starts this is to have
    sys.stdout.flush()


def _settings(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Make the interceptor's settings of the flags that are given; raises `SettingsError`, which names the flag."""
    chosen: dict[str, Any] = {}
    for name, text in given.items():
        kind = BY_NAME[name].kind
        if text is not None and name != "reply":
            chosen[name] = kind.seen_from(os.getcwd(), kind.check(BY_NAME[name].flag, kind.read(text)))  # noqa: PTH109
    chosen.setdefault("mode", "replay" if "recordings" in chosen else "mock")
    from llm_intercept.recording.config import check_played  # noqa: PLC0415 - it imports pydantic

    check_tape(chosen["mode"], chosen.get("recordings"), BY_NAME["recordings"].flag)
    check_played(chosen["mode"], chosen.get("recordings"), BY_NAME["recordings"].flag)
    return chosen
