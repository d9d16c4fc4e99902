"""Reads other recorders' files: vcrpy's and its likes' YAML and JSON, cassetter's YAML, nock's JSON, raw event streams.

Knows: their formats and where they go wrong (docs/wire.md 8.1). Must not know: tapes.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.recording.encodings import decode_stored
from llm_intercept.tapetools.documents import PACKED, ImportFailedError, content_of, document_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json", ".bin")
SSE_BEGINNINGS = (b"data:", b"event:", b"id:", b": ")
GZIP_AS_TEXT = "\x1f\x8b"
BINARY = ("binary", "base64", "bytes")
STATUSES = range(100, 600)


@dataclass(frozen=True, slots=True)
class Foreign:
    """One exchange as another recorder kept it; `body` is text or bytes, or a JSON value, `content` is decoded."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Any
    status: int
    response_headers: tuple[tuple[str, str], ...]
    content: bytes
    recorded_at: str = ""


def unpacked(path: Path) -> Path:
    """Return a path as it is without `.gz`."""
    return path.with_suffix("") if path.suffix == PACKED else path


def read_foreign(file: Path) -> list[Foreign]:
    """Read a .yaml, .yml, .json or .bin file, packed or not; raises `ImportFailedError` if no exchange can be read."""
    suffix = unpacked(file).suffix
    if suffix == ".bin":
        return [_raw_stream(file)]
    document = document_of(file, is_json=suffix == ".json")
    found = items(mapping(document).get("interactions", mapping(document).get("http_interactions")))
    if is_array(document) and all("scope" in mapping(one) for one in document):
        return _each(file, _of_nock, document)
    exchanges = _each(file, _of_vcr, [one for one in found if "request" in mapping(one)])
    if not exchanges:
        raise ImportFailedError(file, "there are no recorded exchanges in it")
    return exchanges


def _each(file: Path, read: Callable[[Any], Foreign], exchanges: list[Any]) -> list[Foreign]:
    """Read exchanges; raises `ImportFailedError`, which says which one cannot be read."""
    made: list[Foreign] = []
    for number, one in enumerate(exchanges, 1):
        try:
            made.append(_checked(read(mapping(one))))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            raise ImportFailedError(
                file, f"exchange {number} of {len(exchanges)} cannot be read ({kind}{error})"
            ) from error
    return made


def _checked(exchange: Foreign) -> Foreign:
    """Refuse what was never asked or answered over HTTP."""
    if exchange.status not in STATUSES:
        raise ValueError(f"{exchange.status} is no HTTP status")
    if not urlsplit(exchange.url).hostname:
        raise ValueError(f"{exchange.url!r} is no URL of a host")
    return exchange


def _of_vcr(exchange: Any) -> Foreign:
    """Read an exchange of vcrpy, go-vcr, Ruby's VCR, pydantic-ai's serializer or cassetter."""
    request, response = mapping(exchange["request"]), mapping(exchange["response"])
    status = response.get("status", response.get("status_code"))
    code = mapping(status).get("code") if is_object(status) else response.get("code", status)
    headers = _pairs(response.get("headers"))
    content = decode_stored(_bytes(_stored(response)), _encoding(headers))
    when = str(exchange.get("recorded_at") or response.get("recorded_at") or "")
    return Foreign(
        method=str(request.get("method", "POST")).upper(),
        url=str(request.get("uri", request.get("url", ""))),
        headers=_pairs(request.get("headers")),
        body=_stored(request),
        status=_status(code),
        response_headers=_described(headers, content),
        content=content,
        recorded_at=when,
    )


def _stored(side: Any) -> Any:
    """Find a body under any of the names and wrappings it is kept under."""
    body = side.get("body", side.get("content"))
    if side.get("parsed_body") is not None and not body:
        return side["parsed_body"]
    if not is_object(body):
        return body
    wrapped = mapping(body)
    if "base64_string" in wrapped:
        return base64.b64decode(wrapped["base64_string"])
    if "type" in wrapped and "content" in wrapped:
        is_binary = wrapped["type"] in BINARY and isinstance(wrapped["content"], str)
        return base64.b64decode(wrapped["content"]) if is_binary else wrapped["content"]
    return wrapped["string"] if "string" in wrapped else dict(wrapped) or None


def _of_nock(exchange: Any) -> Foreign:
    response = exchange.get("response", "")
    headers = _pairs(exchange.get("rawHeaders", exchange.get("headers")))
    content = decode_stored(_hex(response) if _is_hex(response) else _bytes(response), _encoding(headers))
    return Foreign(
        method=str(exchange.get("method", "POST")).upper(),
        url=str(exchange["scope"]).removesuffix(":443").removesuffix(":80") + str(exchange["path"]),
        headers=_pairs(exchange.get("reqheaders")),
        body=_from_hex(exchange.get("body")),
        status=_status(exchange.get("status", 200)),
        response_headers=_described(headers, content),
        content=content,
    )


def _status(said: Any) -> int:
    """Read a status, or a line of one: `200 OK`."""
    words = str(said).split()
    if not words or not words[0].isdecimal():
        raise ValueError(f"{said!r} is no HTTP status")
    return int(words[0])


def _encoding(headers: tuple[tuple[str, str], ...]) -> str:
    return next((value for name, value in headers if name.lower() == "content-encoding"), "")


def _raw_stream(file: Path) -> Foreign:
    """Read an event stream that was kept without its request; what is asked is made up, but for the model."""
    content = content_of(file)
    if not content.startswith(SSE_BEGINNINGS):
        raise ImportFailedError(file, "it is no event stream")
    first = content.removeprefix(b"data:").partition(b"\n")[0]
    try:
        model = mapping(json.loads(first)).get("model", "")
    except (ValueError, RecursionError):
        model = ""
    body: dict[str, Any] = {"model": model, "messages": [], "stream": True}
    url = "https://api.openai.com/v1/chat/completions"
    return Foreign("POST", url, (("content-type", "application/json"),), body, 200, _described((), content), content)


def _described(headers: tuple[tuple[str, str], ...], content: bytes) -> tuple[tuple[str, str], ...]:
    """Leave out the headers that are wrong of a decoded body, and say its type where nothing does."""
    wrong = {"content-length", "content-encoding", "transfer-encoding"}
    kept = tuple(one for one in headers if one[0].lower() not in wrong)
    if any(name.lower() == "content-type" for name, _ in kept):
        return kept
    kind = "text/event-stream" if content.startswith(SSE_BEGINNINGS) else "application/json"
    return (*kept, ("content-type", kind))


def _pairs(headers: Any) -> tuple[tuple[str, str], ...]:
    """Read headers: an object of texts or lists, or a list of pairs or of names and values in turn."""
    if is_object(headers):
        found = [(name, value) for name, values in mapping(headers).items() for value in _listed(values)]
    elif is_array(headers) and all(is_array(one) for one in headers):
        found = [(one[0], one[1]) for one in items(headers)]
    else:
        flat = items(headers)
        found = list(zip(flat[::2], flat[1::2], strict=False))
    return tuple((str(name), _text(value)) for name, value in found)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _listed(values: Any) -> list[Any]:
    return items(values) if is_array(values) else [values]


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        # Compressed bytes that were read as text, one character for each.
        return value.encode("latin-1") if value.startswith(GZIP_AS_TEXT) else value.encode(errors="surrogatepass")
    return b"" if value is None else json.dumps(value, ensure_ascii=False, indent=2).encode()


def _is_hex(value: Any) -> bool:
    return (
        is_array(value) and bool(value) and all(isinstance(one, str) for one in items(value)) and bool(_try_hex(value))
    )


def _try_hex(value: Any) -> bytes | None:
    try:
        return b"".join(binascii.unhexlify(one) for one in items(value))
    except ValueError:
        return None


def _hex(value: Any) -> bytes:
    return _try_hex(value) or b""


def _from_hex(value: Any) -> Any:
    return decode_stored(_hex(value)) if _is_hex(value) else value
