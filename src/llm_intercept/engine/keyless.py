"""What goes to the network needs a key of its own: the dummy that stands in for one is never sent out.

Knows: the dummy. Must not know: who sends a request on, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.dummy_keys import leaves_with_dummy
from llm_intercept.errors import DummyKeyError

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Journal
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest


def keyless(request: LLMRequest) -> DummyKeyError | None:
    """Say why a request may not be sent on: it has no key but the dummy, and would leave this machine."""
    host = urlsplit(request.url).hostname or ""
    return DummyKeyError(host) if leaves_with_dummy(host, request.url, request.headers, request.content) else None


def keep_in(head: WireRequest, content: bytes, journal: Journal) -> None:
    """Keep in what nobody answers, and so goes its way, if it has no key but the dummy.

    Raises:
        DummyKeyError: It has, and would leave this machine.

    """
    if leaves_with_dummy(head.host, head.url, head.headers, content):
        error = DummyKeyError(head.host)
        journal.note_failure(error)
        raise error
