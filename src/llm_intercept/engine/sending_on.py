"""Sends a request on where it was going: noted as live, and never with the dummy for its key.

Knows: the journal, what a door does. Must not know: why it is sent on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.engine.decide import FailedExchange
from llm_intercept.engine.keyless import keep_in, keyless
from llm_intercept.engine.overheard import Overheard
from llm_intercept.model.wire import Forward, Forwarded

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call, Journal
    from llm_intercept.model.wire import Exchange, WireRequest
    from llm_intercept.recording.capture import Capture


def send_on(call: Call, capture: Capture | None = None) -> Exchange:
    """Send a call's request on, and show the answer to what records it; raises `FailedExchange` if it has no key."""
    error = keyless(call.request)
    if error is not None:
        raise FailedExchange(error)
    call.source = "live"
    heard = Overheard(call, capture)
    call.status = yield Forward(heard)
    if not heard.has_begun:
        call.finish()
    return Forwarded(call.status)


def let_by(head: WireRequest, content: bytes, journal: Journal) -> Exchange:
    """Let a request go its way, whose body says that it is nobody's business; raises `DummyKeyError`."""
    keep_in(head, content, journal)
    return Forwarded((yield Forward()))
