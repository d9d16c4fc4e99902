"""What OpenAI refuses of a Responses request that can be read: the laws that no type tells.

Held against every recorded request that was answered (tests/test_validation.py). Where a source is not said, it is
OpenAI's reference, "Create a model response".

Knows: the request's JSON. Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping, text
from llm_intercept.dialects.openai.image_links import check_image
from llm_intercept.dialects.openai.reasoning_models import reasoning
from llm_intercept.dialects.openai.refusals import check_decimal, check_name, check_type, refused
from llm_intercept.dialects.openai.strict_subset import STRICT, objection
from llm_intercept.dialects.openai_responses.offers import ADDITIONAL, offers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = frozenset({"model", "input", "stream", "instructions"})
DECIMALS = {"temperature": (0, 2), "top_p": (0, 1)}
BOOLEANS = ("stream", "store", "parallel_tool_calls", "background")
ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""What brings more of the conversation than `input` says."""
REFERENCE = "item_reference"
CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
OUTPUTS = {f"{kind}_output": f"{name} output" for kind, name in CALLS.items()}
NO_OUTPUT = "No tool output found for {} {}."
NO_CALL = "No tool call found for {} with call_id {}."
PAIRED = "Each call is followed by its output, with its call_id; or continue by previous_response_id."


MESSAGE = "message"
REASONING = "reasoning"
ALONE = "Item '{}' of type 'reasoning' was provided without its required following item."
FOLLOWED = "Send each reasoning item with the item that the model gave after it, or leave both out."


def check(body: Mapping[str, Any]) -> None:
    """Refuse what OpenAI and Azure refuse.

    Raises:
        BadRequestError: They do.

    """
    given = items(body.get("input"))
    if given:
        _check_images(given)
        if all(body.get(name) is None for name in ELSEWHERE):
            _check_pairs([mapping(one) for one in given])
            _check_reasoning([mapping(one) for one in given])
    if not body.keys() <= PLAIN:
        _check_fields(body)
        _check_format(body)
    if "tools" in body or any(mapping(one).get("type") == ADDITIONAL for one in given):
        _check_tools(body)


def _check_pairs(given: list[Mapping[str, Any]]) -> None:
    """Refuse an answer without its call, and a call without its answer."""
    if any(_is_reference(one) or one.get("type") == "compaction" for one in given):  # which may be the call, or have it
        return
    called: dict[str, str] = {}
    answered: set[str] = set()
    for one in given:
        identifier, kind = text(one.get("call_id")), text(one.get("type"))
        if kind in CALLS:
            called[identifier] = CALLS[kind]
        elif kind in OUTPUTS:
            if not identifier:  # it may name its tool alone (openai 3.57, `FunctionCallOutput`)
                continue
            if identifier not in called:
                raise refused(NO_CALL.format(OUTPUTS[kind], identifier), "input", None, PAIRED)
            answered.add(identifier)
    for identifier, name in called.items():
        if identifier not in answered:
            raise refused(NO_OUTPUT.format(name, identifier), "input", None, PAIRED)


def _check_reasoning(given: list[Mapping[str, Any]]) -> None:
    """Refuse a thought of an earlier answer, named by its id, that nothing of the model's follows (issues since 2025).

    One that is sent along in encrypted form, or that was cut short, is let be.
    """
    for one, after in zip(given, [*given[1:], None], strict=True):
        if one.get("type") != REASONING or one.get("encrypted_content") or one.get("status") == "incomplete":
            continue
        if text(one.get("id")).startswith("rs_") and (after is None or _is_of_another(after)):
            raise refused(ALONE.format(one["id"]), "input", None, FOLLOWED)


def _is_reference(item: Mapping[str, Any]) -> bool:
    return item.get("type") == REFERENCE or ("type" not in item and "role" not in item and "id" in item)


def _is_of_another(item: Mapping[str, Any]) -> bool:
    """Whether an item is a message that is not the model's."""
    return item.get("type", MESSAGE) == MESSAGE and item.get("role") != "assistant" and not _is_reference(item)


def _check_images(given: list[Any]) -> None:
    for number, item in enumerate(given):
        for field in ("content", "output"):
            for place, part in enumerate(items(mapping(item).get(field))):
                url = mapping(part).get("image_url")
                if mapping(part).get("type") == "input_image" and isinstance(url, str):
                    check_image(url, f"input[{number}].{field}[{place}].image_url")


def _check_fields(body: Mapping[str, Any]) -> None:
    for name, (least, most) in DECIMALS.items():
        check_decimal(body, name, least, most)
    for name in BOOLEANS:
        check_type(body, name, bool, "a boolean")
    if body.get("temperature") not in (None, 1) and reasoning(text(body.get("model"))) != "no":
        told = "Unsupported parameter: 'temperature' is not supported with this model."
        raise refused(told, "temperature", None, "Models that reason have one temperature: leave it out.")


def _check_format(body: Mapping[str, Any]) -> None:
    wanted = mapping(mapping(body.get("text")).get("format"))
    is_all_said = all(body.get(name) is None for name in ELSEWHERE)
    said = encode([body.get("input"), body.get("instructions")]).lower() if wanted.get("type") == "json_object" else b""
    if wanted.get("type") == "json_object" and is_all_said and b"json" not in said:
        told = "contain the word 'json' in some form to use 'text.format' of type 'json_object'."
        hint = "Say in a message that the answer is to be JSON."
        raise refused(f"Response input messages must {told}", "input", None, hint)
    if wanted.get("strict") is True and (why := objection(wanted.get("schema"))):
        told = f"Invalid schema for response_format '{text(wanted.get('name'))}': {why}"
        raise refused(told, "text.format.schema", "invalid_json_schema", STRICT)


def _check_tools(body: Mapping[str, Any]) -> None:
    for tool, place, _ in offers_of(body):
        name = text(tool.get("name"))
        if tool.get("type") not in ("function", "custom") or not name:
            continue
        check_name(name, f"{place}.name")
        if tool.get("strict") is True and (why := objection(tool.get("parameters"), is_completed=True)):
            told = f"Invalid schema for function '{name}': {why}"
            raise refused(told, f"{place}.parameters", "invalid_function_parameters", STRICT)
