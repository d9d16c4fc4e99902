"""Gemini as a dialect: writes one JSON body, a stream of events, or a JSON array in pieces.

Knows: docs/wire.md 10; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.dialects.google.dialect import GoogleDialect
from llm_intercept.dialects.google.front_end import JSON, STREAM, TIER, answer_headers
from llm_intercept.dialects.google.json_text import pretty
from llm_intercept.dialects.google.places import is_at_google, place_of
from llm_intercept.dialects.google_gemini import grammar, read
from llm_intercept.dialects.google_gemini.answer_body import READ, Envelope
from llm_intercept.dialects.google_gemini.candidate_plan import plans
from llm_intercept.dialects.google_gemini.chunked import Teller
from llm_intercept.dialects.google_gemini.generations import ANSWERING, generation
from llm_intercept.dialects.google_gemini.grammar import tokens
from llm_intercept.dialects.google_gemini.objections import check
from llm_intercept.dialects.google_gemini.paired import check_functions
from llm_intercept.dialects.google_gemini.raw import chunks_in, in_array, ready
from llm_intercept.dialects.google_gemini.recorded import RECORDED
from llm_intercept.dialects.google_gemini.schema_subset import check_schemas
from llm_intercept.dialects.google_gemini.token_counts import Cost, cost_of, media_of, prompt_of
from llm_intercept.dialects.google_gemini.unknown_names import check_names
from llm_intercept.dialects.shared.forced import automatic
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.errors import ReplyError
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer

SEARCHING = frozenset({"googleSearch", "googleSearchRetrieval", "googleMaps", "urlContext", "enterpriseWebSearch"})
"""The tools of the API's own by which an answer is grounded."""
GROUNDED_ON, RAN = "groundingChunks", "codeExecutionResult"


class GoogleGemini(GoogleDialect):
    """Gemini, as AI Studio and Vertex AI speak it, and whoever stands before them."""

    name = read.NAME
    objects = ("google.genai.types.",)
    grammar: Grammar = grammar
    recorded = RECORDED
    counted = staticmethod(tokens)

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST that asks a model for content."""
        return read.claims(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what Google refuses; of others' hosts, strictly alone what these may take."""
        place = place_of(request.url)
        check(request.raw, place)
        if strictly or is_at_google(request.url):
            check_functions(request.raw, place)
            check_schemas(request.raw, place)
        if strictly:
            check_names(request.raw, place)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer, in the shape that is asked for.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation, or there is something in it that Gemini cannot say.

        """
        match answer:
            case Reply():
                return _written(request, answer, context)
            case AutoReply():
                return _written(request, automatic(request, answer), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return _ready(request, answer, context)
            case Embeddings() | Moderations():
                problem = f"{answer!r} cannot answer a question to a model"
                raise ReplyError(problem, "Answer its own API alone with it: llm.on(api='google.embeddings').")
            case _:
                assert_never(answer)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out how the answer is to come."""
        return {"model": request.model, **dict(sorted(request.raw.items()))}

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        """Whether a recorded answer has the shape: events where they are asked for; an array is like a whole answer."""
        del asked
        return self.tells_events(request) == is_stream

    def tells_events(self, request: LLMRequest) -> bool:
        """Whether events are asked for; a stream may be an array in pieces, too."""
        return request.stream and place_of(request.url).is_sse


def _written(request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
    place = place_of(request.url)
    model = reply.model or ANSWERING.get(request.model, request.model)
    manner = generation(model, is_vertex=place.is_vertex)
    searches = not SEARCHING.isdisjoint(read.own_tools(request.raw))
    planned = plans(request, reply, manner, context.tokenizer, context.identity, model)
    teller = Teller(planned, manner, context.tokenizer, model, request.stream, searches)
    answering = _Answering(request, reply, context, teller, Envelope(manner, model, context.identity, searches))
    if not request.stream:
        headers = (*answer_headers(request.url, JSON, context.identity), *(TIER if manner.tells_tier else ()))
        return WireResponse(200, headers, (pretty(answering.whole()) + b"\n",))
    chunks = answering.chunks()
    if place.is_sse:
        return WireResponse(200, answer_headers(request.url, STREAM, context.identity), _each(grammar.event, chunks))
    return WireResponse(200, answer_headers(request.url, JSON, context.identity), in_array(chunks))


class _Answering:
    """An answer while it is written."""

    def __init__(self, request: LLMRequest, reply: Reply, context: Context, teller: Teller, envelope: Envelope) -> None:
        self._reply, self._context, self._teller, self._envelope = reply, context, teller, envelope
        self._prompt = prompt_of(request, context.tokenizer)
        self._around = {name: value for plan in teller.plans for name, value in plan.around.items()}
        self._media = media_of(part for plan in teller.plans for part in plan.parts)
        self._is_grounded = any(
            READ in plan.beside
            or GROUNDED_ON in plan.beside.get("groundingMetadata", {})
            or any(RAN in part for part in plan.parts)
            for plan in teller.plans
        )

    def whole(self) -> dict[str, Any]:
        """Write the JSON body."""
        said: dict[int, list[dict[str, Any]]] = {plan.index: [] for plan in self._teller.plans}
        for chunk in self._teller.tell():
            if isinstance(chunk, Awaited):
                raise TypeError("a JSON body cannot wait for what it says")
            said[chunk.plan.index] += chunk.parts
        candidates = [one for plan in self._teller.plans for one in self._envelope.whole(plan, said[plan.index])]
        cost = self._cost()
        self._context.note_usage(cost.used)
        return self._envelope.body(candidates, self._around, cost.whole(self._envelope.manner))

    def chunks(self) -> Iterator[dict[str, Any] | Awaited]:
        """Write the chunks of a stream; the last one of all tells the whole usage."""
        begun: set[int] = set()
        final = self._teller.plans[-1].index
        for chunk in self._teller.tell():
            if isinstance(chunk, Awaited):
                yield chunk
                continue
            told = self._envelope.chunk(chunk, is_first=chunk.plan.index not in begun)
            begun.add(chunk.plan.index)
            is_end = chunk.is_last and chunk.plan.index == final
            cost, manner = self._cost(), self._envelope.manner
            if is_end:
                self._context.note_usage(cost.used)
            around = self._around if is_end else {}
            yield self._envelope.body(told, around, cost.whole(manner) if is_end else cost.so_far(chunk.said, manner))

    def _cost(self) -> Cost:
        """Count what the answer costs, as far as it was said."""
        if self._reply.usage is not None:
            return cost_of(self._reply.usage, self._prompt, self._media, is_grounded=self._is_grounded)
        thought = sum(plan.thought for plan in self._teller.plans)
        by_tools = self._prompt.tokens if self._is_grounded else 0  # what is read is not known: as much again
        used = Usage(self._prompt.tokens + by_tools, self._teller.said + thought, reasoning_tokens=thought)
        return Cost(used, self._prompt, by_tools, tuple(self._media.items()))


def _each(write: Callable[[Any], bytes], chunks: Iterator[dict[str, Any] | Awaited]) -> Iterator[bytes | Awaited]:
    for chunk in chunks:
        yield chunk if isinstance(chunk, Awaited) else write(chunk)


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    chunks = chunks_in(answer)
    found = ready(answer, chunks, stream=request.stream, sse=place_of(request.url).is_sse)
    used = RECORDED.usage(chunks)
    if used is not None:
        context.note_usage(used)
    headers = overridden(answer_headers(request.url, found.content_type, context.identity), answer.headers)
    return WireResponse(answer.status, headers, found.chunks)
