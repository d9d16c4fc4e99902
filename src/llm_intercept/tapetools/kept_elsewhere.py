"""One exchange as another recorder kept it, and what recorders' files have in common: headers, bodies, statuses.

Knows: where headers and bodies go wrong when they are kept (docs/wire.md 8.1). Must not know: any one format, tapes.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from llm_intercept.base.framings import JSON_LINES, SSE, framing_of
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.recording.encodings import decode_stored, is_text
from llm_intercept.tapetools.documents import ImportFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SSE_BEGINNINGS = (b"data:", b"event:", b"id:", b": ")
PACKED_AS_TEXT = "\x1f\x8b"
LOOKED_AT = 1000  # bytes of an answer, to see whether it is a text
STATUSES = range(100, 600)
PLACEHOLDER = re.compile(r"<\w+>|\{\w+\}")
"""What recorders put in a URL for what nobody is to know."""
T = TypeVar("T")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """One exchange as another recorder kept it; `body` is text or bytes, or a JSON value, `content` is decoded."""

    method: str
    url: str
    headers: Pairs
    body: Any
    status: int
    response_headers: Pairs
    content: bytes
    recorded_at: str = ""


def each(file: Path, read: Callable[[T], Foreign], exchanges: Sequence[T]) -> list[Foreign]:
    """Read exchanges; raises `ImportFailedError`, which says which one cannot be read."""
    made: list[Foreign] = []
    for number, one in enumerate(exchanges, 1):
        try:
            made.append(read(one))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            raise ImportFailedError(
                file, f"exchange {number} of {len(exchanges)} cannot be read ({kind}{error})"
            ) from error
    return made


def completed(exchange: Foreign, stands_for: Mapping[str, str]) -> Foreign:
    """Put in what placeholders stand for, such as `<API_BASE>`, in the URL and in a body that is text.

    Raises:
        ValueError: It was never asked or answered over HTTP, or would be played as what it is not.

    """
    url, body = exchange.url, exchange.body
    for placeholder, value in stands_for.items():
        url = url.replace(placeholder, value)
        body = body.replace(placeholder, value) if isinstance(body, str) else body
    return _checked(replace(exchange, url=url, body=body))


def _checked(exchange: Foreign) -> Foreign:
    if exchange.status not in STATUSES:
        raise ValueError(f"{exchange.status} is no HTTP status")
    if not urlsplit(exchange.url).hostname:
        found = PLACEHOLDER.match(exchange.url)
        advice = f": say what stands there, --replace '{found[0]}=https://…'" if found else ""
        raise ValueError(f"{exchange.url!r} is no URL of a host{advice}")
    kind = header_of(exchange.response_headers, "content-type")
    if kind.lower().startswith("application/json") or framing_of(kind) in {SSE, JSON_LINES}:
        _check_text(exchange.content, kind)
    return exchange


def _check_text(content: bytes, kind: str) -> None:
    try:
        codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(content[:LOOKED_AT])
    except UnicodeDecodeError:
        begin = content[:8].hex(" ")
        problem = f"its answer is said to be {kind}, and its bytes are no text ({begin} …): they may be compressed"
        raise ValueError(f"{problem}, and no content-encoding says how") from None


def answered(status: Any, headers: Pairs, body: Any) -> tuple[int, Pairs, bytes]:
    """Read an answer: its status, its headers as they are right for the body, and the body, decoded."""
    content = decode_stored(content_of_body(body), header_of(headers, "content-encoding"))
    return status_of(status), described(headers, content), content


def header_of(headers: Pairs, wanted: str) -> str:
    """Return a header's value, of several with one name a list with commas."""
    return ", ".join(value for name, value in headers if name.lower() == wanted)


def status_of(said: Any) -> int:
    """Read a status, or a line of one: `200 OK`."""
    words = str(said).split()
    if not words or not words[0].isdecimal():
        raise ValueError(f"{said!r} is no HTTP status")
    return int(words[0])


def described(headers: Pairs, content: bytes) -> Pairs:
    """Leave out the headers that are wrong of a decoded body, and say its type where nothing does."""
    wrong = {"content-length", "content-encoding", "transfer-encoding"}
    kept = tuple(one for one in headers if one[0].lower() not in wrong)
    if any(name.lower() == "content-type" for name, _ in kept):
        return kept
    return (*kept, ("content-type", _kind_of(content)))


def _kind_of(content: bytes) -> str:
    if content.startswith(SSE_BEGINNINGS):
        return "text/event-stream"
    return "application/json" if is_text(content) else "application/octet-stream"


def pairs(headers: Any) -> Pairs:
    """Read headers: an object of texts or lists, a list of pairs or of `name` and `value`, or of both in turn."""
    if is_object(headers):
        found = [(name, value) for name, values in mapping(headers).items() for value in _listed(values)]
    elif is_array(headers) and all(is_array(one) for one in headers):
        found = [(one[0], one[1]) for one in items(headers)]
    elif is_array(headers) and all(is_object(one) for one in headers):
        found = [(one["name"], one["value"]) for one in items(headers)]
    else:
        flat = items(headers)
        found = list(zip(flat[::2], flat[1::2], strict=False))
    return tuple((_text(name), _text(value)) for name, value in found if not _text(name).startswith(":"))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _listed(values: Any) -> list[Any]:
    return items(values) if is_array(values) else [values]


def content_of_body(value: Any) -> bytes:
    """Give the bytes of a body: of text those it was read from, of a JSON value those that say it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        # Compressed bytes that were read as text, one character for each.
        return value.encode("latin-1") if value.startswith(PACKED_AS_TEXT) else value.encode(errors="surrogatepass")
    return b"" if value is None else json.dumps(value, ensure_ascii=False, indent=2).encode()
