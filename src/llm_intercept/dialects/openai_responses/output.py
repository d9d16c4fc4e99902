"""What the model will say, as output items: the reply's parts in their order, bent to the request's parameters.

An item is written as it will be when it is done; a text in it may still be an iterator of deltas.

Knows: the request's parameters (OpenAI's reference). Must not know: how a response is framed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping
from llm_intercept.dialects.openai.costs import named_tool
from llm_intercept.dialects.openai.flavor import flavor_of
from llm_intercept.dialects.openai.ids import call_id
from llm_intercept.dialects.openai.image_wishes import wishes
from llm_intercept.dialects.openai_responses.families import family
from llm_intercept.dialects.openai_responses.item_ids import item_id
from llm_intercept.dialects.openai_responses.item_kinds import tellable, whole
from llm_intercept.dialects.openai_responses.offers import namespace_of
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.logprobs import Asked
from llm_intercept.dialects.shared.pieces import Budget
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.reply import Reply

LOGPROBS, ENCRYPTED = "message.output_text.logprobs", "reasoning.encrypted_content"
COMPLETE = ""
FINISHES = {
    "stop": COMPLETE,
    "tool_calls": COMPLETE,
    "length": "max_output_tokens",
    "max_output_tokens": "max_output_tokens",
    "content_filter": "content_filter",
}
"""Why a response is incomplete, by the reason to finish."""
SECRET_BYTES = 300
PAINTER = "image_generation"
"""The tool that makes pictures."""


@dataclass(slots=True)
class Plan:
    """An answer: its items, in what budget, whether log probabilities are asked for, and whether a call is named.

    A stream tells a picture with so many partial ones before it.
    """

    items: list[dict[str, Any]]
    budget: Budget
    logprobs: Asked | None = None
    unfinished: str | None = None
    names_tool: bool = False
    partial_images: int = 0

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing of the request ends a text early or asks for more than the text."""
        return self.budget.left is None and self.logprobs is None

    @property
    def why_incomplete(self) -> str | None:
        """Why the answer is incomplete; to be asked when all was said."""
        return self.unfinished or ("max_output_tokens" if self.budget.cut else None)


def planned(request: LLMRequest, reply: Reply, identity: str, created: int, model: str) -> Plan:
    """Plan an answer.

    Raises:
        ReplyError: There is something in the reply that Responses cannot say.

    """
    if reply.variants:
        problem = f"{reply!r} has several answers, and Responses give one"
        raise ReplyError(problem, "Answer chat completions alone with it: llm.on(api='openai.chat').")
    include = items(request.raw.get("include"))
    found = _Items(request, identity, created, model)
    for part in reply.parts:
        found.add(part)
    why = finish_of(reply, FINISHES, "Responses") or None
    listed = list(found.done())
    if why is not None and listed and listed[-1]["type"] == "message":
        listed[-1]["status"] = "incomplete"
    top = request.raw.get("top_logprobs")
    asked = Asked(top if is_int(top) else 0, identity, reply.logprobs) if LOGPROBS in include else None
    partial = 0 if found.pictured is None else found.pictured.partial
    return Plan(listed, Budget.of(request.max_tokens, reply), asked, why, bool(named_tool(request)), partial)


class _Items:
    """Output items as they come together from a reply's parts."""

    def __init__(self, request: LLMRequest, identity: str, created: int, model: str) -> None:
        self._identity, self._created, self._model, self._asked = identity, created, model, request.raw
        self._hides = ENCRYPTED in items(request.raw.get("include"))
        self._has_content = flavor_of(request.url) != "azure"  # docs/wire.md 5.4
        self._items: list[dict[str, Any]] = []
        self._calls = 0
        offered = (one for one in map(mapping, items(request.raw.get("tools"))) if one.get("type") == PAINTER)
        tool = next(offered, None)
        self.pictured = None if tool is None else wishes(tool)

    def add(self, part: ReplyPart) -> None:
        """Add a part: to the item before it if it belongs there, else as an item of its own."""
        match part:
            case Text():
                self._say(part)
            case Citation():
                self._said()["annotations"].append(annotation(part))
            case Refusal():
                self._add({"type": "message", "content": [{"type": "refusal", "refusal": part.text}]})
            case Reasoning():
                self._think(part)
            case ToolCall():
                self._call(part)
            case Media():
                self._picture(part)
            case Other():
                self._add(tellable({**part.raw, "type": part.type}))

    def done(self) -> Iterator[dict[str, Any]]:
        """Give the items, each whole; messages of families that have phases say which they are."""
        if not self._items:
            self._said()  # who says nothing says an empty text
        listed, found = self._items, list[dict[str, Any]]()
        for number, item in enumerate(listed):
            if item["type"] == "message" and family(self._model).has_phases:
                follows = any(one["type"] in {"function_call", "custom_tool_call"} for one in listed[number + 1 :])
                item.setdefault("phase", "commentary" if follows else "final_answer")
            found.append(whole(item, item_id(self._identity, self._created, number)))
        return iter(found)

    def _add(self, item: dict[str, Any]) -> None:
        self._items.append(item)

    def _said(self) -> dict[str, Any]:
        """Find the text that is under way, or begin one."""
        last = self._items[-1] if self._items else {}
        content = last.get("content")
        if last.get("type") == "message" and content and content[-1]["type"] == "output_text":
            found: dict[str, Any] = content[-1]
            return found
        begun: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
        self._add({"type": "message", "content": [begun]})
        return begun

    def _say(self, part: Text) -> None:
        said = self._said()
        if part.deltas is not None:
            said["text"] = part.deltas
        elif isinstance(said["text"], str):
            said["text"] += part.text

    def _think(self, part: Reasoning) -> None:
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        last = self._items[-1] if self._items else {}
        if part.id and last.get("id") == part.id:
            last["summary"] += summary
            return
        item: dict[str, Any] = {"type": "reasoning", "summary": summary}
        if self._has_content:
            item["content"] = []
        if part.id:
            item["id"] = part.id
        if self._hides:
            item["encrypted_content"] = part.encrypted or secret(self._identity, len(self._items))
        self._add(item)

    def _picture(self, media: Media) -> None:
        """Add a picture; of one without content, a picture of one colour is drawn as the tool is asked to."""
        asked = self.pictured
        if asked is None:
            self._add(image(media))
            return
        if not (media.data or media.url or media.kind != "image"):
            media = replace(media, data=asked.drawn(self._identity, len(self._items)))
        self._add({**image(media), "action": "generate", **asked.told})

    def _call(self, call: ToolCall) -> None:
        identifier = call.id or call_id(self._identity, self._calls)
        self._calls += 1
        space = namespace_of(self._asked, call.name)
        within = {"namespace": space} if space else {}
        told = {"call_id": identifier, "name": call.name, **within}
        if call.type == "custom":
            self._add({"type": "custom_tool_call", "call_id": identifier, "input": call.arguments, **told})
        else:
            self._add({"type": "function_call", "arguments": call.arguments, **told})


def annotation(citation: Citation) -> dict[str, Any]:
    """Write a source of a text, also one that is given as chat completions write it."""
    nested = mapping(citation.raw.get("url_citation"))
    if citation.raw and not nested:
        return {"type": citation.raw.get("type", "url_citation"), **_by_name(citation.raw)}
    own = {"end_index": citation.end, "start_index": citation.start, "title": citation.title, "url": citation.url}
    return {"type": "url_citation", **(_by_name(nested) or own)}


def _by_name(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in sorted(fields) if name != "type"}


def image(media: Media) -> dict[str, Any]:
    """Write an image as the call that made it.

    Raises:
        ReplyError: It is none, or only its address is known.

    """
    if media.kind != "image" or not media.data:
        what = f"{media.kind} by its address" if media.kind == "image" else media.kind
        problem = f"A reply gives {what}, which Responses cannot say"
        raise ReplyError(problem, "Give an image as Media('image', data=…), with its content in base64.")
    more = {"id": media.id} if media.id else {}
    return {"type": "image_generation_call", "result": media.data, **more}


def secret(identity: str, number: int) -> str:
    """Make what stands for thoughts that only the API can read."""
    made = "".join(derived(identity, "encrypted", number, part) for part in range(SECRET_BYTES // 40 + 1))
    return "gAAAAAB" + base64.urlsafe_b64encode(bytes.fromhex(made)).decode()[: SECRET_BYTES + 1]
