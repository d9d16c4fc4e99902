"""What Anthropic refuses of images and documents: their kinds, and what is in the request in base64.

The words are those seen in issues and public notes of 2024 to 2026.

Knows: where they stand in messages. Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping, text
from llm_intercept.base.media_sizes import content_of, size_of
from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.anthropic_messages.content import RESULT
from llm_intercept.dialects.shared.in_base64 import cannot_be_base64

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Found = tuple[str, str, Mapping[str, Any]]

KINDS = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/webp"),
    "document": ("application/pdf",),
}
BEGINNINGS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}
LARGEST, SHOWN = 10 * 1024 * 1024, "10 MB"  # bytes; other clouds take less
HEAD = 64


def check_sources(body: Mapping[str, Any]) -> None:
    """Refuse images and documents that Anthropic does not take.

    Raises:
        BadRequestError: It would refuse them.

    """
    for number, message in enumerate(items(body.get("messages"))):
        for place, kind, source in _sources(mapping(message).get("content"), f"messages.{number}.content"):
            match source.get("type"):
                case "base64":
                    _check_data(f"{place}.{kind}.source.base64", kind, source)
                case "url" if not source.get("url"):
                    raise refused(f"{place}.{kind}.source.url.url: Field required")
                case "url" if not isinstance(source["url"], str):
                    raise refused(f"{place}.{kind}.source.url.url: Input should be a valid string")
                case _:
                    pass


def _sources(content: object, place: str) -> Iterator[Found]:
    """Give what is no text in a content, with its place; also in the answers of tools."""
    for number, block in enumerate(items(content)):
        found = mapping(block)
        kind = text(found.get("type"))
        if kind in KINDS:
            yield f"{place}.{number}", kind, mapping(found.get("source"))
        elif kind == RESULT:
            yield from _sources(found.get("content"), f"{place}.{number}.{RESULT}.content")


def _check_data(place: str, kind: str, source: Mapping[str, Any]) -> None:
    wanted, data = source.get("media_type"), source.get("data")
    if wanted not in KINDS[kind]:
        *first, last = [f"'{one}'" for one in KINDS[kind]]
        told = f"{', '.join(first)} or {last}" if first else last
        raise refused(f"{place}.media_type: Input should be {told}")
    if not isinstance(data, str):
        raise refused(f"{place}.data: {'Field required' if data is None else 'Input should be a valid string'}")
    if cannot_be_base64(data):
        raise refused(
            f"{place}: invalid base64 data", hint="Give the file's bytes in base64, without a data: in front."
        )
    if kind == "document":
        if not data:
            raise refused(f"{place}: PDF cannot be empty")
        return
    if size_of(data) > LARGEST:
        raise refused(f"{place}: image exceeds {SHOWN} maximum: {size_of(data)} bytes > {LARGEST} bytes")
    found = _looks_like(content_of(data, HEAD))
    if found and found != wanted:
        told = f"The image was specified using the {wanted} media type, but the image appears to be a {found} image"
        raise refused(f"{place}: {told}")


def _looks_like(head: bytes) -> str:
    """Tell the kind of an image by how it begins; empty where it begins as none."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begins, kind in BEGINNINGS.items() if head.startswith(begins)), "")
