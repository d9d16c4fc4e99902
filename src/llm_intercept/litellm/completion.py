"""`completion` and `acompletion`, called as litellm's are.

With a mock parameter they answer by themselves; without one they send a real request, and so pass through whatever
interceptor is active. This is the one module that opens a client, and it imports an HTTP library only then.

Knows: litellm's calling convention. Must not know: how answers are written.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, mapping
from llm_intercept.base.sse import Lines, data_of
from llm_intercept.base.version import DISTRIBUTION
from llm_intercept.clients.family import FAMILIES
from llm_intercept.errors import LLMInterceptError
from llm_intercept.interceptor.interceptor import Interceptor
from llm_intercept.interceptor.transport import InterceptTransport
from llm_intercept.litellm.attrdict import AttrDict, attrdict
from llm_intercept.replies.mock_params import MOCK_PARAMS, error_of, failed, mocked, mocked_error
from llm_intercept.replies.raised import RaiseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_TIMEOUT = 600.0  # seconds, as litellm's and openai's
# Parameters of the call itself, not of the request.
CONTROL = frozenset(
    {"api_key", "base_url", "api_base", "timeout", "extra_headers", "extra_body", "num_retries", *MOCK_PARAMS}
)
MESSAGE_KEYS = ("content", "role", "tool_calls", "function_call")


class Chunks:
    """The chunks of a streamed completion, to be iterated with `for` or `async for`."""

    def __init__(self, chunks: Iterator[AttrDict] | None, async_chunks: AsyncIterator[AttrDict] | None = None) -> None:
        self._chunks, self._async_chunks = chunks, async_chunks

    def __iter__(self) -> Iterator[AttrDict]:
        if self._chunks is None:
            raise LLMInterceptError("This stream came from acompletion(): iterate it with `async for`.")
        return self._chunks

    def __next__(self) -> AttrDict:
        return next(iter(self))

    def __aiter__(self) -> AsyncIterator[AttrDict]:
        if self._async_chunks is None:
            self._async_chunks = _as_async(iter(self))
        return self._async_chunks

    async def __anext__(self) -> AttrDict:
        return await anext(aiter(self))


def completion(model: str, messages: Sequence[Mapping[str, Any]] = (), **params: Any) -> Any:
    """Ask for a completion as litellm's function does.

    Args:
        model: The model; a prefix `openai/` is left out of the request.
        messages: The conversation, as the API takes it.
        **params: The API's other parameters (`stream`, `n`, `tools`, …); `base_url`, `api_key`, `timeout` (seconds),
            `extra_headers`, `extra_body`; and the mocks, with which nothing is sent: `mock_response` (text, a
            list of the pieces of one text, a completion as a mapping, an exception, `"litellm.<Error>"`),
            `mock_tool_calls`, `mock_delay` (seconds), `mock_timeout` (raised at once).

    Returns:
        The completion, or with `stream=True` its chunks; read by key (`r["choices"]`) or attribute (`r.choices`).

    Raises:
        MockedError: The mock asks for an error, or the API answered one; its class has litellm's name for it.
        ReplyError: A mock parameter has a value that cannot be answered with.
        SettingsError: `"litellm.<name>"` names no error of litellm's.

    """
    asked = _asked(model, messages, params)
    if asked.delay:
        time.sleep(asked.delay)
    client = _http_library().Client(transport=asked.transport, timeout=asked.timeout)
    request = client.build_request("POST", asked.url, json=asked.body, headers=asked.headers)
    try:
        response = client.send(request, stream=True)
        if asked.streams and response.status_code == 200:  # noqa: PLR2004
            return Chunks(_chunks(response, client, asked.body["model"]))
        response.read()
    except BaseException:
        client.close()
        raise
    client.close()
    return _result(response, asked)


async def acompletion(model: str, messages: Sequence[Mapping[str, Any]] = (), **params: Any) -> Any:
    """Ask for a completion asynchronously; see `completion` for arguments, result and errors."""
    asked = _asked(model, messages, params)
    if asked.delay:
        import anyio  # noqa: PLC0415 - both families bring it

        await anyio.sleep(asked.delay)
    client = _http_library().AsyncClient(transport=asked.transport, timeout=asked.timeout)
    request = client.build_request("POST", asked.url, json=asked.body, headers=asked.headers)
    try:
        response = await client.send(request, stream=True)
        if asked.streams and response.status_code == 200:  # noqa: PLR2004
            return Chunks(None, _async_chunks(response, client, asked.body["model"]))
        await response.aread()
    except BaseException:
        await client.aclose()
        raise
    await client.aclose()
    return _result(response, asked)


def _http_library() -> Any:
    """Import the first HTTP library that is installed; this module alone opens a client, when it is called."""
    for name in FAMILIES:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise LLMInterceptError(
        f"completion() asks through {' or '.join(FAMILIES)}, and neither is installed. Install one: "
        f"pip install '{DISTRIBUTION}[{FAMILIES[0]}]'"
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call, ready to be sent."""

    url: str
    body: dict[str, Any]
    headers: dict[str, str]
    timeout: float
    delay: float
    transport: Any

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True


def _asked(model: str, messages: Sequence[Mapping[str, Any]], params: dict[str, Any]) -> _Asked:
    body = {"model": model.removeprefix("openai/"), "messages": list(messages)}
    body |= {key: value for key, value in params.items() if key not in CONTROL and value is not None}
    transport, delay = _mock(model, params)
    key = params.get("api_key") or os.environ.get("OPENAI_API_KEY") or "none"
    base = params.get("base_url") or params.get("api_base") or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL
    return _Asked(
        url=str(base).rstrip("/") + "/chat/completions",
        body={**body, **(params.get("extra_body") or {})},
        headers={"authorization": f"Bearer {key}", **(params.get("extra_headers") or {})},
        timeout=params.get("timeout") or DEFAULT_TIMEOUT,
        delay=delay,
        transport=transport,
    )


def _mock(model: str, params: dict[str, Any]) -> tuple[Any, float]:
    given = params.get("mock_response")
    wanted = mocked({name: params.get(name) for name in MOCK_PARAMS})
    if wanted is None:
        return None, 0.0
    if params.get("mock_timeout"):
        raise mocked_error("Timeout", model)
    if isinstance(wanted.reply, RaiseError):
        raise failed(wanted.reply.error, model)
    if isinstance(given, str) and given.startswith("litellm."):
        raise mocked_error(given.removeprefix("litellm."), model)
    return InterceptTransport(interceptor=Interceptor(wanted.reply)), wanted.delay


def _result(response: Any, asked: _Asked) -> AttrDict:
    if asked.transport is not None:
        asked.transport.interceptor.raise_unmatched()  # a mock's own fault is not the API's
    if response.status_code >= 400:  # noqa: PLR2004
        raise error_of(response.status_code, response.text, _code(response.text), asked.body["model"])
    return _completed(response.json())


def _code(body: str) -> object:
    """Read an error's code, wherever the body has one."""
    try:
        return mapping(mapping(decode(body.encode())).get("error")).get("code")
    except ValueError:
        return None


def _read(lines: Iterable[str], model: str) -> Iterator[AttrDict]:
    for data in map(data_of, lines):
        if data and data != "[DONE]":
            yield _chunk(data, model)


def _chunk(data: str, model: str) -> AttrDict:
    """Read a chunk; raises `MockedError` if it is an error that the host sent inside the stream."""
    value = decode(data.encode())
    if "error" in mapping(value):
        code = _code(data)
        raise error_of(code if isinstance(code, int) else 500, data, code, model)
    return _completed(value)


def _completed(body: Any) -> AttrDict:
    whole: AttrDict = attrdict(body)
    for choice in whole.get("choices", []):
        if "message" in choice:
            choice["message"].setdefault("role", "assistant")
        for part in ("message", "delta"):
            if part in choice:
                for key in MESSAGE_KEYS:
                    choice[part].setdefault(key, None)
                for call in choice[part]["tool_calls"] or ():
                    _complete_call(call)
    return whole


def _complete_call(call: AttrDict) -> None:
    """Give a call, or a fragment of one, all that litellm's own has: None where nothing is said."""
    call.setdefault("id", None)
    call.setdefault("type", "function")
    if "function" in call:
        call["function"].setdefault("name", None)


def _chunks(response: Any, client: Any, model: str) -> Iterator[AttrDict]:
    try:
        lines = Lines()
        for chunk in response.iter_bytes():
            yield from _read(lines.feed(chunk), model)
    finally:
        response.close()
        client.close()


async def _async_chunks(response: Any, client: Any, model: str) -> AsyncIterator[AttrDict]:
    try:
        lines = Lines()
        async for chunk in response.aiter_bytes():
            for one in _read(lines.feed(chunk), model):
                yield one
    finally:
        await response.aclose()
        await client.aclose()


async def _as_async(chunks: Iterator[AttrDict]) -> AsyncIterator[AttrDict]:
    for chunk in chunks:
        yield chunk
