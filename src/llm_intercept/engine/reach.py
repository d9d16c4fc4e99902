"""Which requests are anybody's business: those to models, those that a tape concerns, those whose path a rule names.

Knows: dialects, what engines have. Must not know: how a request is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects import OPAQUE, claimed_by
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.engine.exits import port_of

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.rules.rule import Takes

Chain = tuple["Engine", ...]


def records(chain: Chain) -> bool:
    """Whether there is a tape."""
    return any(engine.recorder is not None for engine in chain)


def concerns(head: WireRequest, chain: Chain) -> bool:
    """Whether a request that no API claims may be anybody's business; of some, their body says whether it is."""
    return OPAQUE.claims(head) or OPAQUE.asks_a_model(head) != "no" or _of_a_tape(head, chain) or _named(head, chain)


def is_of_a_model(head: WireRequest, content: bytes, chain: Chain) -> bool:
    """Whether a request that no API claims asks a model, or is one of a tape's."""
    return OPAQUE.is_question(head, content) or _of_a_tape(head, chain)


def is_answered_elsewhere(request: LLMRequest, chain: Chain) -> bool:
    """Whether a rule names the path of a request that asks no model, and matches it."""
    return any(engine.book.of_http and engine.book.matches_elsewhere(request) for engine in chain)


def is_read(head: WireRequest, dialect: Dialect, chain: Chain) -> bool:
    """Whether the body says what becomes of a request: which answer it gets, whether it asks a model, and which."""
    if dialect is not OPAQUE or any(_looks(engine) for engine in chain):
        return True
    return not OPAQUE.claims(head) and OPAQUE.asks_a_model(head) == "perhaps"


def is_stopped(dialect: Dialect, chain: Chain) -> bool:
    """Whether a request that no rule answers is stopped for its host alone, since no recording could answer it."""
    return dialect is OPAQUE and not records(chain)


def lets_out(head: WireRequest, chain: Chain) -> bool:
    """Whether the request is one of those that `passthrough` lets out."""
    return any(engine.lets_out(head.host, path=head.path, port=port_of(head)) for engine in chain if engine.passthrough)


def answers(head: WireRequest, content: bytes, chain: Chain) -> bool:
    """Whether a request is answered here and not let out, as far as that is known before a rule gives its reply."""
    dialect = claimed_by(head)
    if (dialect is None and not concerns(head, chain)) or lets_out(head, chain):
        return False
    try:
        request = (dialect or OPAQUE).read(head, content)
    except BadRequestError:
        return not chain[0].lets_unmatched_out
    except UnreadableError:
        dialect, request = None, OPAQUE.read(head, content)
    if dialect is None and not is_of_a_model(head, content, chain):
        return is_answered_elsewhere(request, chain)
    if any(engine.lets_out(head.host, request.model, head.path, port_of(head)) for engine in chain):
        return False
    takes: Takes = dialect.takes if dialect is not None else "a model"
    return not chain[0].lets_unmatched_out or any(engine.book.matches(request, takes) for engine in chain)


def _looks(engine: Engine) -> bool:
    return bool(engine.recorder is not None or engine.passthrough or engine.book.of_http)


def _of_a_tape(head: WireRequest, chain: Chain) -> bool:
    return any(engine.recorder is not None and engine.recorder.concerns(head) for engine in chain)


def _named(head: WireRequest, chain: Chain) -> bool:
    """Whether a rule names the path, as far as the head says."""
    books = [engine.book for engine in chain if engine.book.of_http]
    return bool(books) and any(book.names(OPAQUE.read(head, b"")) for book in books)
