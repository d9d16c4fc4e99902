"""Reads HTTP archives (HAR 1.2), as browsers and proxies write them: of all that went out, what asks a model's API.

Knows: the format (W3C's draft of HTTP Archive, 1.2). Must not know: tapes, any API.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from llm_intercept.base.json import items, mapping
from llm_intercept.dialects import OPAQUE, dialect_of
from llm_intercept.model.wire import WireRequest
from llm_intercept.tapetools.documents import ImportFailedError
from llm_intercept.tapetools.kept_elsewhere import Foreign, answered, content_of_body, each, pairs

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".har"
FINAL = 200
"""The lowest status of an answer; below it are those of what is not over, and 0 of what was never answered."""


def read(file: Path, document: Any) -> list[Foreign]:
    """Read an archive.

    Raises:
        ImportFailedError: Nothing in it asks a model's API, or one that does cannot be read.

    """
    entries = [mapping(one) for one in items(mapping(mapping(document)["log"]).get("entries"))]
    exchanges = each(file, _exchange, [one for one in entries if _is_answered(one) and _asks(mapping(one["request"]))])
    if not exchanges:
        raise ImportFailedError(file, f"none of its {len(entries)} exchanges asks an API of models and was answered")
    return exchanges


def _is_answered(entry: Any) -> bool:
    status = mapping(entry.get("response")).get("status")
    return isinstance(status, int) and status >= FINAL and "request" in entry


def _asks(request: Any) -> bool:
    """Whether a request is one to an API of models, as a request on its way is judged."""
    url, method = str(request.get("url", "")), str(request.get("method", "")).upper()
    if method == "OPTIONS":  # which a browser asks by itself before it asks anything else
        return False
    parts = urlsplit(url)
    headers = {name.lower(): value for name, value in pairs(request.get("headers"))}
    head = WireRequest(method, url, parts.hostname or "", parts.path, headers)
    is_claimed = dialect_of(head) is not OPAQUE or OPAQUE.is_of_an_api(head)
    return is_claimed or OPAQUE.is_question(head, content_of_body(_posted(request)))


def _exchange(entry: Any) -> Foreign:
    request, response = mapping(entry["request"]), mapping(entry["response"])
    kept = mapping(response.get("content"))
    body: Any = kept.get("text")
    if kept.get("encoding") == "base64" and isinstance(body, str):
        body = base64.b64decode(body)
    headers = pairs(response.get("headers"))
    if not any(name.lower() == "content-type" for name, _ in headers) and kept.get("mimeType"):
        headers = (*headers, ("content-type", str(kept["mimeType"])))
    status, headers, content = answered(response["status"], headers, body)
    return Foreign(
        method=str(request.get("method", "POST")).upper(),
        url=str(request["url"]),
        headers=pairs(request.get("headers")),
        body=_posted(request),
        status=status,
        response_headers=headers,
        content=content,
        recorded_at=str(entry.get("startedDateTime") or ""),
    )


def _posted(request: Any) -> Any:
    """Find what was sent: as text, in base64 (mitmproxy), or as the fields of a form."""
    posted = mapping(request.get("postData"))
    said = posted.get("text")
    if posted.get("encoding") == "base64" and isinstance(said, str):
        return base64.b64decode(said)
    fields = [(str(one.get("name")), str(one.get("value", ""))) for one in map(mapping, items(posted.get("params")))]
    return said if said or not fields else urlencode(fields)
