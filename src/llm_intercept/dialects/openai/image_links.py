"""What OpenAI refuses of an image that a request links to.

Knows: URLs. Must not know: where in a request they stand.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.refusals import refused

LINKS = ("http://", "https://")


def check_image(url: str, place: str) -> None:
    """Refuse a URL that is neither of the web nor the data of an image.

    Source: OpenAI's guide "Images and vision": a fully qualified URL, or a data URL in base64.

    Raises:
        BadRequestError: OpenAI would refuse it.

    """
    start = url[:11].lower()
    if start.startswith((*LINKS, "data:image/")):
        return
    if start.startswith("data:"):
        mime = url[5:].partition(",")[0].partition(";")[0]
        told = (
            "Expected a base64-encoded data URL with an image MIME type (e.g. "
            f"'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type '{mime}'."
        )
    else:
        told = "Expected a valid URL, but got a value with an invalid format."
    hint = "Give an http(s) URL, or data:image/png;base64,… with the image in it."
    raise refused(f"Invalid '{place}'. {told}", place, "invalid_value", hint)
