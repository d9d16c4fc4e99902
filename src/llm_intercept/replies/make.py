"""The functions that make replies (`tool_call`, `structured`, `raw`, `auto`, …) and refuse what cannot be one.

Knows: the kinds of replies. Must not know: any API's JSON, HTTP, rules.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from llm_intercept.base.json import header_pairs, loads, no_constant, to_json_text
from llm_intercept.base.spelling import spelt, spelt_with
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Reasoning, ToolCall
from llm_intercept.replies.kinds import AutoReply, CalledTools, Embeddings, Moderations, Passthrough, RawReply
from llm_intercept.replies.reply import Reply, checked_faults, checked_pace
from llm_intercept.replies.taken import taken
from llm_intercept.settings import DEFAULT_REPLY
from llm_intercept.settings.of_others import OF_RAW

if TYPE_CHECKING:
    from llm_intercept.faults.base import Fault
    from llm_intercept.timing.pace import Pace

LOWEST, HIGHEST = 200, 599
OK = 200


@spelt
def tool_call(name: str, arguments: object = None, /, *, id: str | None = None, **named: object) -> ToolCall:  # noqa: A002
    """Make a call of a function tool.

    Args:
        name: The tool's name.
        arguments: Its arguments: a mapping, a pydantic instance, or JSON text that is kept to the letter.
        id: The call's id; by default `call_` and 24 letters and digits that are the same for the same request.
        **named: The arguments by name, instead of `arguments`.

    Raises:
        ReplyError: The arguments are not JSON, or are given in both ways.

    """
    if arguments is not None and named:
        raise ReplyError(f"tool_call({name!r}) has arguments by mapping and by name", "Give them in one way.")
    text = arguments if isinstance(arguments, str) else to_json_text(named if arguments is None else arguments)
    if not isinstance(arguments, str) and not text.startswith("{"):
        raise ReplyError(
            f"The arguments of tool_call({name!r}) are {arguments!r}", "Give a mapping of names to values."
        )
    try:
        loads(text, parse_constant=no_constant)
    except ValueError as error:
        advice = "Give a mapping, or JSON text; for a tool that takes free text use custom_tool_call(name, input)."
        raise ReplyError(f"The arguments of tool_call({name!r}) are not JSON: {text!r} ({error})", advice) from error
    return _tool_call(name, text, id, "function")


@spelt
def custom_tool_call(name: str, input: str, /, *, id: str | None = None) -> ToolCall:  # noqa: A002
    """Make a call of a custom tool, which takes free text.

    Args:
        name: The tool's name.
        input: The text, kept to the letter.
        id: The call's id, as for `tool_call`.

    """
    return _tool_call(name, input, id, "custom")


@spelt
def structured(value: object) -> Reply:
    """Make a reply whose text is the JSON of `value`: a mapping, list, pydantic instance, dataclass or plain value.

    Raises:
        ReplyError: `value` cannot be written as JSON.

    """
    return Reply(to_json_text(value))


@spelt
def refusal(text: str) -> Reply:
    """Make a reply in which the model refuses to answer, for the reason `text`."""
    if not isinstance(cast("object", text), str) or not text:
        raise ReplyError(f"refusal({text!r})", "Say why the model refuses, as a str that is not empty.")
    return Reply(refusal=text)


@spelt
def reasoning(text: str = "", *, signature: str = "", encrypted: str = "") -> Reasoning:
    """Make the part of a turn in which the model thinks: `[reasoning("Let me see."), "42"]`.

    Args:
        text: The thoughts, or their summary.
        signature: What proves to the API that they are its own, for APIs that have it.
        encrypted: The thoughts as only the API can read them, for APIs that have it.

    Raises:
        ReplyError: An argument is no str, or all are empty.

    """
    given = {"text": text, "signature": signature, "encrypted": encrypted}
    wrong = next((name for name, value in given.items() if not isinstance(cast("object", value), str)), None)
    if wrong is not None or not any(given.values()):
        shown = ", ".join(f"{name}={value!r}" for name, value in given.items() if value != "")
        raise ReplyError(f"reasoning({shown})", "Give the thoughts as a str that is not empty, or a signature.")
    return Reasoning(text, signature, encrypted)


@spelt
def embedding(*vectors: Sequence[float]) -> Embeddings:
    """Make the answer to an embeddings request.

    Args:
        *vectors: A vector for each input, in order; where there are fewer, they begin again.

    Raises:
        ReplyError: There is none, or one is no list of finite numbers.

    """
    if not vectors:
        raise ReplyError("embedding() has no vector", "Give a list of numbers for each input.")
    return Embeddings(tuple(_vector(one) for one in vectors))


def _vector(given: object) -> tuple[float, ...]:
    numbers = tuple(cast("Sequence[object]", given)) if isinstance(given, Sequence) else ()
    finite = [
        one for one in numbers if isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
    ]
    if not numbers or isinstance(given, str | bytes) or len(finite) < len(numbers):
        raise ReplyError(f"embedding() was given {given!r}", "A vector is a list of finite numbers that is not empty.")
    return tuple(map(float, finite))


def moderation(*categories: str, **scores: float) -> Moderations:
    """Make the answer to a moderation: what is found in an input; a list of them has one for each input, in order.

    Args:
        *categories: What is found, as the API calls it: `"violence"`, `"self-harm/intent"` or `"self_harm_intent"`.
        **scores: The scores of categories, from 0 to 1: those of 0.5 and more are found, the others are not.

    Raises:
        ReplyError: A category is no str, or a score no number from 0 to 1.

    """
    for one in categories:
        if not isinstance(cast("object", one), str) or not one:
            raise ReplyError(f"moderation() was given {one!r}", "Give names of categories, such as 'violence'.")
    for name, score in scores.items():
        is_number = isinstance(cast("object", score), int | float) and not isinstance(score, bool)
        if not is_number or not 0 <= score <= 1:
            raise ReplyError(f"moderation({name}={score!r})", "A score is a number from 0 to 1.")
    return Moderations(({**dict.fromkeys(categories), **scores},))


@spelt_with(OF_RAW)
def raw(
    body: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    fault: Fault | tuple[Fault, ...] | None = None,
    pace: Pace | None = None,
) -> RawReply:
    """Make a reply of a ready response body.

    Args:
        body: A mapping (the JSON body; a stream is made of it where one is asked for), a list of mappings (the chunks
            of a stream; a body is made of them where one is asked for), str or bytes, sent as they are, or an object
            that already is an answer: an SDK's, an HTTP library's response.
        status: The HTTP status.
        headers: Headers to send beside the usual ones, or instead of those of the same name.
        fault: What goes wrong with the answer on its way.
        pace: How long it takes.

    Raises:
        ReplyError: `body` is none of these or cannot be written as JSON.

    """
    if isinstance(status, bool) or not isinstance(cast("object", status), int) or not LOWEST <= status <= HIGHEST:
        raise ReplyError(f"raw(status={status!r})", "Give an HTTP status from 200 to 599.")
    faults, paced = checked_faults("raw(fault=…)", fault), checked_pace("raw(pace=…)", pace)
    ready = taken(body)
    if ready is not None:
        given = {name.lower() for name in headers or {}}
        sent = (*(one for one in ready.headers if one[0] not in given), *header_pairs(headers))
        own = status == OK and not headers
        made_by = ready.made_by if own else ""  # with a status or headers of the user's it is meant as it is
        return RawReply(ready.body, ready.status if status == OK else status, sent, faults, paced, made_by)
    return RawReply(_ready(body), status, header_pairs(headers), faults, paced)


def _ready(body: object) -> Any:
    if isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body
    given = json.loads(to_json_text(body))  # as it is now: what becomes of the user's own mapping changes nothing
    if isinstance(body, Mapping):
        return given
    if isinstance(body, Sequence) and all(isinstance(one, Mapping) for one in cast("Sequence[object]", body)):
        return tuple(given)
    raise ReplyError(f"raw() was given {body!r}", "Give a mapping, a list of chunk mappings, a str or bytes.")


@spelt
def auto(
    text: str = DEFAULT_REPLY,
    *,
    tools: CalledTools | None = None,
    fault: Fault | tuple[Fault, ...] | None = None,
    pace: Pace | None = None,
) -> AutoReply:
    """Make the smallest valid answer to each request: an instance of its schema, a call of a tool it forces, or text.

    Args:
        text: The answer where plain text is asked for.
        tools: `"each once"` calls each tool that is offered once in a conversation, together where the request allows
            that, before it gives the answer; by default only a tool that must be called is.
        fault: What goes wrong with the answer on its way.
        pace: How long it takes.

    Raises:
        ReplyError: An argument cannot be used.

    """
    if tools is not None and tools not in get_args(CalledTools):
        advice = f"Give {' or '.join(map(repr, get_args(CalledTools)))}, or leave it out."
        raise ReplyError(f"auto(tools={cast('object', tools)!r})", advice)
    if not isinstance(cast("object", text), str):
        raise ReplyError(f"auto({text!r})", "Give the text, as a str, for requests that ask for no more than text.")
    return AutoReply(text, checked_faults("auto(fault=…)", fault), checked_pace("auto(pace=…)", pace), tools)


@spelt
def passthrough() -> Passthrough:
    """Make a reply that lets the request out to the network, to be answered there; a real call may cost money."""
    return Passthrough()


def _tool_call(name: object, text: object, identifier: object, kind: Literal["function", "custom"]) -> ToolCall:
    if not isinstance(name, str) or not name:
        raise ReplyError(f"tool_call({name!r}) has no name", "Give the tool's name as a str that is not empty.")
    if identifier is not None and (not isinstance(identifier, str) or not identifier):
        problem = f"tool_call({name!r}): id={identifier!r} cannot be used"
        raise ReplyError(problem, "Leave the id out, or give a str that is not empty.")
    if not isinstance(text, str):
        raise ReplyError(f"custom_tool_call({name!r}): its input is {text!r}", "Give the input as a str.")
    return ToolCall(name, text, identifier or "", kind)
