"""OpenAI's images as a dialect: pictures of one colour, of the size and the format asked for, where no rule says which.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import mapping, text
from llm_intercept.base.tokens import count
from llm_intercept.dialects.openai.by_default import ByDefault, headers_of
from llm_intercept.dialects.openai.flavor import is_held, is_openai_client
from llm_intercept.dialects.openai.headers import STREAM
from llm_intercept.dialects.openai.image_wishes import COSTS, PARTIAL, USUAL, wishes
from llm_intercept.dialects.openai.media_tokens import picture_tokens
from llm_intercept.dialects.openai_images import read
from llm_intercept.dialects.openai_images.image_answers import (
    ImageEvents,
    body_of,
    event,
    events_of,
    gathered,
    tokens_of,
    usage_of,
)
from llm_intercept.dialects.openai_images.image_recorded import RECORDED
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import RawReply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer

PATHS = (read.MADE, read.EDITED, read.VARIED)


class OpenAIImages(ByDefault):
    """Images, where a known host or one of OpenAI's SDKs is asked for them."""

    name = read.NAME
    what = "images"
    advice = "Give a ready body, raw({'data': [{'b64_json': …}]}), or auto() for pictures of one colour."
    grammar: Grammar = ImageEvents()
    counted = staticmethod(tokens_of)
    recorded = RECORDED

    def claims(self, head: WireRequest) -> bool:
        if head.method != "POST" or not head.path.rstrip("/").endswith(PATHS):
            return False
        return is_llm_place(head.host, head.path) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI and Azure refuse; of others' hosts, strictly alone what these may take."""
        if strictly or is_held(request):
            read.check(request.raw, _path(request))

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write ready pictures as a stream too, where one is asked for."""
        ready = answer.body if isinstance(answer, RawReply) else None
        if not isinstance(answer, RawReply) or ready is None:
            return super().respond(request, answer, context)
        if isinstance(ready, tuple):
            if request.stream:
                return _streamed(request, (event(mapping(one)) for one in ready), context, answer)
            return super().respond(request, replace(answer, body=gathered(list(map(mapping, ready)))), context)
        if request.stream and not isinstance(ready, bytes) and "data" in ready:
            told = events_of(ready, _path(request), wishes(read.asked_of(request.raw)), [])
            return _streamed(request, told, context, answer)
        return super().respond(request, answer, context)

    def essence(self, request: LLMRequest) -> Any:
        """Tell requests apart, but for how they are answered."""
        fields = {name: value for name, value in read.asked_of(request.raw).items() if name != "stream"}
        return {"url": request.url, "body": fields, "pictures": read.pictures_of(request.raw)}

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        fields, identity = read.asked_of(request.raw), context.identity
        asked = wishes(fields)
        several = fields.get("n") if isinstance(fields.get("n"), int) else 1
        pictures = [asked.drawn(identity, number) for number in range(min(max(several or 1, 1), read.MOST))]
        used = _usage(request, fields, len(pictures), context)
        context.note_usage(Usage(used["input_tokens"], used["output_tokens"], extra=used))
        if read.is_of_before(fields) and not request.stream:  # a stream has one form
            old = {"created": identity.second, "data": [_told_before(one, asked.form, fields) for one in pictures]}
            return WireResponse(200, headers_of(request, context), (self.written(old),))
        body = body_of([{"b64_json": one} for one in pictures], asked, used, identity.second)
        if not request.stream:
            return WireResponse(200, headers_of(request, context), (self.written(body),))
        early = [asked.drawn(identity, len(pictures) + number) for number in range(asked.partial)]
        return _streamed(request, events_of(body, _path(request), asked, early), context)


def _streamed(
    request: LLMRequest, events: Iterable[bytes], context: Context, ready: RawReply | None = None
) -> WireResponse:
    headers = headers_of(request, context, STREAM)
    if ready is None:
        return WireResponse(200, headers, tuple(events))
    return WireResponse(ready.status, overridden(headers, ready.headers), tuple(events))


def _told_before(data: str, form: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write a picture as models before GPT's did: by an address, which has it whole here, or in base64 where asked."""
    revised = {"revised_prompt": text(fields.get("prompt"))} if text(fields.get("model")) == "dall-e-3" else {}
    if fields.get("response_format") == "b64_json":
        return {**revised, "b64_json": data}
    return {**revised, "url": f"data:image/{form};base64,{data}"}


def _usage(request: LLMRequest, fields: Mapping[str, Any], pictures: int, context: Context) -> dict[str, Any]:
    asked = wishes(fields)
    given = len(read.pictures_of(request.raw))
    whole = COSTS["high"][USUAL] if fields.get("input_fidelity") == "high" else 0
    seen = given * (picture_tokens(USUAL, "computer-use") + whole)
    partial = PARTIAL * asked.partial if request.stream else 0
    said = count(context.tokenizer, text(fields.get("prompt")), request.model)
    return usage_of(said, seen, pictures * (asked.tokens + partial))


def _path(request: LLMRequest) -> str:
    return request.url.partition("?")[0].rstrip("/")
