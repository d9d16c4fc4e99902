"""What Responses refuses of a request, in OpenAI's words.

Knows: the request's JSON (OpenAI's reference, "Create a model response"; docs/wire.md 5.5). Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.openai.offered import check_tools
from llm_intercept.dialects.openai.refusals import UNLIMITED, check_integer, missing, refused, wrong_type
from llm_intercept.dialects.openai_responses.offers import offers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

RANGES = {"max_output_tokens": (16, None), "top_logprobs": (0, 20)}
INSTEAD = ("previous_response_id", "prompt", "conversation")
"""What a conversation may be said by instead of `input`."""
NOTHING_SAID = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
ROLES = ("assistant", "system", "developer", "user")
FORMATS = ("json_object", "text", "json_schema")


def check(body: Mapping[str, Any], *, strictly: bool) -> None:
    """Refuse what OpenAI refuses; `strictly` also what hosts that only speak as it does may take.

    Raises:
        BadRequestError: It does.

    """
    _check_model(body, strictly=strictly)
    _check_input(body, strictly=strictly)
    if "tools" in body or ("tool_choice" in body and body.get("prompt") is None):  # a stored prompt may have tools
        check_tools(body, nested=False, others=[one.tool for one in offers_of(body)])
    _check_format(body)
    if not RANGES.keys().isdisjoint(body):
        for name, (least, most) in RANGES.items():
            check_integer(body, name, least if strictly else min(least, UNLIMITED), most)


def _check_model(body: Mapping[str, Any], *, strictly: bool) -> None:
    """Refuse a request without a model, which servers of one model do not need."""
    model = body.get("model")
    if strictly and model is None and body.get("prompt") is None:
        raise missing("model")
    if not isinstance(model, str | None):
        raise wrong_type("model", "a string", model)


def _check_input(body: Mapping[str, Any], *, strictly: bool) -> None:
    given = body.get("input")
    if given is None or given in ("", []):
        if body.get("generate") is False or any(body.get(name) is not None for name in INSTEAD):
            return  # what only prepares a conversation may say nothing yet
        raise missing("input") if given is None else refused(NOTHING_SAID, code="missing_required_parameter")
    if isinstance(given, str):
        return
    if not is_array(given):
        raise wrong_type("input", "one of a string or an array of input items", given)
    for number, item in enumerate(items(given)):
        if not is_object(item):
            raise wrong_type(f"input[{number}]", "an input item", item)
        if strictly:
            _check_message(f"input[{number}]", mapping(item))


def _check_message(place: str, item: Mapping[str, Any]) -> None:
    """Refuse a message that nobody says, or that says nothing; any other item is taken as it is."""
    if item.get("type", "message") != "message" or ("role" not in item and "id" in item):  # a reference needs no type
        return
    role = item.get("role")
    if role not in ROLES:
        shown = ", ".join(f"'{one}'" for one in ROLES[:-1])
        message = f"Invalid value: '{text(role)}'. Supported values are: {shown}, and '{ROLES[-1]}'."
        raise refused(message, place, "invalid_value")
    if item.get("content") is None:
        raise missing(f"{place}.content")


def _check_format(body: Mapping[str, Any]) -> None:
    wanted = mapping(mapping(body.get("text")).get("format"))
    if not wanted:
        return
    kind = wanted.get("type")
    if kind not in FORMATS:
        shown = f"'{text(kind)}'. Supported values are: 'json_object', 'text', and 'json_schema'."
        raise refused(f"Invalid value: {shown}", "text.format.type", "invalid_value")
    for name in ("name", "schema") if kind == "json_schema" else ():
        if wanted.get(name) is None:
            raise missing(f"text.format.{name}")
