"""Bedrock's InvokeModel as a dialect: the API of a model's maker, in Amazon's envelope.

What is asked and answered is another dialect's; the path says the model and whether to stream, events come in Amazon's
frames, and errors and headers are Amazon's.

Knows: the envelope, and the contract of dialects. Must not know: which dialect is in it.
"""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.base.framings import AMAZON, framing_of
from llm_intercept.base.json import encode, json_object
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.dialects.bedrock.aws_origin import JSON, STREAM, BedrockDialect, answer_headers, counts
from llm_intercept.dialects.bedrock.envelope import Envelope, Inner, opened_take, payload_in
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ErrorReply, RawReply

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from llm_intercept.dialects.base import Context, Dialect
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, Step, WireRequest
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.replies.reply import Reply

NAME, EMBEDDINGS = "bedrock.invoke", "bedrock.embeddings"
PATH = re.compile(r"/model/(.+)/(invoke|invoke-with-response-stream)/?$")
WHOLE, STREAMED = "invoke", "invoke-with-response-stream"


class BedrockInvoke(BedrockDialect):
    """`/model/{id}/invoke` and `/model/{id}/invoke-with-response-stream` of some models.

    Args:
        inner: The API that these models speak.
        models: What their ids have in them.

    """

    def __init__(self, inner: Dialect, models: str) -> None:
        self._inner, self._models = inner, re.compile(models)
        self._envelope = Envelope(inner)
        self.name = NAME if inner.takes is None else EMBEDDINGS
        self.takes, self.default, self.retry, self.objects = inner.takes, inner.default, inner.retry, inner.objects
        self.grammar = self._envelope
        self.counted = None if inner.counted is None else self._envelope.counted
        self.recorded = replace(
            inner.recorded,
            usage=self._usage,
            replies=self._replies,
            same_url=same_url,
            models={},
            kept_headers=("x-amzn-errortype", "x-amzn-bedrock-*"),
            changing_headers=("x-amzn-requestid",),
        )

    def _usage(self, values: Sequence[Any]) -> Usage | None:
        return self._inner.recorded.usage(opened_take(values))

    def _replies(self, values: Sequence[Any]) -> tuple[Reply, ...]:
        return self._inner.recorded.replies(opened_take(values))

    def claims(self, head: WireRequest) -> bool:
        found = PATH.search(head.path)
        return found is not None and head.method == "POST" and self._models.search(unquote(found[1])) is not None

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Let the other API read what is in the envelope.

        Raises:
            BadRequestError: It would refuse that.
            UnreadableError: It is no JSON object.

        """
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        model, stream = asked_by(head.url)
        whole = encode({"model": model, **body, "stream": stream})
        with in_amazons_words():
            found = self._inner.read(head, whole)
        return found.replaced(api=self.name, model=model, stream=stream, raw=body, content=content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Let the other API refuse what it would of what is in the envelope."""
        with in_amazons_words():
            self._inner.validate(request, strictly=strictly)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out which of the two paths is asked, but for the model in it."""
        return {"model": request.model, "body": request.raw}

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        if isinstance(answer, ErrorReply):
            return self.fail(request, answer, context.identity)
        given = answer.headers if isinstance(answer, RawReply) else ()
        if isinstance(answer, RawReply) and isinstance(answer.body, bytes) and (frames := AMAZON.cut(answer.body)[0]):
            if request.stream:
                headers = overridden(streamed_headers(context.identity), given)
                return WireResponse(answer.status, headers, (answer.body,))
            told = [payload_in(one) for one in frames]
            answer = replace(answer, body=tuple(one for one in told if one))
        noted = Noted(context)
        made = self._inner.respond(request, answer, replace(context, note_usage=noted.note))
        kind = dict(made.headers).get("content-type", JSON)
        framing = framing_of(kind)
        if framing is None:
            headers = (*answer_headers(JSON, context.identity), *counts(noted.used))
            return replace(made, headers=overridden(headers, given))
        chunks = self._framed(self._envelope.events(made.chunks, framing), noted)
        return replace(made, headers=overridden(streamed_headers(context.identity), given), chunks=chunks)

    def _framed(self, events: Generator[Step | Inner], noted: Noted) -> Generator[Step]:
        """Frame events; what may end the stream is held back until it is known whether it is the last of all."""
        held: Inner | None = None
        with closing(events):
            for event in events:
                if not isinstance(event, Inner):
                    yield event
                    continue
                if held is not None:
                    yield self._envelope.framed(held.said)
                held = event if event.ends else None
                if held is None:
                    yield self._envelope.framed(event.said)
        if held is not None:
            yield self._envelope.framed(held.said, noted.used)


@contextmanager
def in_amazons_words() -> Generator[None]:
    """Leave of another API's refusal its message alone: Amazon has its own kinds of errors."""
    try:
        yield
    except BadRequestError as refused:
        error = ErrorReply(refused.error.status, message=refused.error.message)
        raise BadRequestError(error, refused.hint) from refused


class Noted:
    """The usage of an answer, when it is known, which is noted with the exchange too."""

    def __init__(self, context: Context) -> None:
        self.used = Usage()
        self._note = context.note_usage

    def note(self, used: Usage) -> None:
        """Hear of it."""
        self.used = used
        self._note(used)


def streamed_headers(identity: Identity) -> Headers:
    """Make the headers of a stream, which say what is in its frames."""
    return (*answer_headers(STREAM, identity), ("x-amzn-bedrock-content-type", JSON))


def asked_by(url: str) -> tuple[str, bool]:
    """Read from a URL which model is asked, and whether for a stream."""
    found = PATH.search(urlsplit(url).path)
    return ("", False) if found is None else (unquote(found[1]), found[2] == STREAMED)


def same_url(url: str) -> str:
    """Name one URL for an answer that is whole and one that is streamed."""
    parts = urlsplit(url)
    return parts._replace(path=re.sub(rf"/{STREAMED}/?$", f"/{WHOLE}", parts.path)).geturl()
