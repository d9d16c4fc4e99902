"""What Anthropic refuses of a request that is not of its SDK's types, in its words.

Knows: the words of its errors, where its SDK has the types. Must not know: the fields; the SDK has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.shared.sdk_types import request_type
from llm_intercept.dialects.shared.typed import Mistake, first_mistake, wrong_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = "anthropic.types.beta.message_create_params"
"""The types of the betas have all fields that the others have."""
OLDER = frozenset({"temperature", "top_p", "top_k"})
"""Fields that the API takes for models before Opus 4.7, and the SDK does not have any more (anthropic 1 and 2)."""
KINDS = {
    "a string": "string",
    "a boolean": "boolean",
    "an integer": "integer",
    "a decimal": "number",
    "an array": "list",
    "an object": "dictionary",
}


def check_types(body: Mapping[str, Any], *, strictly: bool) -> None:
    """Refuse a single value of the wrong type; strictly, all that the installed SDK's types do not know.

    Raises:
        BadRequestError: Anthropic would refuse it.

    """
    ending = "Streaming" if body.get("stream") is True else "NonStreaming"
    kind = request_type(MODULE, f"MessageCreateParams{ending}", loads=strictly)
    if kind is None:
        return
    known = {name: value for name, value in body.items() if name not in OLDER} if strictly else body
    found = first_mistake(known, kind) if strictly else wrong_scalar(body, kind)
    if found is not None:
        raise refused(f"{'.'.join(map(str, found.place))}: {_said(found)}")


def _said(found: Mistake) -> str:
    match found.kind:
        case "unknown":
            return "Extra inputs are not permitted"
        case "missing":
            return "Field required"
        case "type":
            return f"Input should be a valid {KINDS.get(str(found.expected), found.expected)}"
        case "value":
            *first, last = map(repr, found.expected)
            return f"Input should be {', '.join(first)} or {last}" if first else f"Input should be {last}"
