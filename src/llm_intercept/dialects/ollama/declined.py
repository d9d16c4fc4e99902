"""What Ollama refuses of a request, in its words.

Knows: the requests' JSON (ollama/ollama, `api/types.go`, `server/routes.go`). Must not know: what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import encode, is_array, is_object, items, mapping, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping


LEVELS = ("high", "medium", "low", "max", "xhigh", "minimal", "none")
"""The first four are those that the refusal names; of the others a model may say that it knows them."""
MOST_LOGPROBS = 20


def refused(message: str, hint: str = "") -> BadRequestError:
    """Make the refusal of a request; `hint` says in our words what to change."""
    return BadRequestError(ErrorReply(400, "invalid_request", message=message), hint)


def check_model(body: Mapping[str, Any]) -> None:
    """Refuse a request that names no model.

    Raises:
        BadRequestError: It names none.

    """
    if not text(body.get("model")):
        raise refused("model is required")


def check_chat(body: Mapping[str, Any]) -> None:
    """Refuse what Ollama refuses of a conversation.

    Raises:
        BadRequestError: It does.

    """
    messages = body.get("messages")
    if messages is not None and not (is_array(messages) and all(map(is_object, items(messages)))):
        raise refused("json: cannot unmarshal ChatRequest.messages of type []api.Message")
    for message in map(mapping, items(messages)):
        _check_message(message)
    _check_asked(body)
    check_model(body)


def check_generate(body: Mapping[str, Any]) -> None:
    """Refuse what Ollama refuses of a completion.

    Raises:
        BadRequestError: It does.

    """
    if not isinstance(body.get("prompt", ""), str | None):
        raise refused("json: cannot unmarshal GenerateRequest.prompt of type string")
    _check_asked(body)
    check_model(body)


def _check_message(message: Mapping[str, Any]) -> None:
    """Refuse what OpenAI's messages have and Ollama's have not: content in parts, arguments as a text."""
    content = message.get("content")
    if not isinstance(content, str | None):
        told = f"json: cannot unmarshal {_go_type(content)} into Go struct field ChatRequest.messages.content of type "
        raise refused(f"{told}string", "Give the content as a text; images stand beside it, in 'images'.")
    for call in map(mapping, items(message.get("tool_calls"))):
        arguments = mapping(call.get("function")).get("arguments")
        if not (arguments is None or is_object(arguments)):
            field = "ChatRequest.messages.tool_calls.function.arguments"
            told = f"json: cannot unmarshal {_go_type(arguments)} into Go struct field {field} of type "
            raise refused(told + "api.ToolCallFunctionArguments", "Give the arguments as an object, not as its JSON.")


def _check_asked(body: Mapping[str, Any]) -> None:
    """Refuse ways to think, formats and numbers that there are not (`server/thinking.go`, `llm/server.go`).

    Which ways to think a model has is its own; no model has others than these.
    """
    thinks, wanted, top = body.get("think"), body.get("format"), body.get("top_logprobs")
    if isinstance(thinks, str) and thinks not in LEVELS:
        raise refused(f'invalid think value: "{thinks}" (must be "high", "medium", "low", "max", true, or false)')
    if isinstance(wanted, str) and wanted not in ("", "json"):
        quoted = encode(encode(wanted).decode()).decode()  # Go quotes the JSON that was sent
        raise refused(f'invalid format: {quoted}; expected "json" or a valid JSON Schema object')
    if is_int(top) and not 0 <= top <= MOST_LOGPROBS:
        raise refused(f"top_logprobs must be between 0 and {MOST_LOGPROBS}")


def _go_type(value: object) -> str:
    names: dict[type, str] = {str: "string", bool: "bool", int: "number", float: "number"}
    return names.get(type(value), "object" if is_object(value) else "array")
