"""The page of a server's calls, and what happened since a page asked last.

Knows: an interceptor's calls, reports. Must not know: ASGI, who may ask.
"""

from __future__ import annotations

import secrets
from operator import itemgetter
from typing import TYPE_CHECKING

from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.report.document import Since, Totals
from llm_intercept.report.of_calls import CallReader, used_rules
from llm_intercept.report.of_interceptors import lost, redaction_of
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page, policy
from llm_intercept.report.whole import whole_report

if TYPE_CHECKING:
    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Call, Journal
    from llm_intercept.model.wire import Headers

AT_ONCE = 50
"""So many calls are told at once: reading one takes a millisecond or two, in which the server answers nobody."""
HEADERS: Headers = (
    ("content-security-policy", f"{policy(live=True)}; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)


def live_page() -> bytes:
    """Write the page, without any call: it asks for them."""
    return page(packed(whole_report("llm-intercept serve", (), kind="live")), live=True).encode()


class LiveReport:
    """Tells of an interceptor's calls that have ended, in the order in which they did.

    Args:
        llm: The interceptor.

    """

    def __init__(self, llm: Interceptor) -> None:
        self._llm = llm
        self._journal: Journal | None = None
        self._run = ""
        self._readers: dict[int, CallReader] = {}

    def since(self, after: int) -> Since:
        """Say what has happened since.

        Args:
            after: What the last answer said; 0 for everything.

        """
        engine = engine_of(self._llm)
        journal = engine.journal
        if journal is not self._journal:
            self._journal, self._run, self._readers = journal, secrets.token_hex(4), {}
        calls = [*journal.calls]
        first = journal.noted - len(calls)
        new = [(call.ended, n, call) for n, call in enumerate(calls, first) if call.ended > after]
        ended = sorted(new, key=itemgetter(0))[:AT_ONCE]
        reader, redaction = self._readers.pop(after, None) or CallReader(), redaction_of(engine)
        entries = [reader.entry(n, call, redaction) for _, n, call in ended]
        last = ended[-1][0] if ended else after
        self._readers = {last: reader}
        return Since(
            run=self._run,
            after=last,
            rows=tuple(row for row, _ in entries),
            details=tuple(detail for _, detail in entries),
            rules=tuple(used_rules(engine.book.all())),
            problems=tuple(lost(engine)),
            totals=_totals(calls),
        )


def _totals(calls: list[Call]) -> Totals:
    usages = [call.usage for call in calls if call.usage is not None]
    return Totals(
        calls=len(calls),
        failed=sum(call.failed for call in calls),
        unmatched=sum(call.source == "unmatched" for call in calls),
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
    )
