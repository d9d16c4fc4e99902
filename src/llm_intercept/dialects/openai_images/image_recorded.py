"""What recordings need to know of images.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai_images.read import EDITED, MADE, VARIED, asked_of
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports, or the last event; None if none does."""
    told = mapping(mapping(values[-1] if values else None).get("usage"))
    given, made = told.get("input_tokens"), told.get("output_tokens")
    return Usage(given, made, extra=told) if is_int(given, 0) and is_int(made, 0) else None


RECORDED = Recorded(
    last_user=lambda body: text(asked_of(mapping(body)).get("prompt")),
    roles=lambda _: ["user"],
    usage=usage,
    not_in_key=frozenset({"stream"}),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    event_kind="type",
    models={
        MADE: ("openai.types", "ImagesResponse", "ImageGenStreamEvent"),
        EDITED: ("openai.types", "ImagesResponse", "ImageEditStreamEvent"),
        VARIED: ("openai.types", "ImagesResponse", ""),
    },
)
