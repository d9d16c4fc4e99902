"""The functions that make replies (`tool_call`, `structured`, `raw`, `auto`, …) and refuse what cannot be one.

Knows: the values in `replies`. Must not know: any API's JSON, HTTP, rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import ValidationError

from llm_intercept.base.json import header_pairs, no_constant, to_json_text
from llm_intercept.errors import ReplyError
from llm_intercept.faults.base import as_faults
from llm_intercept.timing.pace import check_pace

if TYPE_CHECKING:
    from llm_intercept.faults.base import Fault
    from llm_intercept.timing.pace import Pace
from llm_intercept.replies.reply import AutoReply, Computed, Faulty, LetOut, Raises, RawReply, Reply, ToolCall, prepare
from llm_intercept.settings import DEFAULT_REPLY

LOWEST, HIGHEST = 200, 599


def tool_call(name: str, arguments: object = None, /, *, id: str | None = None, **named: Any) -> ToolCall:  # noqa: A002
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
        json.loads(text, parse_constant=no_constant)
    except ValueError as error:
        advice = "Give a mapping, or JSON text; for a tool that takes free text use custom_tool_call(name, input)."
        raise ReplyError(f"The arguments of tool_call({name!r}) are not JSON: {text!r} ({error})", advice) from error
    return _tool_call(name, text, id, "function")


def custom_tool_call(name: str, input: str, /, *, id: str | None = None) -> ToolCall:  # noqa: A002
    """Make a call of a custom tool, which takes free text.

    Args:
        name: The tool's name.
        input: The text, kept to the letter.
        id: The call's id, as for `tool_call`.

    """
    return _tool_call(name, input, id, "custom")


def structured(value: object) -> Reply:
    """Make a reply whose text is the JSON of `value`: a mapping, list, pydantic instance, dataclass or plain value.

    Raises:
        ReplyError: `value` cannot be written as JSON.

    """
    return Reply(to_json_text(value))


def refusal(text: str) -> Reply:
    """Make a reply in which the model refuses to answer, for the reason `text`."""
    if not isinstance(cast("object", text), str) or not text:
        raise ReplyError(f"refusal({text!r})", "Say why the model refuses, as a str that is not empty.")
    return Reply(refusal=text)


def raw(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> RawReply:
    """Make a reply of a ready response body.

    Args:
        body: A mapping (the JSON body; a stream is made of it where one is asked for), a list of mappings (the chunks
            of a stream; a body is made of them where one is asked for), or str or bytes, sent as they are.
        status: The HTTP status.
        headers: Headers to send beside the usual ones, or instead of those of the same name.

    Raises:
        ReplyError: `body` is none of these or cannot be written as JSON.

    """
    extra = header_pairs(headers)
    if isinstance(status, bool) or not isinstance(cast("object", status), int) or not LOWEST <= status <= HIGHEST:
        raise ReplyError(f"raw(status={status!r})", "Give an HTTP status from 200 to 599.")
    if isinstance(body, str):
        return RawReply(body.encode(), status, extra)
    if isinstance(body, bytes):
        return RawReply(body, status, extra)
    given = json.loads(to_json_text(body))  # as it is now: what becomes of the user's own mapping changes nothing
    if isinstance(body, Mapping):
        return RawReply(given, status, extra)
    if isinstance(body, Sequence) and all(isinstance(one, Mapping) for one in cast("Sequence[object]", body)):
        return RawReply(tuple(given), status, extra)
    raise ReplyError(f"raw() was given {body!r}", "Give a mapping, a list of chunk mappings, a str or bytes.")


def auto(text: str = DEFAULT_REPLY) -> AutoReply:
    """Make the smallest valid answer to each request: an instance of its schema, a call of a tool it forces, or text.

    Args:
        text: The answer where plain text is asked for.

    """
    if not isinstance(cast("object", text), str):
        raise ReplyError(f"auto({text!r})", "Give the text, as a str, for requests that ask for no more than text.")
    return AutoReply(text)


def passthrough() -> LetOut:
    """Make a reply that lets the request out to the network, to be answered there; a real call may cost money."""
    return LetOut()


def _tool_call(name: str, arguments: str, identifier: str | None, kind: Literal["function", "custom"]) -> ToolCall:
    try:
        return ToolCall(name=name, arguments=arguments, id=identifier, type=kind)
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(map(str, first["loc"]))
        problem = f"tool_call({name!r}): {field_name}={first['input']!r} cannot be used ({first['msg']})"
        advice = "Leave the id out, or give" if field_name == "id" else "Give the tool's name as"
        raise ReplyError(problem, f"{advice} a str that is not empty.") from error


def faulty(reply: object, *faults: Fault, pace: Pace | None = None) -> Faulty:
    """Make any reply a broken one: `faulty(tool_call("f"), disconnect(after=3))`.

    Args:
        reply: A reply or one of its short forms, but for functions and exceptions.
        *faults: What goes wrong with it.
        pace: How long it takes.

    Raises:
        ReplyError: `reply` cannot be a reply, or can have no faults.
        SettingsError: A fault is none.

    """
    prepared = prepare(reply)
    if isinstance(prepared, Raises | Computed | LetOut):
        raise ReplyError(f"faulty({reply!r}) has no answer to break", "Let the function return faulty(…) instead.")
    given, inner = (prepared.answer, prepared) if isinstance(prepared, Faulty) else (prepared, None)
    before = inner.faults if inner is not None else ()
    found = as_faults("faulty(…)", faults)
    return Faulty(given, (*before, *found), check_pace("faulty(pace=…)", pace) or (inner.pace if inner else None))
