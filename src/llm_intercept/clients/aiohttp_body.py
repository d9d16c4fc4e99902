"""Bodies as aiohttp's streams: an answer's, fed when a client waits for it, and a real one, which an observer is shown.

Knows: aiohttp's stream readers. Must not know: who answers, what a body says. It is loaded when aiohttp is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import ClientConnectionError, StreamReader
from aiohttp.streams import EmptyStreamReader

from llm_intercept.base.tasks import serving

if TYPE_CHECKING:
    from llm_intercept.clients.stream import ByteChunks
    from llm_intercept.model.wire import Observer, Step

LAST = b"0\r\n\r\n"


class Receives(Protocol):
    """What a body is fed to, which parses it."""

    def data_received(self, data: bytes) -> None:
        """Receive some bytes."""


class AskedFor(StreamReader):
    """A stream that lets the next chunk come when a client waits for it, and no sooner.

    So a client that leaves has read what it has read, and what comes before a failure is read before it.
    """

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        if self._waiter is None:
            _feed_of(self).wanted()
        if self._exception is not None:
            raise self._exception
        if not (self._buffer or self._eof):
            if not self._protocol.connected:
                raise RuntimeError("Connection closed.")  # as aiohttp says by now; 3.9 waits for ever
            await super()._wait(func_name)

    async def wait_eof(self) -> None:
        """Wait until all has come, whoever reads it."""
        if not self._eof:
            _feed_of(self).wanted(whole=True)
        await super().wait_eof()


def _feed_of(stream: Any) -> Feed:
    feed: Feed = stream._protocol.feed  # noqa: SLF001
    return feed


def asked_for(found: Any) -> Any:
    """Let the stream of a message be asked for what it gives."""
    _, stream = found
    if not stream.is_eof():
        stream.__class__ = AskedFor
    return found


class Feed:
    """Feeds a body, step by step: chunks at once, and from the first wait on in a task, which the loop runs.

    So a client that stops waiting for a chunk does not end it, as it would not with a real connection.
    """

    def __init__(self, chunks: ByteChunks, receiver: Receives, stream: Any) -> None:
        self._chunks, self._receiver, self._stream = chunks, receiver, stream
        self._steps = chunks.steps()
        self._task: asyncio.Task[None] | None = None
        self._asked = asyncio.Event()
        self._is_whole = self._is_over = False

    def wanted(self, *, whole: bool = False) -> None:
        """Let some of the body come, or the `whole`."""
        self._is_whole = self._is_whole or whole
        self._asked.set()
        while self._task is None and self._is_wanted():
            try:
                step = next(self._steps, None)
            except Exception as error:  # noqa: BLE001 - the client gets it when it reads
                self._fail(error)
                return
            if step is None or isinstance(step, bytes):
                self._give(step)
            else:
                self._task = asyncio.get_running_loop().create_task(self._go_on(step))
                _at_work.add(self._task)
                self._task.add_done_callback(_at_work.discard)

    def close(self) -> None:
        """End the making of the body, which nobody reads any more."""
        if self._is_over:
            return
        self._end()
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
        if self._stream._waiter is not None:  # noqa: SLF001
            self._stream.set_exception(ClientConnectionError("Connection closed"))

    def _is_wanted(self) -> bool:
        stream = self._stream
        has_come = stream._buffer or stream.is_eof() or stream.exception() is not None  # noqa: SLF001
        return not self._is_over and (self._is_whole or not has_come)

    async def _go_on(self, step: Step | None) -> None:
        serving.set(True)
        try:
            while not self._is_over:
                if step is None or isinstance(step, bytes):
                    self._give(step)
                else:
                    await self._chunks.carry_out(step)
                while not (self._is_over or self._is_wanted()):
                    self._asked.clear()
                    await self._asked.wait()
                step = None if self._is_over else next(self._steps, None)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
        finally:
            await self._chunks.aclose()

    def _give(self, step: bytes | None) -> None:
        """Feed a chunk, or the end."""
        if step is None:
            self._end()
            self._receiver.data_received(LAST)
        elif step:
            self._receiver.data_received(b"%x\r\n%b\r\n" % (len(step), step))

    def _fail(self, error: Exception) -> None:
        self._end()
        if self._stream.exception() is None:
            self._stream.set_exception(error)

    def _end(self) -> None:
        self._is_over = True
        if self._task is None:
            self._chunks.close()
        else:
            self._chunks.end_steps()


_at_work: set[asyncio.Task[None]] = set()
"""The tasks that feed bodies: a loop keeps none alive, as it keeps a real connection."""


def shown(found: Any, observer: Observer, *, is_decoded: bool) -> None:
    """Let an observer see a real message: its head now, its body as it comes.

    Args:
        found: The message and its stream.
        observer: Who is to see it.
        is_decoded: Whether the stream undoes content encodings.

    """
    message: Any = found[0]
    stream: Any = found[1]
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.raw_headers]
    if is_decoded and message.compression:
        headers = [one for one in headers if one[0].lower() != "content-encoding"]
    observer.began(message.code, headers)
    for chunk in () if isinstance(found[1], EmptyStreamReader) else stream._buffer:  # noqa: SLF001
        observer.passed(chunk)
    if stream.is_eof():
        observer.ended(None, whole=True)
    elif stream.exception() is not None:
        observer.ended(stream.exception(), whole=False)
    else:
        stream.__class__ = _shown_to(_Once(observer))


class _Once:
    """Tells an observer what comes, and once how it ended."""

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    def passed(self, chunk: bytes) -> None:
        if self._observer is not None:
            self._observer.passed(chunk)

    def ended(self, error: BaseException | None, *, whole: bool = False) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.ended(error, whole=whole)


def _shown_to(observer: _Once) -> type[StreamReader]:
    """Make the class of one stream: an instance has no room for its observer."""

    class Shown(StreamReader):
        __slots__ = ()

        def feed_data(self, data: bytes, *args: Any, **kwargs: Any) -> Any:
            if data:
                observer.passed(data)
            return super().feed_data(data, *args, **kwargs)

        def feed_eof(self) -> None:
            observer.ended(None, whole=True)
            super().feed_eof()

        def set_exception(self, exc: BaseException, *args: Any, **kwargs: Any) -> None:
            is_closed = type(exc) is ClientConnectionError  # by the client itself
            observer.ended(None if is_closed else exc)
            super().set_exception(exc, *args, **kwargs)

        def __del__(self) -> None:
            observer.ended(None)

    return Shown
