"""What the model will say, as content blocks: the reply's parts in their order, each as it will be when it is done.

A text in a block may still be an iterator of deltas; the input of a call is still JSON text.

Knows: the blocks' JSON (Anthropic's reference, "Create a Message"; docs/wire.md 6.2). Must not know: how a message is
framed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, is_object, items, mapping, plain, text, to_json_text
from llm_intercept.dialects.anthropic.block_ids import block_id
from llm_intercept.dialects.anthropic.origin import place_of
from llm_intercept.dialects.anthropic_messages.content import CALL
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.pieces import Budget
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.anthropic_messages.read import MessagesRequest
    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.replies.reply import Reply

OWN_WORDS = (
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
REFUSED = "refusal"
FINISHES = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": REFUSED,
    **{word: word for word in OWN_WORDS},
}
"""Why a message ends, by the reason to finish."""
DIRECT = {"type": "direct"}
CALLED = frozenset({CALL, "server_tool_use", "web_search_tool_result", "web_fetch_tool_result"})
"""The blocks that say who called."""
PREFIXES = {CALL: "toolu", "server_tool_use": "srvtoolu", "mcp_tool_use": "mcptoolu"}
"""What the ids of calls begin with."""
SIGNATURE_BYTES = 186


@dataclass(slots=True)
class Plan:
    """An answer: its blocks, in what budget, before which sequences its texts end, and why it ends.

    Attributes:
        blocks: What is said.
        budget: How much may be said.
        stops: What ends a text.
        why: Why it ends, if the reply says so.
        explanation: Why the model refuses, if it does.

    """

    blocks: list[dict[str, Any]]
    budget: Budget
    stops: tuple[str, ...] = ()
    why: str | None = None
    explanation: str = ""

    def ended(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        """Say how it ended, when all of `content` was said."""
        stop = self.budget.stopped or None
        why = self.why or ("max_tokens" if self.budget.cut else None)
        if why is None and stop is not None:
            why = "stop_sequence"
        if why is None:
            why = "tool_use" if any(block["type"] == CALL for block in content) else "end_turn"
        if why == "stop_sequence" and stop is None:
            stop = self.stops[0] if self.stops else None
        refusal = {"type": REFUSED, "category": None, "explanation": self.explanation or None}
        shown = stop if why == "stop_sequence" else None
        return {"stop_reason": why, "stop_sequence": shown, "stop_details": refusal if why == REFUSED else None}


def planned(request: MessagesRequest, reply: Reply, identity: str) -> Plan:
    """Plan an answer.

    Raises:
        ReplyError: There is something in the reply that Messages cannot say.

    """
    if reply.variants:
        problem = f"{reply!r} has several answers, and Anthropic's Messages give one"
        raise ReplyError(problem, "Answer chat completions alone with it: llm.on(api='openai.chat').")
    found = _Blocks(request, identity)
    for part in reply.parts:
        found.add(part)
    why = finish_of(reply, FINISHES, "Anthropic's Messages") or (REFUSED if reply.refusal else None)
    budget = Budget.of(request.max_tokens, reply)
    budget.cut = request.max_tokens == 0  # it fills the cache, and answers nothing
    return Plan(found.done, budget, request.stops, why, reply.refusal)


@dataclass(slots=True)
class _Blocks:
    """Content blocks as they come together from a reply's parts."""

    request: MessagesRequest
    identity: str
    done: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, part: ReplyPart) -> None:
        """Add a part: as a block of its own, or to the text that it is a source of."""
        match part:
            case Text():
                if part.text or part.deltas is not None:
                    self.done.append({"type": "text", "text": part.text if part.deltas is None else part.deltas})
            case Citation():
                self._cite(part)
            case Reasoning():
                self.done.append(self._thought(part))
            case ToolCall():
                self.done.append(self._call(part))
            case Other():
                self.done.append(self._own({**part.raw, "type": part.type}))
            case Refusal():
                pass  # it is said beside the content
            case Media():
                problem = f"A reply gives {part.kind}, which Anthropic's Messages cannot say"
                raise ReplyError(problem, "Give text, tool calls, reasoning, or a block as the API writes it.")

    def _cite(self, citation: Citation) -> None:
        """Add a source to the text before it; its key stands first in a block (docs/wire.md 6.2)."""
        last: dict[str, Any] = self.done[-1] if self.done else {}
        if last.get("type") != "text":
            last = {"type": "text", "text": ""}
            self.done.append(last)
        source = source_of(citation, last["text"] if isinstance(last["text"], str) else "", self.identity)
        self.done[-1] = {"citations": [*last.get("citations", ()), source], "type": "text", "text": last["text"]}

    def _thought(self, part: Reasoning) -> dict[str, Any]:
        if part.encrypted and not part.text:
            return {"type": "redacted_thinking", "data": part.encrypted}
        is_shown = mapping(self.request.raw.get("thinking")).get("display") != "omitted"
        signature = part.signature or secret(self.identity, len(self.done))
        return {"type": "thinking", "thinking": part.text if is_shown else "", "signature": signature}

    def _call(self, call: ToolCall) -> dict[str, Any]:
        if call.type == "custom" or not is_object(_value(call.arguments)):
            problem = f"{call!r} gives a tool something else than a JSON object, which Anthropic's Messages cannot say"
            raise ReplyError(problem, f"Give tool_call({call.name!r}, {{…}}) with arguments by name.")
        known = {"type": CALL, "id": call.id or self._id(CALL), "name": call.name}
        return {**known, "input": spaced(call.arguments), "caller": DIRECT}

    def _own(self, block: Mapping[str, Any]) -> dict[str, Any]:
        """Complete a block that the API itself makes, or a call as the API writes it."""
        known = tellable(block)
        kind: str = known["type"]
        if kind == "thinking":
            known["signature"] = known["signature"] or secret(self.identity, len(self.done))
        elif kind in PREFIXES:
            known = {"type": kind, "id": known.get("id") or self._id(kind), "name": "", "input": "{}", **known}
        elif kind.endswith("_tool_result"):
            calls = [one["id"] for one in self.done if one["type"] in PREFIXES]
            usual: dict[str, Any] = {"tool_use_id": calls[-1] if calls else self._id("server_tool_use"), "content": []}
            known = {"type": kind, **usual, **known}
        return {**known, "caller": known.get("caller", DIRECT)} if kind in CALLED else known

    def _id(self, kind: str) -> str:
        return block_id(PREFIXES[kind], self.identity, len(self.done), place_of(self.request.url))


def tellable(block: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a block of somebody else's making so that it can be told: texts are texts, an input is JSON text."""
    known: dict[str, Any] = {**plain(block), "type": text(block.get("type"))}
    if known["type"] == "text":
        known["text"] = text(known.get("text"))
        if known.get("citations") is not None:
            known["citations"] = items(known["citations"])
    if known["type"] == "thinking":
        known |= {name: text(known.get(name)) for name in ("thinking", "signature")}
    if "input" in known:
        known["input"] = json.dumps(mapping(known["input"]), ensure_ascii=False)
    return known


def spaced(arguments: str) -> str:
    """Write arguments as the model does, with spaces (docs/wire.md 6.2); what is not compact stays as it is."""
    value = _value(arguments)
    return json.dumps(value, ensure_ascii=False) if arguments == to_json_text(value) and value else arguments


def _value(arguments: str) -> Any:
    try:
        return decode(arguments.encode(errors="surrogatepass"))
    except ValueError:
        return None


def source_of(citation: Citation, said: str, identity: str) -> dict[str, Any]:
    """Write a source of a text, also one that is given as chat completions write it."""
    nested = mapping(citation.raw.get("url_citation"))
    if citation.raw and not nested and citation.raw.get("type") != "url_citation":
        return dict(plain(citation.raw))
    told = nested or citation.raw
    url, title = text(told.get("url")) or citation.url, text(told.get("title")) or citation.title
    quoted = said[citation.start : citation.end] or said
    place = {"cited_text": quoted, "url": url, "title": title, "encrypted_index": secret(identity, len(url))}
    return {"type": "web_search_result_location", **place}


def secret(identity: str, number: int) -> str:
    """Make what only the API can read: a signature of thoughts, an index into sources."""
    made = "".join(derived(identity, "secret", number, part) for part in range(SIGNATURE_BYTES // 40 + 1))
    return "ErUBCkYI" + base64.b64encode(bytes.fromhex(made)[:SIGNATURE_BYTES]).decode()
