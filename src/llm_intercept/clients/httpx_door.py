"""The door of httpx and httpx2: their requests as neutral heads, neutral responses as their responses.

Knows: how a family's requests and responses are built. Must not know: who answers, how the request came here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.family import family_of, network_fault
from llm_intercept.clients.stream import ByteChunks
from llm_intercept.clients.tee import Tee
from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from llm_intercept.model.wire import NetworkFaultError, Observer, WireResponse
    from llm_intercept.timing.clock import Timeline


def head_of(request: Any) -> WireRequest:
    """Read the head of a family's request."""
    url, headers = request.url, request.headers
    limits = request.extensions.get("timeout")
    return WireRequest(request.method, str(url), url.host, url.path, headers.__class__(headers), timeout=limits)


def disguised_head_of(request: Any) -> WireRequest | None:
    """Read the head of a request that names its host to TLS alone, as asked of that host; None if it names none."""
    name = request.extensions.get("sni_hostname")
    if not name:
        return None
    head = head_of(request)
    head.host = name if isinstance(name, str) else name.decode("ascii", "replace")
    return head


class _Door:
    """What sync and async clients have in common; `forward` sends the request where it was going."""

    __slots__ = ("_family", "_forward", "_request")

    def __init__(self, request: Any, forward: Callable[[], Any]) -> None:
        self._request, self._forward = request, forward
        self._family = family_of(request)

    @property
    def host(self) -> str:
        host: str = self._request.url.host
        return host

    def read_limit(self, _: Timeline, /) -> float | None:
        limits: dict[str, float | None] = self._request.extensions.get("timeout") or {}
        return limits.get("read")

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        return network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        return self._family.own_error(error)

    def respond(self, response: WireResponse, /) -> Any:
        try:
            made = self._response(response, response.headers)
            made.headers.encoding = "ascii"  # which they are; else the family finds it out by decoding all, 20 µs
        except UnicodeEncodeError:  # but for those that a server wrote, which are played from a recording
            made = self._response(response, [(latin(name), latin(value)) for name, value in response.headers])
        return made

    def _response(self, response: WireResponse, headers: Any) -> Any:
        module = self._family.module
        return module.Response(
            response.status,
            headers=headers,
            stream=_streams(module)[0](response, self),
            request=self._request,
            extensions={"http_version": b"HTTP/1.1"},
        )

    def _observed(self, response: Any, observer: Observer | None) -> tuple[int, Any]:
        if observer is not None:
            _observe(response, observer, _streams(self._family.module)[1])
        return response.status_code, response


class HttpxAdapter(_Door):
    """One request of a sync client."""

    __slots__ = ()

    def read(self) -> bytes:
        content: bytes = self._request.read()
        return content

    def forward(self, observer: Observer | None, /) -> tuple[int, Any]:
        return self._observed(self._forward(), observer)


class AsyncHttpxAdapter(_Door):
    """One request of an async client."""

    __slots__ = ()

    async def read(self) -> bytes:
        content: bytes = await self._request.aread()
        return content

    async def forward(self, observer: Observer | None, /) -> tuple[int, Any]:
        return self._observed(await self._forward(), observer)


def latin(text: str) -> bytes:
    """Encode a header as it was decoded when it was recorded; one that nobody can have received as UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


def _observe(response: Any, observer: Observer, tee: type[Any]) -> None:
    """Let an observer see a real response: its head now, its body as it passes."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    if response.is_stream_consumed:  # the transport has read it, and decoded it
        observer.began(response.status_code, [one for one in headers if one[0].lower() != "content-encoding"])
        observer.passed(response.content)
        observer.ended(None, whole=True)
    else:
        observer.began(response.status_code, headers)
        response.stream = tee(response.stream, observer)


@lru_cache(maxsize=8)
def _streams(module: ModuleType) -> tuple[type[Any], type[Any]]:
    """Make a family's classes of the streams that are made for it, and of those before a real response's."""
    bases = (module.SyncByteStream, module.AsyncByteStream)
    return type("InterceptedStream", (ByteChunks, *bases), {}), type("RecordedStream", (Tee, *bases), {})
