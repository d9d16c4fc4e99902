"""Writes pictures as the API answers with them: in JSON, or as the events of a stream.

Knows: the answer's JSON and events (the types of OpenAI's SDK). Must not know: where pictures come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping, text
from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.dialects.openai.image_wishes import PARTIAL
from llm_intercept.dialects.openai_images.read import EDITED
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.openai.image_wishes import Wishes
    from llm_intercept.model.wire import EventKind

PARTS = ".partial_image"
WHOLE = ".completed"
SAID = ("background", "output_format", "quality", "size", "usage")
"""What an answer says of its pictures, as an event does."""


def body_of(pictures: list[dict[str, Any]], asked: Wishes, usage: Mapping[str, Any], created: int) -> dict[str, Any]:
    """Make the JSON that has all pictures."""
    told = {**asked.told, "data": pictures, "usage": usage}
    return {"created": created, **{name: told[name] for name in sorted(told)}}


def usage_of(said: int, seen: int, made: int) -> dict[str, Any]:
    """Report the tokens of a prompt, of the pictures with it and of those that were made."""
    return {
        "input_tokens": said + seen,
        "input_tokens_details": {"image_tokens": seen, "text_tokens": said},
        "output_tokens": made,
        "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
        "total_tokens": said + seen + made,
    }


def events_of(body: Mapping[str, Any], path: str, asked: Wishes, partial: list[str]) -> Iterator[bytes]:
    """Tell pictures one after the other, each with the partial ones before it; the last has the usage of all."""
    begun = "image_edit" if path.endswith(EDITED) else "image_generation"
    said = {"created_at": body.get("created"), **asked.told}
    for one in map(_content, items(body.get("data"))):
        for number, early in enumerate((partial or [one] * asked.partial)[: asked.partial]):
            fields = {"b64_json": early, **said, "partial_image_index": number}
            yield event({"type": begun + PARTS, **fields})
        used = {name: value for name, value in mapping(body.get("usage")).items() if name != "output_tokens_details"}
        yield event({"type": begun + WHOLE, "b64_json": one, **said, **({"usage": used} if used else {})})


def _content(picture: Any) -> str:
    content = text(mapping(picture).get("b64_json"))
    if not content:
        told = f"A stream tells a picture by its content, and the ready one has none: {shorten(repr(picture))}"
        raise ReplyError(told, "Give raw({'data': [{'b64_json': …}]}), or ask for no stream.")
    return content


def gathered(events: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Make of the events of a stream the JSON that says the same."""
    whole = [one for one in events if text(one.get("type")).endswith(WHOLE)]
    last = mapping(whole[-1]) if whole else mapping(None)
    told: dict[str, Any] = {name: last[name] for name in SAID if name in last}
    told["data"] = [{"b64_json": one.get("b64_json")} for one in whole]
    return {"created": last.get("created_at"), **{name: told[name] for name in sorted(told)}}


def event(fields: Mapping[str, Any]) -> bytes:
    """Frame an event under the name of its type, if it has one."""
    named = text(fields.get("type"))
    return (f"event: {named}\n".encode() if named else b"") + b"data: " + encode(fields) + b"\n\n"


class ImageEvents(NoStreams):
    """The grammar of a stream of pictures."""

    def kind(self, event: bytes, /) -> EventKind:
        named = _type(event)
        return (
            "finish" if named.endswith(WHOLE) or named == "error" else "content" if named.endswith(PARTS) else "other"
        )

    def is_last(self, event: bytes, /) -> bool:
        return self.kind(event) == "finish"


def tokens_of(event: bytes) -> int:
    """Count the tokens that an event's picture took to make."""
    if _type(event).endswith(PARTS):
        return PARTIAL
    try:
        told = stream_data(event)
    except ValueError:
        return 0
    spent = mapping(mapping(told[0]).get("usage")).get("output_tokens") if told else 0
    return spent if isinstance(spent, int) else 0


def _type(event: bytes) -> str:
    head = event[:200].decode("utf-8", "replace")
    return head.partition('"type":"')[2].partition('"')[0] or head.partition("event: ")[2].partition("\n")[0]
