"""Google's embeddings as a dialect: a vector for each content.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import json_object, mapping
from llm_intercept.base.tokens import count
from llm_intercept.dialects.base import BadRequestError, Recorded, UnreadableError
from llm_intercept.dialects.google.front_end import CHANGING, KEPT
from llm_intercept.dialects.google.places import asks, place_of
from llm_intercept.dialects.google.self_answered import SelfAnswered, answer_of
from llm_intercept.dialects.google_embeddings.forms import BY_METHOD, FORMS
from llm_intercept.dialects.shared.vectors import embedded
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.usage import Usage
from llm_intercept.replies.kinds import ANSWERS_ALL, Embeddings, ErrorReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.google_embeddings.forms import Form, Vector
    from llm_intercept.model.wire import WireRequest, WireResponse
    from llm_intercept.replies.kinds import Answer

NAME = "google.embeddings"
EMBEDS = "embedding"
"""What the names of Vertex AI's models have in them that `predict` vectors."""
USUAL, SMALLER = 3072, 768  # dimensions
SMALL = ("text-embedding-", "text-multilingual-embedding-", "embedding-001", "textembedding-gecko")
MOST_DIMENSIONS = 16_384


class GoogleEmbeddings(SelfAnswered):
    """Embeddings, as AI Studio and Vertex AI speak them."""

    name = NAME
    what = "embeddings"
    takes = (*ANSWERS_ALL, Embeddings)

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        if head.method != "POST" or not any(asks(path, one.method) for one in FORMS):
            return False
        return not asks(path, "predict") or EMBEDS in place_of(head.url).model

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        place = place_of(head.url)
        form = BY_METHOD[place.method]
        inputs = form.inputs(body)
        if not inputs:
            message = f"* {form.inputs_at}: {form.inputs_at.rpartition('.')[2]} is not specified\n"
            raise BadRequestError(ErrorReply(400, "invalid_request", message=message))
        said = "\n".join(one.text for one in inputs if one.text)
        return LLMRequest.made(
            head,
            body,
            content,
            api=NAME,
            model=place.model,
            messages=(Message(role="user", parts=(Text(said),) if said else ()),),
        )

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse a vector that is to have more numbers than any has."""
        del strictly
        if any((one.dimensions or 0) > MOST_DIMENSIONS for one in _form(request).inputs(request.raw)):
            raise BadRequestError(ErrorReply(400, "invalid_request"))

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        if not isinstance(answer, Embeddings):
            return super().respond(request, answer, context)
        inputs = _form(request).inputs(request.raw)
        return _written(
            request, [vector for _, vector in zip(inputs, cycle(answer.vectors), strict=False)], answer.usage, context
        )

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Make the default vectors."""
        usual = SMALLER if request.model.startswith(SMALL) else USUAL
        inputs = _form(request).inputs(request.raw)
        return _written(
            request,
            [embedded(one.text, min(one.dimensions or usual, MOST_DIMENSIONS)) for one in inputs],
            None,
            context,
        )


def _form(request: LLMRequest) -> Form:
    return BY_METHOD[place_of(request.url).method]


def _written(request: LLMRequest, vectors: Sequence[Vector], usage: Usage | None, context: Context) -> WireResponse:
    form = _form(request)
    tokens = [count(context.tokenizer, one.text, request.model) for one in form.inputs(request.raw)]
    context.note_usage(usage or Usage(sum(tokens)))
    return answer_of(form.answer(vectors, tokens), request, context)


def _usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens that an answer reports; AI Studio's report none."""
    body = mapping(values[0] if values else None)
    counts = [counted for form in FORMS if (counted := form.tokens(body)) is not None]
    return Usage(counts[0]) if counts else None


def _last_user(body: Any) -> str:
    return "\n".join(one.text for form in FORMS for one in form.inputs(mapping(body)))


GoogleEmbeddings.recorded = Recorded(
    last_user=_last_user,
    roles=lambda _: ["user"],
    usage=_usage,
    kept_headers=KEPT,
    changing_headers=CHANGING,
)
