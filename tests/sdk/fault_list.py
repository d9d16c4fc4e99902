"""The faults that every SDK is given, how one is observed, and in which words the outcome is kept in `docs/faults/`.

An SDK's own module (`faults_of_….py`) says how it is asked, by which clients, and what it says.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept import (
    Reply,
    connection_error,
    disconnect,
    intercept,
    malformed,
    stall,
    timeout,
    tool_call,
)
from llm_intercept.faults import (
    crlf,
    cut_off,
    duplicate_chunk,
    empty_body,
    html_error,
    keep_alive,
    missing_done,
    missing_finish,
    out_of_order,
    rechunk,
    stream_error,
    truncated_arguments,
    wrong_content_type,
)

if TYPE_CHECKING:
    from types import ModuleType

KEPT = Path(__file__).parents[2] / "docs" / "faults"
FAMILIES = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]
JSON, STREAM, HELPER = "JSON", "stream", "stream helper"
"""How an SDK is asked: for a body, for the events of a stream, by what adds them up."""
RETRIES = 2
SECONDS = 5
CALL = tool_call("f", city="Paris", days=3)
SILENT = {"anthropic": 3}
"""How many events of a stream come before the first that says something: a message's beginning, a block's, a ping."""


def faults(library: str) -> list[Any]:
    """List them, for the streams that an SDK reads."""
    before = SILENT.get(library, 0)
    return [
        timeout("connect"),
        timeout("read"),
        timeout("write"),
        timeout("pool"),
        connection_error(),
        disconnect(),
        disconnect(reset=True),
        disconnect(after=before + 3),
        disconnect(after=before + 3, reset=True),
        disconnect(after=100, unit="bytes"),
        stall(),
        stall(after=before + 3),
        cut_off(after=before + 3),
        malformed(after=before + 3),
        missing_done(),
        missing_finish(),
        duplicate_chunk(after=before + 3),
        out_of_order(after=before + 2),
        truncated_arguments(after=1),
        stream_error(after=before + 3),
        stream_error(after=before + 3, form="event"),
        html_error(502),
        html_error(200),
        empty_body(),
        wrong_content_type(),
        keep_alive(),
        crlf(),
        rechunk(1, how="bytes"),
        rechunk(1, how="split"),
        rechunk(1, how="coalesce"),
    ]


def points(families: list[str], ways: tuple[str, ...], *shapes: str) -> list[tuple[str, str, str]]:
    """List the points of a matrix."""
    return [(family, way, shape) for family in families for way in ways for shape in shapes]


def key(family: str, way: str, shape: str) -> str:
    """Name a point of the matrix."""
    return f"{family} {way} {shape}"


def observe(sdk: ModuleType, fault: Any, family: str, way: str, shape: str) -> str:
    """Ask once, and say in a few words what the program got."""
    reply = CALL if type(fault).__name__ == "TruncatedArguments" else sdk.TEXT
    with intercept(Reply(reply, fault=fault), time_scale=0) as llm:
        outcome = asyncio.run(_outcome(sdk, family, way, shape))
        attempts = len(llm.calls)
    return outcome if attempts == 1 else f"{outcome}, {attempts} attempts"


async def _outcome(sdk: ModuleType, family: str, way: str, shape: str) -> str:
    client = sdk.client(family, way)
    got: list[Any] = []
    try:
        answer = await sdk.ask(client, shape, got)
        return answer if isinstance(answer, str) else judged(*answer, text=sdk.TEXT)
    except Exception as error:  # noqa: BLE001 - it is what is observed
        return named(error, family, sdk.NAME) + (f" after {len(got)} chunks" if got else "")
    finally:
        await maybe(sdk.close(client))


async def maybe(value: Any) -> Any:
    """Await what is to be awaited."""
    return await value if inspect.isawaitable(value) else value


async def collect(answer: Any, got: list[Any]) -> None:
    """Read a stream, sync or async."""
    if hasattr(answer, "__aiter__"):
        async for chunk in answer:
            got.append(chunk)
    else:
        for chunk in answer:
            got.append(chunk)


def judged(said: str, reason: Any, *, text: str) -> str:
    """Say what is wrong with an answer that came without an error."""
    if said in (text, CALL.arguments) and reason:
        return "the whole answer"
    wrong = [] if said in (text, CALL.arguments) else [short(said)]
    return "no error: " + ", ".join([*wrong, *([] if reason else ["no finish_reason"])])


def short(text: str) -> str:
    """Write the beginning of a text."""
    text = " ".join(text.split())
    return f"`{text[:20]}{'…' if len(text) > 20 else ''}`" if text else "nothing"


def named(error: BaseException, family: str, library: str) -> str:
    """Name an exception: the SDK's own with the HTTP library's behind it, or one that it lets through."""
    module = type(error).__module__.partition(".")[0]
    name = type(error).__name__
    if not type(error).__module__.startswith(library):
        return f"raw `{'http' if module == family else module}.{name}`"
    cause = error.__cause__
    if cause is not None and type(cause).__module__.partition(".")[0] == family:
        return f"`{name}` ({type(cause).__name__})"
    return f"`{name}`"


def kept(name: str) -> dict[str, Any]:
    """Read what was observed with a generation of an SDK."""
    path = KEPT / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {"version": "", "observed": {}}


def observe_all(sdk: ModuleType) -> None:
    """Observe everything with an installed SDK and keep it."""
    before = kept(sdk.KEY)["observed"]
    observed = {
        repr(fault): {
            **before.get(repr(fault), {}),
            **{key(*point): observe(sdk, fault, *point) for point in sdk.POINTS},
        }
        for fault in sdk.FAULTS
    }
    KEPT.mkdir(exist_ok=True)
    found = {"version": sdk.VERSION, "observed": observed}
    (KEPT / f"{sdk.KEY}.json").write_text(json.dumps(found, indent=1) + "\n")
