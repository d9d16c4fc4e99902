"""A side request as a dialect: counters of tokens are answered by count, reports as received.

They are listed apart (`llm.side_calls`) and fail no test: a framework makes them, and the test means something else.

Knows: a row of the table in this folder, and what the null dialect reads. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.base.json import encode, is_array, json_object
from llm_intercept.base.tokens import total
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.opaque import Opaque, messages_of, texts_of
from llm_intercept.dialects.side.table import TABLE
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import AutoReply, ErrorReply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.side.table import SideRequest
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer

SYSTEM = ("system", "instructions")
"""Where the APIs have what is said before the conversation."""


class SideDialect(Opaque):
    """One kind of side request; a rule answers it only where it says that it means it."""

    takes = ()
    default = AutoReply()
    is_side = True

    def __init__(self, asked: SideRequest) -> None:
        self._asked = asked
        self._is_report = asked.api == "side.telemetry"
        self.name, self.is_kept = asked.api, not self._is_report

    def claims(self, head: WireRequest) -> bool:
        is_asked = head.method == "POST" and head.path.rstrip("/").endswith(self._asked.path)
        return is_asked and (not self._is_report or is_llm_host(head.host))

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        if not self._is_report and json_object(content) is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        return super().read(head, content).replaced(api=self.name)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case AutoReply():
                return self._own(request, context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case _:
                return super().respond(request, answer, context)

    def _own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Write what the API answers."""
        if self._asked.answer is None:
            return WireResponse(self._asked.status, (), ())
        tokens = total(context.tokenizer, _texts(request), request.model)
        context.note_usage(Usage(tokens))
        body = encode(self._asked.answer(tokens))
        return WireResponse(self._asked.status, (("content-type", "application/json"),), (body,))


def _texts(request: LLMRequest) -> Iterator[str]:
    """Give all that is counted: what is said, what is said before it, and the tools as they are written."""
    for message in messages_of(request.raw):
        yield message.text
    for key in SYSTEM:
        said = request.raw.get(key)
        yield from texts_of({"content": said} if is_array(said) else said)
    if request.raw.get("tools"):
        yield encode(request.raw["tools"]).decode()


SIDE_REQUESTS = tuple(map(SideDialect, TABLE))
