"""Reads other recorders' files: vcrpy's and its likes', Datadog's, cassetter's, nock's, HAR, httprr, raw event streams.

Knows: how the formats are told apart, and those that are YAML or JSON. Must not know: tapes.
"""

from __future__ import annotations

import base64
import binascii
import json
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.recording.encodings import decode_stored
from llm_intercept.tapetools import har, httprr
from llm_intercept.tapetools.documents import PACKED, ImportFailedError, content_of, document_of
from llm_intercept.tapetools.kept_elsewhere import SSE_BEGINNINGS, Foreign, answered, completed, described, each, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JSON = (".json", har.SUFFIX)
SUFFIXES = (".yaml", ".yml", *JSON, httprr.SUFFIX, ".bin")
"""How the names of files end that may be recordings, packed (`.gz`) or not."""
NOTHING: Mapping[str, str] = MappingProxyType({})
BINARY = ("binary", "base64", "bytes")


def unpacked(path: Path) -> Path:
    """Return a path as it is without `.gz`."""
    return path.with_suffix("") if path.suffix == PACKED else path


def read_foreign(file: Path, stands_for: Mapping[str, str] = NOTHING) -> list[Foreign]:
    """Read a file, packed or not.

    Args:
        file: The file.
        stands_for: What to put in for placeholders in URLs and bodies.

    Raises:
        ImportFailedError: There is no exchange in it, or one that cannot be read.

    """
    return each(file, partial(completed, stands_for=stands_for), _exchanges(file))


def _exchanges(file: Path) -> list[Foreign]:
    suffix = unpacked(file).suffix
    content = content_of(file)
    if suffix == httprr.SUFFIX or content.startswith(httprr.FIRST_LINE):
        return httprr.read(file, content)
    if suffix == ".bin":
        return each(file, _raw_stream, [content])
    document = document_of(file, content, is_json=suffix in JSON)
    if is_array(document) and all("scope" in mapping(one) for one in document):
        return each(file, _of_nock, document)
    if "log" in mapping(document):
        return har.read(file, document)
    exchanges = each(file, _of_vcr, _interactions(document))
    if not exchanges:
        raise ImportFailedError(file, "there are no recorded exchanges in it")
    return exchanges


def _interactions(document: Any) -> list[Any]:
    """Find the exchanges of vcrpy and its likes; Datadog's test agent keeps one a file, without a list around it."""
    known = mapping(document)
    found = items(known.get("interactions", known.get("http_interactions", [known])))
    return [mapping(one) for one in found if "request" in mapping(one) and "response" in mapping(one)]


def _of_vcr(exchange: Any) -> Foreign:
    """Read an exchange of vcrpy, go-vcr, Ruby's VCR, pydantic-ai's serializer, cassetter or Datadog's test agent."""
    request, response = mapping(exchange["request"]), mapping(exchange["response"])
    status = response.get("status", response.get("status_code"))
    code = mapping(status).get("code") if is_object(status) else response.get("code", status)
    found, headers, content = answered(code, pairs(response.get("headers")), _stored(response))
    when = str(exchange.get("recorded_at") or response.get("recorded_at") or "")
    return Foreign(
        method=str(request.get("method", "POST")).upper(),
        url=str(request.get("uri", request.get("url", ""))),
        headers=pairs(request.get("headers")),
        body=_stored(request),
        status=found,
        response_headers=headers,
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
    kept = _hex(response) if _is_hex(response) else response
    headers = pairs(exchange.get("rawHeaders", exchange.get("headers")))
    status, headers, content = answered(exchange.get("status", 200), headers, kept)
    return Foreign(
        method=str(exchange.get("method", "POST")).upper(),
        url=str(exchange["scope"]).removesuffix(":443").removesuffix(":80") + str(exchange["path"]),
        headers=pairs(exchange.get("reqheaders")),
        body=_from_hex(exchange.get("body")),
        status=status,
        response_headers=headers,
        content=content,
    )


def _raw_stream(content: bytes) -> Foreign:
    """Read an event stream that was kept without its request; what is asked is made up, but for the model."""
    if not content.startswith(SSE_BEGINNINGS):
        raise ValueError("it is no event stream")
    first = content.removeprefix(b"data:").partition(b"\n")[0]
    try:
        model = mapping(json.loads(first)).get("model", "")
    except (ValueError, RecursionError):
        model = ""
    body: dict[str, Any] = {"model": model, "messages": [], "stream": True}
    url = "https://api.openai.com/v1/chat/completions"
    return Foreign("POST", url, (("content-type", "application/json"),), body, 200, described((), content), content)


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
