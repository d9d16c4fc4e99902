"""The page of a server's calls, and what happened since a page asked last.

Knows: an interceptor's calls, reports. Must not know: ASGI, who may ask.
"""

from __future__ import annotations

import secrets
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.report.document import Since
from llm_intercept.report.of_calls import CallReader, used_rules
from llm_intercept.report.of_interceptors import lost, redaction_of
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page, policy
from llm_intercept.report.whole import whole_report

if TYPE_CHECKING:
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Call, Journal
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


class Seen(NamedTuple):
    """A call at the moment when a page asked: its number, and as which it had ended; 0 of one under way."""

    n: int
    call: Call
    ended: int


class Moment(NamedTuple):
    """What there was when a page asked."""

    engine: Engine
    calls: list[Seen]


class LiveReport:
    """Tells of an interceptor's calls: of those that have ended in the order in which they did, and of those under way.

    What there is is listed in the thread in which requests are answered, so that none begins or ends meanwhile; it is
    read in another.

    Args:
        llm: The interceptor.

    """

    def __init__(self, llm: Interceptor) -> None:
        self._llm = llm
        self._journal: Journal | None = None
        self._run = ""
        self._readers: dict[int, CallReader] = {}
        self._lock = threading.Lock()

    def now(self) -> Moment:
        """List the calls, in the thread in which they begin and end."""
        engine = engine_of(self._llm)
        calls = engine.journal.calls
        first = engine.journal.noted - len(calls)
        return Moment(engine, [Seen(n, call, call.ended) for n, call in enumerate(calls, first)])

    def since(self, after: int, now: Moment) -> Since:
        """Say what has happened since, in any thread.

        Args:
            after: What the last answer said; 0 for everything.
            now: What there is.

        """
        with self._lock:
            return self._since(after, now)

    def _since(self, after: int, now: Moment) -> Since:
        engine = now.engine
        if engine.journal is not self._journal:
            self._journal, self._run, self._readers = engine.journal, secrets.token_hex(4), {}
        new = sorted([one for one in now.calls if one.ended > after], key=attrgetter("ended"))
        ended, redaction = new[:AT_ONCE], redaction_of(engine)
        reader = self._readers.pop(after, None) or CallReader()
        entries = [reader.entry(one.n, one.call, redaction) for one in ended]
        last = ended[-1].ended if ended else after
        self._readers = {last: reader}
        under_way = [one for one in now.calls if not one.ended][-AT_ONCE:]
        entries += [CallReader().entry(one.n, one.call, redaction) for one in under_way]
        return Since(
            run=self._run,
            after=last,
            more=len(new) > len(ended),
            rows=tuple(row for row, _ in entries),
            details=tuple(detail for _, detail in entries),
            rules=tuple(used_rules(engine.book.all())),
            problems=tuple(lost(engine)),
        )
