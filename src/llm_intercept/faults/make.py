"""The functions that make faults (`timeout`, `disconnect`, `malformed`, …).

Knows: the values in `trouble`. Must not know: how a fault is woven into an answer, which API gives it, any clock.
"""

from __future__ import annotations

from typing import TypeVar, get_args

from llm_intercept.errors import SettingsError
from llm_intercept.faults.values import (
    ConnectionFailure,
    Crlf,
    Cut,
    CutOff,
    Disconnect,
    DuplicateChunk,
    EmptyBody,
    Form,
    HtmlError,
    KeepAlive,
    Malformed,
    MissingDone,
    MissingFinish,
    Rechunk,
    Stage,
    Stall,
    StreamError,
    Timeout,
    TruncatedArguments,
    Unit,
    WrongContentType,
)

T = TypeVar("T", bound=str)


def timeout(stage: Stage = "read") -> Timeout:
    """Make the fault of a request that times out at once, with the client's own ConnectTimeout, ReadTimeout, … .

    Args:
        stage: `connect`, `read` (no answer), `write` or `pool` (no free connection). To let the client's real read
            timeout run, use `stall()`.

    Raises:
        SettingsError: It is none of these.

    """
    return Timeout(_choice("timeout(…)", stage, get_args(Stage)))


def connection_error() -> ConnectionFailure:
    """Make the fault of a connection that is refused, with the client's own ConnectError."""
    return ConnectionFailure()


def disconnect(after: int | None = None, *, unit: Unit = "chunks", reset: bool = False) -> Disconnect:
    """Make the fault of a connection that ends.

    Args:
        after: How much of the body comes; by default not even the headers do.
        unit: Whether that is `chunks` or `bytes`.
        reset: Whether the peer resets the connection (the client's ReadError) instead of closing it
            (RemoteProtocolError).

    Raises:
        SettingsError: A value cannot be used.

    """
    place = after if after is None else _count("disconnect(after=…)", after)
    return Disconnect(place, _choice("disconnect(unit=…)", unit, get_args(Unit)), bool(reset))


def stall(after: int | None = None) -> Stall:
    """Make the fault of an answer that stops coming: the client's own read timeout fires.

    Args:
        after: How many chunks come; by default not even the headers do.

    Raises:
        SettingsError: It is not a count.

    """
    return Stall(after if after is None else _count("stall(after=…)", after))


def cut_off(after: int = 1) -> CutOff:
    """Make the fault of a body that ends early and in order, as when a proxy gives up: no error, no `[DONE]`.

    Args:
        after: How many chunks come.

    Raises:
        SettingsError: It is not a count.

    """
    return CutOff(_count("cut_off(after=…)", after))


def malformed(after: int = 1) -> Malformed:
    """Make the fault of a chunk whose JSON is broken; the stream goes on behind it.

    Args:
        after: How many whole chunks come before it.

    Raises:
        SettingsError: It is not a count.

    """
    return Malformed(_count("malformed(after=…)", after))


def missing_done() -> MissingDone:
    """Make the fault of a stream that ends without `[DONE]`, as some compatible hosts' do."""
    return MissingDone()


def missing_finish() -> MissingFinish:
    """Make the fault of a stream without the chunk that has the finish reason."""
    return MissingFinish()


def duplicate_chunk(after: int = 2) -> DuplicateChunk:
    """Make the fault of a chunk that comes twice.

    Args:
        after: The number of the chunk, from 1; 2 is the first with text.

    Raises:
        SettingsError: It is not a count from 1.

    """
    return DuplicateChunk(_count("duplicate_chunk(after=…)", after, lowest=1))


def truncated_arguments(after: int = 1) -> TruncatedArguments:
    """Make the fault of tool calls whose arguments are broken off; of a JSON answer's, half is left.

    Args:
        after: How many fragments of arguments come in a stream.

    Raises:
        SettingsError: It is not a count.

    """
    return TruncatedArguments(_count("truncated_arguments(after=…)", after))


def stream_error(
    message: str = "The server had an error while processing your request. Sorry about that!",
    *,
    after: int = 2,
    form: Form = "data",
    type: str = "server_error",  # noqa: A002 - the API's name
    code: str | None = None,
) -> StreamError:
    """Make the fault of a stream that ends with an error in it.

    Args:
        message: What the error says.
        after: How many chunks come before it.
        form: `data` is an object with the key `error`, as groq and OpenRouter send it; `event` an event named `error`
            whose data is the error itself.
        type: The error's type.
        code: The error's code.

    Raises:
        SettingsError: A value cannot be used.

    """
    place = _count("stream_error(after=…)", after)
    return StreamError(place, _choice("stream_error(form=…)", form, get_args(Form)), message, type, code)


def html_error(status: int = 502) -> HtmlError:
    """Make the fault of a proxy that answers with an HTML page.

    Args:
        status: The HTTP status, 200 to 599.

    Raises:
        SettingsError: It is none.

    """
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004 # pyright: ignore[reportUnnecessaryIsInstance]
        raise SettingsError("html_error(…)", status, "an HTTP status from 200 to 599")
    return HtmlError(status)


def empty_body() -> EmptyBody:
    """Make the fault of an answer with the right status and headers, and without a body."""
    return EmptyBody()


def wrong_content_type(value: str = "text/html; charset=utf-8") -> WrongContentType:
    """Make the fault of an answer whose content type is wrong.

    Args:
        value: The content type it says.

    """
    return WrongContentType(value)


def keep_alive(every: int = 1, text: str = "OPENROUTER PROCESSING") -> KeepAlive:
    """Make comments that stand between a stream's events, as OpenRouter sends them; no client should mind.

    Args:
        every: How many events stand between two of them.
        text: What they say, one line.

    Raises:
        SettingsError: `every` is not a count from 1, or `text` is not one line.

    """
    if "\n" in text or "\r" in text:
        raise SettingsError("keep_alive(text=…)", text, "one line")
    return KeepAlive(_count("keep_alive(every=…)", every, lowest=1), text)


def crlf() -> Crlf:
    """Make the lines of the body end with CR and LF, as Gemini's and Perplexity's do; no client should mind."""
    return Crlf()


def rechunk(seed: int | None = None, *, how: Cut = "mixed") -> Rechunk:
    """Make the same bytes arrive in other pieces; no client should mind.

    Args:
        seed: Decides where they are cut; by default the request itself does.
        how: `bytes` one by one, `split` into small pieces (within lines and characters too), `coalesce` into large
            ones, or `mixed`.

    Raises:
        SettingsError: A value cannot be used.

    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SettingsError("rechunk(seed)", seed, "an int")
    return Rechunk(seed, _choice("rechunk(how=…)", how, get_args(Cut)))


def _choice(name: str, value: T, choices: tuple[T, ...]) -> T:
    if value in choices:
        return value
    raise SettingsError(name, value, "one of " + ", ".join(map(repr, choices)))


def _count(name: str, value: object, lowest: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise SettingsError(name, value, f"an int, {lowest} or more")
    return value
