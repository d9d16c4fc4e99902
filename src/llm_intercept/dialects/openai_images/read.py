"""Reads a request for images into the neutral vocabulary: JSON, or a form with pictures.

Knows: the request's fields (OpenAI's reference, "Images"). Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, json_object, mapping, text
from llm_intercept.base.multipart import form_of
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.image_wishes import MOST_PARTIAL
from llm_intercept.dialects.openai.refusals import check_integer, missing, refused
from llm_intercept.model.parts import Media, Text
from llm_intercept.model.request import LLMRequest, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.model.parts import Part
    from llm_intercept.model.wire import WireRequest

NAME = "openai.images"
MADE, EDITED, VARIED = "/images/generations", "/images/edits", "/images/variations"
NUMBERS = ("n", "partial_images", "output_compression")
MOST, LONGEST = 10, 32_000
"""How many pictures are made at once, and how many characters a prompt has."""
UNKNOWN = "Unknown parameter: 'response_format'."
"""What GPT's image models say, from gpt-image-1 to gpt-image-2 (issues of 2025 and 2026)."""


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request; raises `UnreadableError` where it is neither JSON nor a form."""
    form = form_of(head.headers.get("content-type", ""), content)
    body = json_object(content) if form is None else form
    if body is None:
        raise UnreadableError("Its body is neither a JSON object nor a form")
    asked = asked_of(body)
    said = (Message(role="user", parts=tuple(_parts(body, asked))),)
    return LLMRequest.made(
        head, body, content, api=NAME, model=text(asked.get("model")), messages=said, stream=asked.get("stream") is True
    )


def asked_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a request; of a form its texts, in which numbers and truths are texts too."""
    parts = items(body.get("parts"))
    if not parts:
        return dict(body)
    told = {text(part.get("name")): text(part.get("text")) for part in map(mapping, parts) if "text" in part}
    return {name: _value(name, value) for name, value in told.items()}


def pictures_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pictures that are given, without a mask."""
    files = [mapping(part) for part in items(body.get("parts"))]
    given = [one for one in files if text(one.get("name")).rstrip("[]") == "image"]
    return given or [mapping(one) for one in items(body.get("images"))]


def is_of_before(asked: Mapping[str, Any]) -> bool:
    """Whether the models of before 2025 are asked, which OpenAI retired on 2026-05-12 and other hosts may have."""
    return text(asked.get("model")).startswith("dall-e-") or asked.get("response_format") is not None


def check(body: Mapping[str, Any], path: str) -> None:
    """Refuse what OpenAI refuses.

    Raises:
        BadRequestError: It does.

    """
    asked = asked_of(body)
    if not path.endswith(VARIED):
        if not text(asked.get("prompt")):
            raise missing("prompt")
        if len(text(asked["prompt"])) > LONGEST:
            message = f"Invalid 'prompt': string too long. Expected a string with maximum length {LONGEST:d}"
            found = f"but got a string with length {len(asked['prompt'])} instead."
            raise refused(f"{message}, {found}", "prompt", "string_above_max_length")
    if not path.endswith(MADE) and not pictures_of(body):
        raise missing("image")
    if text(asked.get("model")).startswith("gpt-image-") and asked.get("response_format") is not None:
        raise refused(UNKNOWN, "response_format", "unknown_parameter", "These models answer in base64 alone.")
    check_integer(asked, "n", 1, MOST)
    check_integer(asked, "partial_images", 0, MOST_PARTIAL)
    check_integer(asked, "output_compression", 0, 100)
    if asked.get("background") == "transparent" and asked.get("output_format") == "jpeg":
        message = "Transparent background is not supported for JPEG output format."
        raise refused(message, "background", "invalid_value", "Ask for png or webp.")


def _value(name: str, value: str) -> Any:
    if name in NUMBERS and value.removeprefix("-").isdecimal():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if name == "stream" else value


def _parts(body: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[Part]:
    prompt = text(asked.get("prompt"))
    yield from (Text(prompt),) if prompt else ()
    for one in pictures_of(body):
        yield Media("image", url=text(one.get("image_url")), mime=text(one.get("type")), raw=one)
