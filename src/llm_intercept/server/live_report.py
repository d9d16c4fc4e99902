"""The page of a server's calls, and what happened since a page asked last.

Knows: an interceptor's calls, reports. Must not know: ASGI, who may ask.
"""

from __future__ import annotations

import secrets
import threading
from operator import itemgetter
from typing import TYPE_CHECKING

from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.report.document import Since
from llm_intercept.report.of_calls import CallReader, used_rules
from llm_intercept.report.of_interceptors import lost, redaction_of
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page, policy
from llm_intercept.report.whole import whole_report

if TYPE_CHECKING:
    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Journal
    from llm_intercept.model.wire import Headers

AT_ONCE = 50
"""So many calls that have ended are told at once, and as many that are under way."""
HEADERS: Headers = (
    ("content-security-policy", f"{policy(live=True)}; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)


def live_page() -> bytes:
    """Write the page, without any call: it asks for them."""
    return page(packed(whole_report("llm-intercept serve", (), kind="live")), live=True).encode()


class LiveReport:
    """Tells of an interceptor's calls: of those that have ended in the order in which they did, and of those under way.

    Any thread may ask, so that none has to be one in which requests are answered.

    Args:
        llm: The interceptor.

    """

    def __init__(self, llm: Interceptor) -> None:
        self._llm = llm
        self._journal: Journal | None = None
        self._run = ""
        self._readers: dict[int, CallReader] = {}
        self._lock = threading.Lock()

    def since(self, after: int) -> Since:
        """Say what has happened since.

        Args:
            after: What the last answer said; 0 for everything.

        """
        with self._lock:
            return self._since(after)

    def _since(self, after: int) -> Since:
        engine = engine_of(self._llm)
        journal = engine.journal
        if journal is not self._journal:
            self._journal, self._run, self._readers = journal, secrets.token_hex(4), {}
        calls = [*journal.calls]
        numbered = list(enumerate(calls, journal.noted - len(calls)))
        new = sorted([(call.ended, n, call) for n, call in numbered if call.ended > after], key=itemgetter(0))
        ended, redaction = new[:AT_ONCE], redaction_of(engine)
        reader = self._readers.pop(after, None) or CallReader()
        entries = [reader.entry(n, call, redaction) for _, n, call in ended]
        last = ended[-1][0] if ended else after
        self._readers = {last: reader}
        under_way = [one for one in numbered if not one[1].ended][-AT_ONCE:]
        entries += [CallReader().entry(n, call, redaction) for n, call in under_way]
        return Since(
            run=self._run,
            after=last,
            more=len(new) > len(ended),
            rows=tuple(row for row, _ in entries),
            details=tuple(detail for _, detail in entries),
            rules=tuple(used_rules(engine.book.all())),
            problems=tuple(lost(engine)),
        )
