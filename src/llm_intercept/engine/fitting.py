"""Whether a rule's reply is one that the model could give to the request: an error, or a warning once a rule.

It works on neutral requests and replies, so that it is one for all APIs. What a request forces is the dialects' to keep
(`dialects/shared/forced.py`), and so are the words for why an answer ends.

Knows: replies, the tools and the format of a request. Must not know: any API.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.json import no_constant
from llm_intercept.dialects.shared.forced import forced, is_of_a_tool, offered
from llm_intercept.engine.ask import placed
from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import ReplyError, UnfitReplyWarning
from llm_intercept.replies.reply import Reply
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.engine.decide import Case
    from llm_intercept.model.parts import ToolCall
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.rules.rule import Rule

    Misfit = tuple[str, str]

SHOWN, SHOWN_TOOLS = 60, 3
MEND = "Give what the tool's schema asks for, or auto() for the smallest call."
NAMED = "Give the arguments by name, tool_call({0!r}, name=…), or as a mapping: tool_call({0!r}, {{…}})."
FORMAT = "Give structured({…}) with what the schema asks for, or auto() for the smallest answer."
SAY = "Give a text, or say with on(…) which requests the rule means."
ONE_CALL = "Give one call in each reply: reply(tool_call(…), tool_call(…)) answers in turn."
SCHEMA_UNUSABLE = "its schema cannot be used"
NOT_JSON = object()
ENDED_EARLY = frozenset({"length", "content_filter"})
"""The reasons to finish by which a text may be a part of what it was to be."""


@dataclass(slots=True)
class Fitting:
    """How strictly the replies of an interceptor's rules are looked at.

    Attributes:
        is_strict: Whether one that does not fit is an error.

    """

    is_strict: bool = False
    _told: set[Rule] = field(default_factory=set["Rule"])

    def check(self, reply: Answer, case: Case) -> None:
        """Look at a rule's reply, but at nothing else that answers; what was told of a rule is not looked for again.

        Raises:
            FailedExchange: It does not fit, and that is an error.

        """
        if not isinstance(reply, Reply):
            return
        if not (self.is_strict or reply.tool_calls or reply.variants or reply.text[:1] in ("{", "[")):
            return
        rule: Rule | None = case.call.rule
        if rule is None or case.call.source != "rule" or rule in self._told:
            return
        found = next(_misfits(case.request, reply, is_strict=self.is_strict), None)
        if found is None:
            return
        error = placed(ReplyError(*found), case)
        if self.is_strict:
            raise FailedExchange(error)
        self._told.add(rule)
        path, _, line = rule.where.rpartition(":")
        told = UnfitReplyWarning(f"{error}\nWith strict=True this is an error.")
        try:
            warnings.warn_explicit(told, UnfitReplyWarning, path or rule.where, _number(line))
        except UnfitReplyWarning:  # where warnings are errors, this one is told as strict replies are
            raise FailedExchange(error) from None


def _number(line: str) -> int:
    return int(line) if line.isdecimal() else 1


def _misfits(request: LLMRequest, reply: Reply, *, is_strict: bool) -> Iterator[Misfit]:
    """Say what of a reply the model could not have said, and what to do about it."""
    for one in reply.variants:
        yield from _misfits(request, one, is_strict=is_strict)
    if is_strict:
        yield from _forbidden(request, reply)
    for call in reply.tool_calls:
        yield from _misfits_of(call, request, is_strict=is_strict)
    if not (reply.tool_calls or reply.refusal or reply.finish_reason in ENDED_EARLY or reply.variants):
        yield from _unformatted(request, reply, is_strict=is_strict)


def _forbidden(request: LLMRequest, reply: Reply) -> Iterator[Misfit]:
    """Say which calls the request forbids; where nobody is strict they are left out, and the rest is given."""
    calls = [call.name for call in reply.tool_calls if is_of_a_tool(call)]
    choice = request.tool_choice
    if calls and choice is not None and choice.mode == "none":
        yield f"The reply calls {_named(calls)}, and the request wants no calls (its tool choice is 'none')", SAY
    elif len(calls) > 1 and request.calls_singly:
        yield f"The reply makes {len(calls)} calls, {_named(calls)}, and the request wants one at a time", ONE_CALL


def _misfits_of(call: ToolCall, request: LLMRequest, *, is_strict: bool) -> Iterator[Misfit]:
    tools = {tool.name: tool for tool in (*offered(request).tools, *request.tools) if tool.name}
    choice = request.tool_choice
    if choice is not None and choice.mode == "auto" and choice.tools and call.name in tools.keys() - set(choice.tools):
        told = f"The reply calls {call.name!r}, and of its tools the request allows {_named(list(choice.tools))}"
        yield told, "Call what is allowed, or say with on(…) which requests the rule means."
        return
    if call.name not in tools:
        told = f"The reply calls {call.name!r}, and the request offers {_named(list(tools))}"
        yield told, "Call what is offered, or say with on(tool=…) which requests the rule means."
        return
    tool = tools[call.name]
    if call.type == "custom" or not tool.parameters:
        return
    value = _read(call.arguments)
    if value is NOT_JSON:
        if is_strict:
            yield f"The reply calls {call.name!r} with {shorten(call.arguments, SHOWN)}, which is no JSON", MEND
        return
    why = _misfit(value, tool.parameters)
    if why:
        told = (
            f"The reply calls {call.name!r} with {shorten(call.arguments, SHOWN)}, which does not fit its schema: {why}"
        )
        yield told, NAMED.format(call.name) if _is_wrapped(value) else MEND


def _is_wrapped(value: object) -> bool:
    """Whether arguments are in one of a name that the APIs have for all of them."""
    names = set(cast("dict[str, object]", value)) if isinstance(value, dict) else set[str]()
    return bool(names) and names <= {"arguments", "args", "kwargs", "input"}


def _named(tools: list[str]) -> str:
    shown = ", ".join(map(repr, tools[:SHOWN_TOOLS])) or "no tools"
    return f"{shown} and {len(tools) - SHOWN_TOOLS} more" if len(tools) > SHOWN_TOOLS else shown


def _unformatted(request: LLMRequest, reply: Reply, *, is_strict: bool) -> Iterator[Misfit]:
    """Say why a text is not of the format that the request asks for; what is not read yet is taken on trust."""
    wanted = request.output_format
    if wanted is None or not reply.text or forced(request) is not None:
        return
    if not wanted.is_of_schema and not (is_strict and wanted.type == "json_object"):
        return
    value = reply.text if wanted.type == "enum" else _read(reply.text)
    if value is NOT_JSON:
        if is_strict:
            kind = "JSON of a schema" if wanted.type == "json_schema" else "JSON"
            yield f"The request asks for {kind}, and the reply is {shorten(reply.text, SHOWN)}", FORMAT
        return
    why = _misfit(value, wanted.schema) if wanted.is_of_schema else ""
    if why:
        told = f"The reply {shorten(reply.text, SHOWN)} does not fit the schema that the request asks for: {why}"
        yield told, FORMAT


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return NOT_JSON


def _misfit(value: Any, schema: object) -> str:
    from llm_intercept.replies.schema import misfit  # noqa: PLC0415 - it compiles patterns, 40 ms, for schemas alone

    why = misfit(value, schema)
    return "" if why.startswith(SCHEMA_UNUSABLE) else why
