"""Reads a form with files (`multipart/form-data`, RFC 7578) as JSON that is the same whatever its boundary is.

Knows: MIME's framing. Must not know: what the fields mean.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

BOUNDARY = re.compile(r'(?i)^multipart/form-data\s*;.*?\bboundary="?([^";,]+)')
PARAMETER = re.compile(r'(?i)\b(name|filename)="((?:[^"\\]|\\.)*)"')
TYPE = re.compile(r"(?im)^content-type:[ \t]*([^\r\n]*)")
LONGEST = 100_000  # bytes of a field that is kept as text; of a longer one, and of a file, the hash is


def form_of(content_type: str, content: bytes) -> dict[str, Any] | None:
    """Read a form as its `parts`: each its name and text, or its file's name, type and hash; None if it is none."""
    found = BOUNDARY.match(content_type)
    if found is None:
        return None
    pieces = content.split(b"--" + found[1].strip().encode(errors="replace"))
    parts = [_part(piece.removesuffix(b"\r\n")) for piece in pieces[1:-1]]
    return {"parts": parts} if parts else None


def field_of(form: dict[str, Any], name: str) -> str:
    """Return the text of a form's field; empty if it has none of that name."""
    return next((part["text"] for part in form["parts"] if part.get("name") == name and "text" in part), "")


def digest(content: bytes) -> str:
    """Hash what is no text; 40 digits, since what has 32 may be an id that changes from run to run."""
    return hashlib.blake2b(content, digest_size=20).hexdigest()


def _part(piece: bytes) -> dict[str, Any]:
    head, _, body = piece.partition(b"\r\n\r\n")
    headers = head.decode(errors="replace")
    part: dict[str, Any] = {name.lower(): value for name, value in PARAMETER.findall(headers)}
    kind = TYPE.search(headers)
    if kind is not None:
        part["type"] = kind[1].strip()
    text = None if "filename" in part or len(body) > LONGEST else _text(body)
    return {**part, "content_hash": digest(body)} if text is None else {**part, "text": text}


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
