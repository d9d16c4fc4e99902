"""What OpenAI refuses of a chat completions request that can be read: the laws that no type tells.

Held against every recorded request that was answered (tests/test_validation_conformance.py). The words are those that
OpenAI gave in 2025; where a source is not said, it is OpenAI's reference, "Create chat completion".

Knows: the request's JSON. Must not know: replies.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping, text
from llm_intercept.dialects.openai.flavor import deployment
from llm_intercept.dialects.openai.image_links import check_image
from llm_intercept.dialects.openai.offered import check_tools
from llm_intercept.dialects.openai.plain_texts import plain_texts
from llm_intercept.dialects.openai.reasoning_models import reasoning
from llm_intercept.dialects.openai.refusals import (
    LONGEST_NAME,
    UNLIMITED,
    check_decimal,
    check_integer,
    check_length,
    check_name,
    check_pattern,
    check_type,
    empty_array,
    missing,
    refused,
    without_model,
)
from llm_intercept.dialects.openai.strict_subset import STRICT, objection
from llm_intercept.dialects.openai_chat.plan import MOST_CHOICES, MOST_LOGPROBS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.model.request import LLMRequest

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
SAYING = ("system", "user", "developer", "tool")
"""The roles whose messages always say something."""
INSTEAD = ("tool_calls", "function_call", "refusal", "audio")
"""What an assistant's message may have in the place of a content."""
COMMON = ("user", "assistant", "system")
ROLE = itemgetter("role")
PLAIN = frozenset({"model", "messages", "stream"})
RANGES = {
    "n": (1, MOST_CHOICES),
    "max_tokens": (UNLIMITED, None),
    "max_completion_tokens": (UNLIMITED, None),
    "top_logprobs": (0, MOST_LOGPROBS),
}
LIMITS = ("max_tokens", "max_completion_tokens")
CHECKED = frozenset({*RANGES, "tools", "tool_choice"})
DECIMALS = {"temperature": (0, 2), "top_p": (0, 1), "frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}
TYPES: tuple[tuple[str, type, str], ...] = (
    ("stream", bool, "a boolean"),
    ("logprobs", bool, "a boolean"),
    ("parallel_tool_calls", bool, "a boolean"),
    ("user", str, "a string"),
)
MOST_STOPS = 4
SEARCH = "-search-preview"
"""What the names of models have in them that search."""
WITHOUT_PARALLEL = re.compile(r"o[134](?:-mini)?(?:-\d{4}-\d\d-\d\d)?$")
"""Models that call one tool at a time, and take no word of it."""
SINGLE = re.compile(r"o1-(?:preview|mini)")
"""Models that give one answer (OpenAI's guide "Reasoning models", "Beta limitations", of 2024)."""
HEARING = ("gpt-4o-audio-preview", "gpt-4o-mini-audio-preview")
"""How the names of models begin that hear or speak whatever they are asked (issues of 2025)."""
ADJACENT = "After the message that calls tools comes one message of role 'tool' for each call, with its id."
MESSAGE_NAME = re.compile(r"[^\s<|\\/>]+")
NOT_FOLLOWED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The "
    "following tool_call_ids did not have response messages: {}"
)
NOT_CALLED = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
)


def check_anywhere(body: Mapping[str, Any]) -> None:
    """Refuse what every host refuses: a number out of its range, a tool that cannot be called.

    Raises:
        BadRequestError: They do.

    """
    if CHECKED.isdisjoint(body):
        return
    for name, (least, most) in RANGES.items():
        check_integer(body, name, least, most)
    if "tools" in body or "tool_choice" in body:
        check_tools(body, nested=True)


def check(request: LLMRequest, *, strictly: bool) -> None:
    """Refuse what OpenAI and Azure refuse; strictly also what tests of programs send for the sake of shortness.

    Raises:
        BadRequestError: They do.

    """
    body: Mapping[str, Any] = request.raw
    messages = items(body["messages"])
    if not request.model and not deployment(request.url):
        raise without_model()
    if not messages:
        raise empty_array("messages")
    if strictly:
        _check_shortened(body)
    if request.model.startswith(HEARING) and not _has_sound(body):
        told = "This model requires that either input content or output modality contain audio."
        raise refused(told, "model", "invalid_value", "Ask for audio: modalities=['text', 'audio'] with audio={…}.")
    if not plain_texts(request) or not all(map(COMMON.__contains__, map(ROLE, messages))):
        _check_messages(messages)
    if not body.keys() <= PLAIN:
        _check_fields(body)
        _check_family(body)
        _check_together(body)
        _check_schemas(body)


def _check_shortened(body: Mapping[str, Any]) -> None:
    """Refuse a request that says how to stream and does not."""
    if body.get("stream_options") is not None and body.get("stream") is not True:
        told = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refused(told, "stream_options")


def _check_fields(body: Mapping[str, Any]) -> None:
    for name in LIMITS:
        check_integer(body, name, 0)
    for name, (least, most) in DECIMALS.items():
        check_decimal(body, name, least, most)
    for name, kind, expected in TYPES:
        check_type(body, name, kind, expected)
    check_length(body.get("stop"), "stop", MOST_STOPS)
    for number, tool in enumerate(items(body.get("tools"))):
        name = text(mapping(mapping(tool).get("function")).get("name"))
        if name:
            check_name(name, f"tools[{number}].function.name")


def _check_family(body: Mapping[str, Any]) -> None:
    """Refuse what models that reason or search do not take (OpenAI's guide "Reasoning models"; issues of 2025)."""
    model = text(body.get("model"))
    if SEARCH in model:
        _check_searching(body)
    if WITHOUT_PARALLEL.match(model) and body.get("parallel_tool_calls") is not None:
        told = "Unsupported parameter: 'parallel_tool_calls' is not supported with this model."
        raise refused(told, "parallel_tool_calls", "unsupported_parameter")
    if SINGLE.match(model) and body.get("n") not in (None, 1):
        told = f"'n' does not support {body['n']} with this model. Only the default (1) value is supported."
        raise refused(f"Unsupported value: {told}", "n", "unsupported_value")
    kind = reasoning(model)
    if kind == "no":
        return
    if body.get("max_tokens") is not None:
        told = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        raise refused(f"Unsupported parameter: {told}", "max_tokens", "unsupported_parameter")
    given = body.get("temperature")
    if given is None or (given == 1 and kind != "without temperature"):
        return
    hint = "Models that reason have one temperature: leave it out."
    if kind == "without temperature":
        told = "Unsupported parameter: 'temperature' is not supported with this model."
        raise refused(told, "temperature", "unsupported_parameter", hint)
    told = f"'temperature' does not support {given} with this model. Only the default (1) value is supported."
    raise refused(f"Unsupported value: {told}", "temperature", "unsupported_value", hint)


def _has_sound(body: Mapping[str, Any]) -> bool:
    parts = (part for one in items(body["messages"]) for part in items(mapping(one).get("content")))
    answers = any(mapping(one).get("audio") for one in items(body["messages"]))
    return answers or "audio" in items(body.get("modalities")) or any(mapping(one).get("input_audio") for one in parts)


def _check_searching(body: Mapping[str, Any]) -> None:
    """Refuse what is said of sampling to a model that searches (issues of 2025)."""
    found = [name for name in sorted(DECIMALS) if body.get(name) is not None]
    if found:
        told = f"Model incompatible request argument{'s' * (len(found) > 1)} supplied: {', '.join(found)}"
        raise refused(told, hint="Models that search choose these themselves: leave them out.")


def _check_together(body: Mapping[str, Any]) -> None:
    """Refuse fields that mean something beside another alone."""
    if body.get("parallel_tool_calls") is not None and body.get("tools") is None and body.get("functions") is None:
        told = (
            "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified."
        )
        raise refused(told, "parallel_tool_calls")
    wanted = mapping(body.get("response_format")).get("type")
    if wanted == "json_object" and b"json" not in encode(body["messages"]).lower():
        told = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise refused(told, "messages", None, "Say in a message that the answer is to be JSON.")


def _check_schemas(body: Mapping[str, Any]) -> None:
    """Refuse schemas that are to be kept strictly, and are outside what can be."""
    described = mapping(mapping(body.get("response_format")).get("json_schema"))
    if described.get("strict") is True and (told := objection(described.get("schema"))):
        name = text(described.get("name"))
        raise refused(f"Invalid schema for response_format '{name}': {told}", "response_format", None, STRICT)
    for number, tool in enumerate(items(body.get("tools"))):
        function = mapping(mapping(tool).get("function"))
        if function.get("strict") is True and (told := objection(function.get("parameters"))):
            place = f"tools[{number}].function.parameters"
            message = f"Invalid schema for function '{text(function.get('name'))}': {told}"
            raise refused(message, place, "invalid_function_parameters", STRICT)


def _check_messages(messages: Sequence[Any]) -> None:
    left: dict[str, None] = {}
    for number, one in enumerate(messages):
        message = mapping(one)
        role = message.get("role")
        _check_message(message, number)
        if role == "tool":
            called = text(message.get("tool_call_id"))
            if called not in left and not _is_answer(messages[:number]):
                raise refused(NOT_CALLED, f"messages.[{number}].role", None, ADJACENT)
            left.pop(called, None)
        elif left:
            break
        else:
            left = {text(mapping(call).get("id")): None for call in items(message.get("tool_calls"))}
    if left:
        raise refused(NOT_FOLLOWED.format(", ".join(left)), "messages", None, ADJACENT)


def _is_answer(before: Sequence[Any]) -> bool:
    """Whether a message of a tool follows one that calls tools, with none but others of tools between."""
    found = next((one for one in reversed(before) if mapping(one).get("role") != "tool"), None)
    return bool(items(mapping(found).get("tool_calls")))


def _check_message(message: Mapping[str, Any], number: int) -> None:
    role = message.get("role")
    if "role" not in message:
        raise missing(f"messages[{number}].role")
    if role not in ROLES:
        shown = ", ".join(f"'{one}'" for one in ROLES[:-1])
        told = f"Invalid value: '{role}'. Supported values are: {shown}, and '{ROLES[-1]}'."
        raise refused(told, f"messages[{number}].role", "invalid_value")
    if role == "assistant" and message.get("tool_calls") == []:
        raise empty_array(f"messages[{number}].tool_calls")
    is_silent = message.get("content") is None and (
        role in SAYING or (role == "assistant" and all(message.get(one) is None for one in INSTEAD))
    )
    if is_silent:
        if role == "developer" and "content" not in message:
            raise missing(f"messages[{number}].content")
        raise refused("Invalid value for 'content': expected a string, got null.", f"messages.[{number}].content")
    name = message.get("name")
    if isinstance(name, str) and name and role != "function":
        check_pattern(name, f"messages[{number}].name", MESSAGE_NAME, LONGEST_NAME)
    for place, part in enumerate(items(message.get("content"))):
        url = mapping(mapping(part).get("image_url")).get("url")
        if mapping(part).get("type") == "image_url" and isinstance(url, str):
            check_image(url, f"messages[{number}].content[{place}].image_url.url")
