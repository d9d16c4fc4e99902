"""A stand-in for the dialect of OpenAI's Responses: enough events that its WebSocket mode has something to carry."""

from __future__ import annotations

from llm_intercept.base.json import encode, json_object, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.opaque import messages_of
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.headers import STREAM, answer_headers
from llm_intercept.dialects.openai_responses.socket import ResponsesSocket
from llm_intercept.model.request import LLMRequest
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ErrorReply


class Grammar:
    def kind(self, event):
        return "content" if b"output_text.delta" in event else "done" if self.is_last(event) else "other"

    def is_last(self, event):
        return b"response.completed" in event

    def error(self, error):
        return b"event: error\ndata: " + encode({"type": "error", "code": error.code, "message": error.message, "sequence_number": 9}) + b"\n\n"

    def halve_arguments(self, body):
        return body


class StandIn(OpenAIDialect):
    name = "openai.responses"
    grammar = Grammar()

    def claims(self, head):
        return head.method == "POST" and head.path.endswith("/responses")

    def read(self, head, content):
        body = json_object(content)
        if body is None:
            raise UnreadableError("no JSON")
        return LLMRequest(
            api=self.name, model=text(body.get("model")), messages=tuple(messages_of(body)), stream=body.get("stream") is True,
            raw=body, headers=head.headers, url=head.url, content=content,
        )

    def respond(self, request, answer, context):
        if isinstance(answer, ErrorReply):
            return self.fail(request, answer, context.identity)
        return WireResponse(200, answer_headers(request.url, STREAM, context.identity), self._events(request, answer, context))

    def _events(self, request, answer, context):
        head = {"id": "resp_" + context.identity[:48], "object": "response", "model": request.model}
        yield self._event("response.created", {"response": {**head, "status": "in_progress"}})
        said = "".join(delta for delta in (answer.text or "").split(" ")) if False else answer.text
        for word in said.split(" "):
            yield self._event("response.output_text.delta", {"delta": word})
        context.note_usage(Usage(input_tokens=1, output_tokens=len(said.split())))
        yield self._event("response.completed", {"response": {**head, "status": "completed"}})

    def _event(self, kind, rest):
        return f"event: {kind}\ndata: ".encode() + encode({"type": kind, "sequence_number": 0, **rest}) + b"\n\n"

    def socket(self, head):
        return ResponsesSocket()
