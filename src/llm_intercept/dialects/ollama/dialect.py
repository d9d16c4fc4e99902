"""Ollama's conversations and completions as dialects: one body, or lines of JSON, which are the default.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.base import Recorded, UnreadableError
from llm_intercept.dialects.ollama import grammar
from llm_intercept.dialects.ollama.declined import check_chat, check_generate
from llm_intercept.dialects.ollama.lines import MESSAGE, RESPONSE, body_of, lines_of
from llm_intercept.dialects.ollama.odds import odds_of
from llm_intercept.dialects.ollama.ollama_origin import (
    JSON,
    STREAM,
    OllamaDialect,
    answer_headers,
    created_at,
    is_ollama,
    metrics,
)
from llm_intercept.dialects.ollama.raw import Ready, beside, read_usage, ready, replies, said_in
from llm_intercept.dialects.ollama.read import CHAT, GENERATE, OllamaRequest
from llm_intercept.dialects.ollama.read import (
    body_of as read_body,
)
from llm_intercept.dialects.shared.conversing import Conversation
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.dialects.shared.prompt_cost import prompt_tokens
from llm_intercept.dialects.shared.told_parts import Teller, check_objects, identified, sayable
from llm_intercept.model.parts import Reasoning, Text, ToolCall
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import RawReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.ollama.lines import Form
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.reply import Reply

FINISHES = {"stop": "stop", "length": "length", "tool_calls": "stop", "load": "load", "unload": "unload"}
"""The reasons to end that Ollama has."""
NOT_IN_ESSENCE = frozenset({"stream"})


class OllamaConversation(OllamaDialect, Conversation):
    """What a model of Ollama's answers.

    Attributes:
        path: What its path ends in.
        form: Where an answer has what is said.
        kinds: The parts that it can say.
        check: Refuses what Ollama refuses of a body.

    """

    grammar: Grammar = grammar
    path: str
    form: Form
    kinds: tuple[type[ReplyPart], ...]
    check: Callable[[Mapping[str, Any]], None]

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and head.path.rstrip("/").endswith(self.path)

    def read(self, head: WireRequest, content: bytes) -> OllamaRequest:
        body = read_body(head, content, type(self).check)
        asked = {"model": text(body.get("model")), "stream": body.get("stream") is not False}
        request = OllamaRequest.made(head, body, content, api=self.name, **asked)
        if request.says_nothing and not is_ollama(head):
            raise UnreadableError("It says nothing to a model, and nothing else says that Ollama is asked")
        return request

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        type(self).check(request.raw)

    def essence(self, request: LLMRequest) -> Any:
        return {key: value for key, value in sorted(request.raw.items()) if key not in NOT_IN_ESSENCE}

    def unasked(self, request: LLMRequest) -> RawReply | None:
        """Answer what only loads a model into memory, or with `keep_alive: 0` takes it out."""
        is_silent = isinstance(request, OllamaRequest) and request.says_nothing
        return self._loaded(request, "") if is_silent else None

    def _loaded(self, request: LLMRequest, moment: str) -> RawReply:
        why = "unload" if request.raw.get("keep_alive") in (0, "0") else "load"
        head = {"model": request.model, "created_at": moment}
        return RawReply({**head, **self.form.said(), "done": True, "done_reason": why})

    def written(self, request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
        parts = identified(sayable(reply, self.kinds, "Ollama"), lambda number, _: _call_id(context.identity, number))
        check_objects(parts, "Ollama")
        stops = request.stops if isinstance(request, OllamaRequest) else ()
        teller = Teller.of(parts, request, reply, context.tokenizer, stops)
        given = finish_of(reply, FINISHES, "Ollama")

        def end() -> dict[str, Any]:
            used = reply.usage or Usage(prompt_tokens(request, context.tokenizer), teller.tokens)
            context.note_usage(used)
            why = given or ("length" if teller.end == "length" else "stop")
            return {"done": True, "done_reason": why, **metrics(used.input_tokens, used.output_tokens)}

        head = {"model": reply.model or request.model, "created_at": created_at(context.identity)}
        odds = odds_of(request.raw, reply, context.identity)
        if request.stream:
            lines = lines_of(head, self.form, teller, end, odds)
            return WireResponse(200, answer_headers(STREAM, context.identity), lines)
        body = body_of(head, self.form, teller, end, odds)
        return WireResponse(200, answer_headers(JSON, context.identity), (body,))

    def ready(self, request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
        is_silent = self.unasked(request) is not None
        if is_silent:
            answer = self._loaded(request, created_at(context.identity))
        found = ready(answer, stream=request.stream and not is_silent)
        if isinstance(found, Ready):
            headers = answer_headers(found.content_type, context.identity)
            return WireResponse(answer.status, overridden(headers, answer.headers), (found.content,))
        used = read_usage([found])
        if used is not None:
            context.note_usage(used)
        teller = Teller(said_in(found), Splitter(context.tokenizer, request.model, Budget()))
        head = {name: found[name] for name in ("model", "created_at") if name in found}
        lines = lines_of(head, self.form, teller, lambda: beside(found, self.form))
        return WireResponse(answer.status, overridden(answer_headers(STREAM, context.identity), answer.headers), lines)


def _call_id(identity: str, number: int) -> str:
    return f"call_{derived(identity, number)[:8]}"


def _last_user(body: Any) -> str:
    return _read(body).last_user


def _roles(body: Any) -> list[str]:
    return [message.role for message in _read(body).messages]


def _read(body: Any) -> OllamaRequest:
    made = OllamaRequest.__new__(OllamaRequest)
    made.__dict__.update(raw=mapping(body))
    return made


RECORDED = Recorded(
    last_user=_last_user,
    roles=_roles,
    usage=read_usage,
    replies=replies,
    not_in_key=frozenset({"stream", "keep_alive"}),
    call_ids=(("tool_call_id", None), ("id", "tool_calls")),
    call_id=r"call_[a-z0-9]{8}",
    delta_fields=frozenset({"content", "thinking", "response"}),
    free_fields=frozenset({"arguments"}),
    models={
        CHAT: ("ollama", "ChatResponse", "ChatResponse"),
        GENERATE: ("ollama", "GenerateResponse", "GenerateResponse"),
    },
)


class OllamaChat(OllamaConversation):
    """`/api/chat`."""

    name = "ollama.chat"
    objects = ("ollama._types.ChatResponse",)
    path = CHAT
    form = MESSAGE
    kinds = (Text, Reasoning, ToolCall)
    check = staticmethod(check_chat)
    recorded = RECORDED


class OllamaGenerate(OllamaConversation):
    """`/api/generate`: a prompt and what follows it."""

    name = "ollama.generate"
    objects = ("ollama._types.GenerateResponse",)
    path = GENERATE
    form = RESPONSE
    kinds = (Text, Reasoning)
    check = staticmethod(check_generate)
    recorded = RECORDED
