"""Answers the requests that a request brings, each as if it came by itself: by the same rules, in the same journal.

Knows: exchanges and what they need. Must not know: what brings them, what becomes of their answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects import OPAQUE, claimed_by
from llm_intercept.dialects.base import Brought
from llm_intercept.errors import LLMInterceptError
from llm_intercept.model.wire import Break, Forward, Forwarded, NetworkFaultError, Pause, ReadBody, WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from llm_intercept.engine.decide import Case
    from llm_intercept.model.wire import Exchange

NOT_SENT = "llm-intercept: a request that another one brings cannot be sent on by itself"
AT_ONCE = 20
"""So many are answered before others have their turn, where one loop serves all."""
UNREACHED = 502
"""The status of what has no answer."""


def answer_each(case: Case, begin: Callable[..., Exchange]) -> Generator[Any, Any, tuple[Brought, ...]]:
    """Answer all requests that a case brings; what the network is simulated to do to one is its answer.

    Args:
        case: The request under way.
        begin: Begins an exchange: of a head, its dialect, and the interceptors around it.

    Raises:
        LLMInterceptError: One is to be refused by raising.

    """
    found: list[Brought] = []
    timeline = case.service.timeline()
    for number, (head, content) in enumerate(case.dialect.brings(case.request), 1):
        if number % AT_ONCE == 0:
            yield Pause(0.0, timeline)
        exchange = begin(head, claimed_by(head) or OPAQUE, case.chain)
        try:
            found.append((yield from _answered(exchange, content)))
        except LLMInterceptError:
            raise
        except Exception as error:  # noqa: BLE001 - the user's own, or the network's: what one would be raised
            kind = error.kind if isinstance(error, NetworkFaultError) else type(error).__name__
            found.append(Brought(UNREACHED, f"{kind}: {error}".encode(errors="replace")))
    return tuple(found)


def _answered(exchange: Exchange, content: bytes) -> Generator[Any, Any, Brought]:
    """Carry one exchange out; nobody waits for it, so that it takes no time."""
    given: Any = None
    while True:
        try:
            need = exchange.send(given)
        except StopIteration as end:
            return _read(end.value)
        if isinstance(need, Forward):
            exchange.close()
            return Brought(UNREACHED, NOT_SENT.encode())
        given = content if isinstance(need, ReadBody) else None if isinstance(need, Pause) else (yield need)


def _read(outcome: WireResponse | Forwarded) -> Brought:
    if isinstance(outcome, Forwarded):
        return Brought(UNREACHED, NOT_SENT.encode())
    content = b""
    for step in outcome.chunks:
        if isinstance(step, Break):
            return Brought(UNREACHED, f"{step.kind}: {step.message}".encode())
        content += step if isinstance(step, bytes) else b""
    return Brought(outcome.status, content)
