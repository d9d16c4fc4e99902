"""Sends a request on to the API it is meant for, by httpx or httpx2, and passes the answer back as it comes.

Knows: both libraries' clients, observers. Must not know: rules, recordings, ASGI.
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.family import installed
from llm_intercept.clients.tee import Tee
from llm_intercept.model.wire import CONNECTION_HEADERS, Awaited, WireResponse
from llm_intercept.server.refusing import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from llm_intercept.model.wire import Headers, Observer, Step, WireRequest

OF_ONE_HOP = CONNECTION_HEADERS | {"proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"}
"""Headers that are said to the next in line alone, whatever `Connection` names beside them (RFC 9110, 7.6.1)."""
SAID_ANEW = frozenset({"host", "content-length"})
"""Headers that a request has anew on the way to the next server."""
PATIENCE = 600.0
"""Seconds that an API may be silent, as OpenAI's SDKs have it."""


class Relayed:
    """A real answer's bytes, as steps; an observer is told of them as they pass."""

    def __init__(self, response: Any, observer: Observer | None) -> None:
        self._response = response
        raw = _Raw(response)
        self._tee = raw if observer is None else Tee(raw, observer)
        self._chunks: AsyncIterator[bytes] = aiter(self._tee)
        self._chunk: bytes | None = None

    def __iter__(self) -> Iterator[Step]:
        step = Awaited(self._fetch, self._close)
        while True:
            yield step
            if self._chunk is None:
                return
            yield self._chunk

    async def _fetch(self) -> None:
        self._chunk = await anext(self._chunks, None)

    async def _close(self) -> None:
        await self._tee.aclose()


class _Raw:
    """The bytes of a response as they are on the wire, still encoded."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        chunks: AsyncIterator[bytes] = self._response.aiter_raw()
        return chunks

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._response.aclose()


class Upstream:
    """Keeps connections to the APIs; made when the first request is sent on.

    Raises:
        SettingsError: Neither library is installed.

    """

    def __init__(self) -> None:
        self._module: Any = installed("upstream")
        self._client: Any = None

    async def send(self, head: WireRequest, content: bytes, observer: Observer | None) -> WireResponse:
        """Send a request on; raises `RefusedError` where there is no answer."""
        client = self._opened()
        headers = [one for one in _passed(head.headers.items()) if one[0] not in SAID_ANEW]
        try:
            request = client.build_request(head.method, head.url, headers=headers, content=content)
            response = await client.send(request, stream=True)
        except (self._module.HTTPError, self._module.InvalidURL) as error:
            where = f"{head.method} {head.url.partition('?')[0]}"
            told = f"{type(error).__name__}: {error}"
            raise RefusedError(502, f"llm-intercept: {where} could not be sent on ({told}).") from error
        return _passing(response, observer)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _opened(self) -> Any:
        if self._client is None:
            timeout = self._module.Timeout(PATIENCE, connect=10.0)
            limits = self._module.Limits(max_connections=None, max_keepalive_connections=100)
            self._client = self._module.AsyncClient(
                timeout=timeout, limits=limits, follow_redirects=False, cookies=_no_cookies()
            )
            for name in ("accept", "accept-encoding", "user-agent"):
                self._client.headers.pop(name, None)  # the program's own are sent, or none
        return self._client


def _no_cookies() -> CookieJar:
    """Make a jar that stays empty: a cookie is of the program that was sent it, and many programs ask here."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _passing(response: Any, observer: Observer | None) -> WireResponse:
    raw = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    if observer is not None:
        observer.began(response.status_code, raw)
    headers = _passed((name.lower(), value) for name, value in raw)
    return WireResponse(response.status_code, headers, Relayed(response, observer))


def _passed(headers: Iterable[tuple[str, str]]) -> Headers:
    """Leave out what was said to this server alone."""
    all_of = tuple(headers)
    named = ",".join(value for name, value in all_of if name == "connection").lower().split(",")
    of_one_hop = OF_ONE_HOP.union(map(str.strip, named))
    return tuple(one for one in all_of if one[0] not in of_one_hop)
