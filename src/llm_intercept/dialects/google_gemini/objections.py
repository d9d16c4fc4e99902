"""What Google refuses of a request for content, in its words.

Knows: docs/wire.md 10.4. Must not know: what is answered otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.google.named import got, snake
from llm_intercept.dialects.google_gemini.contents import contents_of
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.google.places import Place

MOST_CANDIDATES = 8
KNOWN_ROLES = frozenset({"user", "model", "function", "tool", ""})
"""The roles that are accepted, more than the refusal names: SDKs give what functions answered either of two others."""
RANGES = (("temperature", 0.0, 2.0, "2.0001"), ("candidateCount", 1, MOST_CANDIDATES, "9"))
"""Fields of the configuration, the range of each, and where it ends in Vertex AI's words."""
LEARN_MORE = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"


def check(body: Mapping[str, Any], place: Place) -> None:
    """Refuse what Google refuses.

    Raises:
        BadRequestError: It does.

    """
    contents = contents_of(body)
    if not contents:
        at_vertex = f"Unable to submit request because at least one contents field is required. {LEARN_MORE}"
        raise refused("* GenerateContentRequest.contents: contents is not specified\n", at_vertex, place)
    if any(text(mapping(one).get("role")) not in KNOWN_ROLES for one in contents):
        raise refused("Please use a valid role: user, model.", "", place)
    for allowed in RANGES:
        _check_range(got(body, "generationConfig"), allowed, place)


def _check_range(config: Any, allowed: tuple[str, float, float, str], place: Place) -> None:
    name, least, most, end = allowed
    value, field = got(config, name), snake(name)
    if is_number(value) and not least <= value <= most:
        raise refused(
            f"* GenerateContentRequest.generation_config.{field}: {field} must be in the range [{least}, {most}].\n",
            f"Unable to submit request because it has a {name} value of {value:g} but the supported range is from "
            f"{least:g} (inclusive) to {end} (exclusive). Update the value and try again.",
            place,
        )


def refused(studio: str, vertex: str, place: Place, hint: str = "") -> BadRequestError:
    """Make the refusal in AI Studio's words, or in Vertex AI's where they are others; `hint` is in ours."""
    message = vertex if vertex and place.is_vertex else studio
    return BadRequestError(ErrorReply(400, "invalid_request", message=message), hint)
