"""What the openai SDK makes of each fault: observed, kept in `docs/faults/`, and written down as `docs/faults.md`.

`python tests/sdk/fault_table.py` observes with the SDK that is installed and writes both; run it in an environment of
each generation (`nox -s sdk` makes them). `test_sdk_faults.py` checks that what is written is what happens.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openai

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

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
KEPT = ROOT / "docs" / "faults"
MAJOR = int(openai.__version__.partition(".")[0])
FAMILIES = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]
TEXT = "One two three four."
CALL = tool_call("f", city="Paris", days=3)
FAULTS = [
    timeout("connect"),
    timeout("read"),
    timeout("write"),
    timeout("pool"),
    connection_error(),
    disconnect(),
    disconnect(reset=True),
    disconnect(after=3),
    disconnect(after=3, reset=True),
    disconnect(after=100, unit="bytes"),
    stall(),
    stall(after=3),
    cut_off(after=3),
    malformed(after=3),
    missing_done(),
    missing_finish(),
    duplicate_chunk(after=3),
    out_of_order(after=2),
    truncated_arguments(after=1),
    stream_error(after=3),
    stream_error(after=3, form="event"),
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
POINTS = [(family, way, shape) for family in FAMILIES for way in ("sync", "async") for shape in ("JSON", "stream")]


def observe(fault: Any, family: str, way: str, shape: str) -> str:
    """Ask once, and say in a few words what the program got."""
    reply = CALL if type(fault).__name__ == "TruncatedArguments" else TEXT
    with intercept(Reply(reply, fault=fault), time_scale=0) as llm:
        outcome = asyncio.run(_ask(family, way, stream=shape == "stream"))
        attempts = len(llm.calls)
    return outcome if attempts == 1 else f"{outcome}, {attempts} attempts"


def _client(family: str, way: str) -> Any:
    module = importlib.import_module(family)
    http_client = module.AsyncClient() if way == "async" else module.Client()
    kind = openai.AsyncOpenAI if way == "async" else openai.OpenAI
    client = kind(api_key="none", http_client=http_client, max_retries=2, timeout=5)
    client._calculate_retry_timeout = lambda *_: 0
    return client


async def _ask(family: str, way: str, *, stream: bool) -> str:
    client = _client(family, way)
    got: list[Any] = []
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Count."}], "stream": stream}
    try:
        answer = await _maybe(client.chat.completions.create(**body))
        if not stream:
            return f"no error: a str, {_short(answer)}" if isinstance(answer, str) else _judged(_message(answer))
        if way == "async":
            async for chunk in answer:
                got.append(chunk)
        else:
            for chunk in answer:
                got.append(chunk)
        return _judged(_joined(got))
    except Exception as error:  # noqa: BLE001 - it is what is observed
        return _named(error, family) + (f" after {len(got)} chunks" if stream and got else "")
    finally:
        await _maybe(client.close())


async def _maybe(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _message(answer: Any) -> tuple[str, str | None]:
    if not answer.choices:
        return "", None
    message = answer.choices[0].message
    calls = "".join(call.function.arguments for call in message.tool_calls or ())
    return (message.content or "") + calls, answer.choices[0].finish_reason


def _joined(chunks: list[Any]) -> tuple[str, str | None]:
    if any(chunk.choices is None for chunk in chunks):
        return "no error: a chunk whose `choices` is None"
    choices = [choice for chunk in chunks for choice in chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    for choice in choices:
        text += "".join(call.function.arguments or "" for call in choice.delta.tool_calls or ())
    return text, next((choice.finish_reason for choice in choices if choice.finish_reason), None)


def _judged(found: Any) -> str:
    """Say what is wrong with an answer that came without an error."""
    if isinstance(found, str):
        return found
    text, reason = found
    if text in (TEXT, CALL.arguments) and reason:
        return "the whole answer"
    wrong = [] if text in (TEXT, CALL.arguments) else [_short(text)]
    return "no error: " + ", ".join([*wrong, *([] if reason else ["no finish_reason"])])


def _short(text: str) -> str:
    text = " ".join(text.split())
    return f"`{text[:20]}{'…' if len(text) > 20 else ''}`" if text else "nothing"


def _named(error: BaseException, family: str) -> str:
    module = type(error).__module__.partition(".")[0]
    name = type(error).__name__
    own = name if module == "openai" else f"raw `{'http' if module == family else module}.{name}`"
    cause = error.__cause__
    if module == "openai" and cause is not None and type(cause).__module__.partition(".")[0] == family:
        return f"`{own}` ({type(cause).__name__})"
    return own if own.startswith("raw") else f"`{own}`"


def key(family: str, way: str, shape: str) -> str:
    """Name a point of the matrix."""
    return f"{family} {way} {shape}"


def kept(major: int) -> dict[str, Any]:
    """Read what was observed with a generation of the SDK."""
    path = KEPT / f"openai{major}.json"
    return json.loads(path.read_text()) if path.exists() else {"version": "", "observed": {}}


def render() -> str:
    """Write the page."""
    generations = {major: kept(major) for major in (3, 2)}
    versions = " and ".join(f"openai {one['version']}" for one in generations.values())
    head = HEAD.format(versions=versions)
    rows = []
    for fault in FAULTS:
        cells = [
            _cell(one["observed"].get(repr(fault), {}), shape)
            if fault.applies(stream=shape == "stream")
            else "no such fault"
            for one in generations.values()
            for shape in SHAPES
        ]
        rows.append(f"| `{fault!r}` | " + " | ".join(cells) + " |")
    return head + "\n".join(rows) + "\n"


SHAPES = ("JSON", "stream")
HEAD = """# What the SDK makes of each fault

Written by `python tests/sdk/fault_table.py` from what happens with {versions};
the tests check it. Each fault is given to sync and async clients on httpx and httpx2, with `max_retries=2` and `timeout=5`. Where these differ, a cell
says how. In brackets stands the HTTP library's own exception behind the SDK's, of the client's own family. `raw` is an
exception that the SDK lets through; `http.` stands for the client's own family. Attempts are counted where there is
more than one.

| fault | openai 3, JSON | openai 3, stream | openai 2, JSON | openai 2, stream |
|---|---|---|---|---|
"""


def _cell(observed: dict[str, str], shape: str) -> str:
    """Merge the points that agree; name those that do not."""
    found = {point: outcome for point, outcome in observed.items() if point.endswith(shape)}
    if not found:
        return "not observed"
    counted = Counter(found.values())
    usual, _ = counted.most_common(1)[0]
    others = [f"{point.removesuffix(f' {shape}')}: {outcome}" for point, outcome in found.items() if outcome != usual]
    return "; ".join([usual, *others])


def write() -> None:
    """Observe everything with the installed SDK and write it down."""
    before = kept(MAJOR)["observed"]
    observed = {
        repr(fault): {
            **before.get(repr(fault), {}),
            **{key(*point): observe(fault, *point) for point in POINTS},
        }
        for fault in FAULTS
    }
    KEPT.mkdir(exist_ok=True)
    found = {"version": openai.__version__, "observed": observed}
    (KEPT / f"openai{MAJOR}.json").write_text(json.dumps(found, indent=1) + "\n")
    PAGE.write_text(render())


if __name__ == "__main__":
    write()
    sys.stdout.write(PAGE.read_text())
