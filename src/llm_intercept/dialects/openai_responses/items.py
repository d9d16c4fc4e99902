"""Reads the items of Responses, of a request's input and of an answer's output, into the neutral vocabulary.

Knows: the items' JSON (OpenAI's reference, "Create a model response"). Must not know: replies.
"""

from __future__ import annotations

from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, mapping, text
from llm_intercept.model.parts import Citation, Media, Other, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from llm_intercept.model.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.model.parts import CallType, MediaKind

CALLS: dict[str, tuple[str, CallType]] = {
    "function_call": ("arguments", "function"),
    "custom_tool_call": ("input", "custom"),
}
"""The items by which a model calls a tool: where what is given to it stands, and the kind of call."""
TEXTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
MEDIA: dict[str, MediaKind] = {"input_image": "image", "input_file": "file", "input_audio": "audio"}
ASSISTANT = "assistant"


def messages_of(body: Mapping[str, Any], before: Iterable[Mapping[str, Any]] = ()) -> Iterator[Message]:
    """Read a request's conversation; what a model said in items one after the other is one message.

    Args:
        body: The request's body.
        before: The items of the conversation that it continues.

    """
    said = body.get("instructions")
    if said is not None:
        parts = tuple(content_parts(said)) if isinstance(said, str) else tuple(_parts_of_all(map(mapping, items(said))))
        yield Message(role="system", parts=parts, raw={"instructions": said})
    said_last = body.get("input")
    new = [{"role": "user", "content": said_last}] if isinstance(said_last, str) else map(mapping, items(said_last))
    for is_assistant, several in groupby(chain(before, new), lambda item: role_of(item) == ASSISTANT):
        if is_assistant:
            together = list(several)
            raw = together[0] if len(together) == 1 else {"role": ASSISTANT, "items": together}
            yield Message(role=ASSISTANT, parts=tuple(_parts_of_all(together)), raw=raw)
        else:
            for item in several:
                yield Message(role=role_of(item), parts=tuple(parts_of(item)), name=text(item.get("name")), raw=item)


def role_of(item: Mapping[str, Any]) -> str:
    """Tell who says an item: what has no role is the model's, but for what tools answer."""
    role, kind = text(item.get("role")), text(item.get("type"))
    if role:
        return role
    return "tool" if kind.endswith(("_output", "_response")) else ASSISTANT


def _parts_of_all(several: Iterable[Mapping[str, Any]]) -> Iterator[Part]:
    for item in several:
        yield from parts_of(item)


def parts_of(item: Mapping[str, Any]) -> Iterator[Part]:
    """Read the parts that an item is."""
    kind = text(item.get("type")) or "message"
    if kind == "message":
        yield from content_parts(item.get("content"))
    elif kind in CALLS:
        key, form = CALLS[kind]
        yield ToolCall(text(item.get("name")), text(item.get(key)), text(item.get("call_id")), form)
    elif kind == "reasoning":
        yield from _thoughts(item)
    elif kind.endswith("_output") and "output" in item:
        yield ToolResult(_answer(item["output"]), text(item.get("call_id")), text(item.get("name")))
    else:
        yield Other(kind, item)


def content_parts(content: object) -> Iterator[Part]:
    """Read the content of a message: a text, or parts."""
    if isinstance(content, str):
        yield from (Text(content),) if content else ()
    for part in items(content):
        yield from _content_part(mapping(part))


def _content_part(raw: Mapping[str, Any]) -> Iterator[Part]:
    kind = text(raw.get("type"))
    if kind in TEXTS:
        yield Text(text(raw.get("text")))
        yield from (Citation(raw=mapping(one)) for one in items(raw.get("annotations")))
    elif kind == "refusal":
        yield Refusal(text(raw.get("refusal")))
    elif kind in MEDIA:
        yield _media(MEDIA[kind], raw)
    else:
        yield Other(kind, raw)


def _media(kind: MediaKind, raw: Mapping[str, Any]) -> Media:
    described = mapping(raw.get("input_audio")) or raw
    url = text(raw.get("image_url")) or text(raw.get("file_url"))
    data = text(raw.get("file_data")) or text(described.get("data"))
    inline = url if url.startswith("data:") else data
    if inline.startswith("data:"):
        head, _, content = inline.removeprefix("data:").partition(",")
        return Media(kind, content, mime=head.partition(";")[0], id=text(raw.get("file_id")), raw=raw)
    return Media(kind, data, url, id=text(raw.get("file_id")), raw=raw)


def _thoughts(item: Mapping[str, Any]) -> Iterator[Reasoning]:
    """Read what a model thought, a part for each of its summary's; without one, of its content's."""
    told = items(item.get("summary")) or items(item.get("content"))
    identifier, encrypted = text(item.get("id")), text(item.get("encrypted_content"))
    for number, one in enumerate(told or [{}]):
        hidden = encrypted if number == 0 else ""
        yield Reasoning(text(mapping(one).get("text")), encrypted=hidden, id=identifier)


def _answer(output: object) -> str:
    """Read what a tool answered: a text, or the texts of its parts."""
    if is_array(output):
        return "".join(part.text for part in content_parts(output) if isinstance(part, Text))
    return text(output)
