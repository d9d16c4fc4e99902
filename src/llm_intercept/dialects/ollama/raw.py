"""Ready bodies of Ollama's, sent as they are or turned into the shape that is asked for, and answers read back.

Knows: bodies and lines. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import decode, is_object, mapping, text
from llm_intercept.dialects.ollama.lines import CALLS, MESSAGE, RESPONSE, accumulated
from llm_intercept.dialects.ollama.ollama_origin import JSON, STREAM, go_json
from llm_intercept.dialects.ollama.read import parts_of
from llm_intercept.model.parts import Reasoning, Text, ToolCall
from llm_intercept.model.usage import Usage
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.ollama.lines import Form
    from llm_intercept.model.parts import FinishReason, ReplyPart
    from llm_intercept.replies.kinds import RawReply

SAID = frozenset({"content", "response", "thinking", CALLS})
FINISHES: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class Ready(NamedTuple):
    """A body to send."""

    content_type: str
    content: bytes


def ready(answer: RawReply, *, stream: bool) -> Ready | Mapping[str, Any]:
    """Make the body of a raw reply, or return the one that is to be told as a stream."""
    body = answer.body
    if isinstance(body, tuple):
        return _lines(body) if stream else Ready(JSON, go_json(accumulated(body)))
    if isinstance(body, Mapping):
        return _whole(body, stream=stream)
    found = _objects(body)
    if not found or not all(map(is_object, found)):
        return Ready(JSON, body)
    if len(found) > 1 or not _is_complete(found[0]):
        return Ready(STREAM, body) if stream else Ready(JSON, go_json(accumulated(found)))
    return _whole(found[0], stream=True) if stream else Ready(JSON, body)


def _lines(values: Sequence[Mapping[str, Any]]) -> Ready:
    return Ready(STREAM, b"".join(go_json(value) + b"\n" for value in values))


def _whole(body: Mapping[str, Any], *, stream: bool) -> Ready | Mapping[str, Any]:
    if "error" in body or not stream:
        return Ready(JSON, go_json(body))
    return body


def _is_complete(value: Mapping[str, Any]) -> bool:
    return value.get("done") is True or "error" in value


def _objects(content: bytes) -> list[Any]:
    try:
        return [decode(line) for line in content.splitlines() if line.strip()]
    except ValueError:
        pass
    try:
        return [decode(content)]
    except ValueError:
        return []


def reply_of(body: Mapping[str, Any]) -> Reply:
    """Read an answer's JSON back into a reply."""
    return Reply(*said_in(body), finish_reason=FINISHES.get(text(body.get("done_reason"))))


def said_in(body: Mapping[str, Any]) -> tuple[ReplyPart, ...]:
    """Read what an answer says."""
    inner = MESSAGE.inner(body) or {**body, "content": body.get("response")}
    return tuple(part for part in parts_of(inner) if isinstance(part, Text | Reasoning | ToolCall))


def beside(body: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Return what the last line of a stream says of an answer: all but what the lines before it do."""
    rest = {name: value for name, value in body.items() if name not in SAID}
    if form is RESPONSE:
        return {**rest, form.text: "", "done": True}
    inner = {name: value for name, value in form.inner(body).items() if name not in SAID}
    return {**rest, form.around: {**inner, form.text: ""}, "done": True}


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its lines, back into a reply; none where it is no answer."""
    body = accumulated(map(mapping, values))
    return (reply_of(body),) if MESSAGE.inner(body) or "response" in body else ()


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports, in its last line; None if it does not."""
    last = mapping(values[-1] if values else None)
    if "prompt_eval_count" not in last and "eval_count" not in last:
        return None
    return Usage(_count(last.get("prompt_eval_count")), _count(last.get("eval_count")))


def _count(value: Any) -> int:
    return value if is_int(value, 0) else 0
