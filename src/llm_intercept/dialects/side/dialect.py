"""A report as a dialect: it is answered as received.

Reports are listed apart (`llm.side_calls`) and fail no test: a framework makes them, and the test means something else.

Knows: a row of the table in this folder, and what the null dialect reads. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.dialects.opaque import Opaque
from llm_intercept.dialects.side.table import TABLE
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import AutoReply, ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.side.table import Report
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer


class Telemetry(Opaque):
    """One kind of report; a rule answers it only where it says that it means it."""

    name = "side.telemetry"
    takes = ()
    default = AutoReply()
    is_side = True
    is_kept = False

    def __init__(self, report: Report) -> None:
        super().__init__(tuple)  # its host has no words of its own for what fails
        self._report = report

    def claims(self, head: WireRequest) -> bool:
        is_reported = head.method == "POST" and head.path.rstrip("/").endswith(self._report.path)
        return is_reported and is_llm_host(head.host)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return super().read(head, content).replaced(api=self.name)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case AutoReply():
                return WireResponse(self._report.status, (), ())
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case _:
                return super().respond(request, answer, context)


SIDE_REQUESTS = tuple(map(Telemetry, TABLE))
