"""What OpenAI refuses of a request that is not of its SDK's types, in its words.

Knows: the words of its errors. Must not know: any API's fields; they are in the SDK that is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.refusals import missing, refused, wrong_type
from llm_intercept.dialects.shared.sdk_types import request_type
from llm_intercept.dialects.shared.typed import Mistake, first_mistake, wrong_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import BadRequestError

UNKNOWN = "Unknown parameter: '{}'."
UNRECOGNIZED = "Unrecognized request argument supplied: {}"
"""What chat completions and embeddings say of a field of the body."""
STRICT = "validate='strict' refuses what the installed SDK has no type for; 'auto' lets it be."


def check_types(body: Mapping[str, Any], module: str, name: str, *, strictly: bool, unknown: str = UNKNOWN) -> None:
    """Refuse a single value of the wrong type; strictly, all that the installed SDK's types do not know.

    Args:
        body: The request's body.
        module: Where the type of a request stands in OpenAI's SDK.
        name: What it is called; `Streaming` or `NonStreaming` may follow.
        strictly: Whether to refuse all.
        unknown: The words for a field of the body itself that is not known.

    Raises:
        BadRequestError: OpenAI would refuse it.

    """
    ending = "Streaming" if body.get("stream") is True else "NonStreaming"
    kind = request_type(module, name + ending, name, loads=strictly)
    if kind is None:
        return
    found = first_mistake(body, kind) if strictly else wrong_scalar(body, kind)
    if found is not None:
        if found.kind == "unknown" and len(found.place) == 1 and unknown != UNKNOWN:
            raise refused(unknown.format(found.place[0]), hint=STRICT)
        raise _refusal(found)


def _refusal(found: Mistake) -> BadRequestError:
    place = _shown(found)
    match found.kind:
        case "missing":
            return missing(place)
        case "unknown":
            return refused(UNKNOWN.format(place), place, "unknown_parameter", STRICT)
        case "type":
            return wrong_type(place, str(found.expected), found.value)
        case "value":
            *first, last = [f"'{one}'" for one in found.expected]
            told = f"{', '.join(first)}, and {last}" if first else last
            return refused(
                f"Invalid value: '{found.value}'. Supported values are: {told}.", place, "invalid_value", STRICT
            )


def _shown(found: Mistake) -> str:
    shown = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in found.place)
    return shown.removeprefix(".")
