"""`InterceptTransport`: a transport to give to one client by hand.

Knows: interceptors, and what clients of both families ask of a transport. Must not know: how a request is answered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from llm_intercept.base.spelling import spelt_class
from llm_intercept.clients import activation
from llm_intercept.clients.family import family_of
from llm_intercept.clients.serve import InProcess, serve, serve_async
from llm_intercept.errors import SettingsError
from llm_intercept.interceptor.interceptor import Interceptor, engine_of
from llm_intercept.settings.of_others import IN_TURN

if TYPE_CHECKING:
    from typing import Unpack

    import httpx
    import httpx2

    from llm_intercept.interceptor.its_options import Options
    from llm_intercept.journal.calls import Calls
    from llm_intercept.replies.kinds import ReplyLike

    class _AnyTransport(httpx.BaseTransport, httpx.AsyncBaseTransport, httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        """What clients of both families take, for type checkers; at run time no base class is asked for."""

        def handle_request(self, request: Any) -> Any: ...
        async def handle_async_request(self, request: Any) -> Any: ...

else:
    _AnyTransport = object


@partial(spelt_class, words={"": IN_TURN})
class InterceptTransport(InProcess, _AnyTransport):
    """A transport that answers by itself, for httpx and httpx2, sync and async clients.

    Args:
        reply: What to answer, as for `Interceptor`.
        inner: The transport for requests that are not answered here; by default the family's own.
        interceptor: Answers instead of a new `Interceptor`; then `reply` and `options` are not given.
        **options: See `Options`.

    Raises:
        SettingsError: An argument is not known, or has a value that cannot be used.

    """

    def __init__(
        self,
        reply: ReplyLike | None = None,
        /,
        *,
        inner: httpx.BaseTransport
        | httpx.AsyncBaseTransport
        | httpx2.BaseTransport
        | httpx2.AsyncBaseTransport
        | None = None,
        interceptor: Interceptor | None = None,
        **options: Unpack[Options],
    ) -> None:
        if interceptor is not None and (reply is not None or options):
            raise SettingsError("interceptor", interceptor, "either interceptor= or a reply with options, not both")
        if interceptor is not None and not isinstance(interceptor, Interceptor):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SettingsError(
                "interceptor", interceptor, "an Interceptor(…), or what `with intercept(…) as llm` gives"
            )
        self.interceptor = interceptor or Interceptor(reply, **options)
        engine_of(self.interceptor)  # it is used, whoever asks
        self._inner: Any = inner
        self._made: dict[tuple[str, str], Any] = {}

    @property
    def calls(self) -> Calls:
        """Every exchange so far."""
        return self.interceptor.calls

    def handle_request(self, request: Any) -> Any:
        return serve(request, self._handlers(), lambda: self._next(request, "HTTPTransport").handle_request(request))

    async def handle_async_request(self, request: Any) -> Any:
        return await serve_async(
            request,
            self._handlers(),
            lambda: self._next(request, "AsyncHTTPTransport").handle_async_request(request),
        )

    def close(self) -> None:
        for inner in (self._inner, *self._made.values()):
            if hasattr(inner, "close"):
                inner.close()

    async def aclose(self) -> None:
        for inner in (self._inner, *self._made.values()):
            if hasattr(inner, "aclose"):
                await inner.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _handlers(self) -> tuple[activation.Handler, ...]:
        return (engine_of(self.interceptor), *activation.active())

    def _next(self, request: Any, kind: str) -> Any:
        if self._inner is not None:
            return self._inner
        module = family_of(request).module
        if (module.__name__, kind) not in self._made:
            self._made[module.__name__, kind] = getattr(module, kind)()
        return self._made[module.__name__, kind]
