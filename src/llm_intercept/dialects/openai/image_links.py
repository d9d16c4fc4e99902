"""What OpenAI refuses of an image that a request links to.

Knows: URLs. Must not know: where in a request they stand.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.refusals import refused
from llm_intercept.dialects.shared.in_base64 import cannot_be_base64

LINKS = ("http://", "https://")
IMAGE, SEPARATOR = "data:image/", ";base64"


def check_image(url: str, place: str) -> None:
    """Refuse a URL that is neither of the web nor the data of an image; whether the data is an image is not looked at.

    Sources: OpenAI's guide "Images and vision": a fully qualified URL, or a data URL in base64. The words were seen in
    issues of 2025 and 2026.

    Raises:
        BadRequestError: OpenAI would refuse it.

    """
    start = url[:11].lower()
    if start.startswith(LINKS):
        return
    told = (
        _objection(url)
        if start.startswith("data:")
        else "Expected a valid URL, but got a value with an invalid format."
    )
    if told:
        hint = "Give an http(s) URL, or data:image/png;base64,… with the image in it."
        raise refused(f"Invalid '{place}'. {told}", place, "invalid_value", hint)


def _objection(url: str) -> str:
    head, _, data = url.partition(",")
    if not head.lower().startswith(IMAGE):
        got = f"unsupported MIME type '{head[5:].partition(';')[0]}'"
    elif not head.lower().endswith(SEPARATOR):
        got = f"a value without the '{SEPARATOR}' separator"
    elif not data:
        got = "empty base64-encoded bytes"
    elif cannot_be_base64(data):
        got = "an invalid base64-encoded value"
    else:
        return ""
    example = "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
    return f"Expected a base64-encoded data URL with an image MIME type {example}, but got {got}."
