"""An exchange from request to answer: read, decide, write, note.

Knows: dialects, rules, the journal. Must not know: any HTTP library; it is a generator that yields what it needs
and is driven by a client adapter, sync or async.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects import DIALECTS, claimed_by
from llm_intercept.dialects.base import BadRequestError, ErrorFacts, Writing
from llm_intercept.engine.asking import FailedExchange, instance, resolve
from llm_intercept.engine.explaining import LET_OUT, bare, exhausted, no_rule
from llm_intercept.engine.watching import Watched
from llm_intercept.errors import (
    LLMInterceptError,
    ReplyError,
    ReplyFunctionError,
    RequestFacts,
    Unmatched,
    UnmatchedRequestError,
    UnmatchedWarning,
    UnseenClientError,
)
from llm_intercept.hosts import is_llm_host
from llm_intercept.journal import Call, Journal
from llm_intercept.jsontext import decode, encode, is_object, items, mapping
from llm_intercept.mocks import Mocked, Script, mocked
from llm_intercept.replies import Computed, Raises
from llm_intercept.rules.book import Decision, RuleBook
from llm_intercept.rules.rule import Exhausted
from llm_intercept.tokens import EstimatingTokenizer
from llm_intercept.wire import Forward, Forwarded, Pause, ReadBody, WireResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_intercept.content import LLMRequest
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.replies import Answer, Prepared
    from llm_intercept.settings import UnmatchedPolicy
    from llm_intercept.tokens import Tokenizer
    from llm_intercept.wire import Exchange, WireRequest

NO_RETRY = ("x-should-retry", "false")
NOT_IN_IDENTITY = frozenset({"stream", "stream_options"})


@dataclass(slots=True)
class Engine:
    """What one interceptor answers with: its rules, its journal and its settings."""

    unmatched: UnmatchedPolicy = "error"
    seed: int = 0
    tokenizer: Tokenizer = field(default_factory=EstimatingTokenizer)
    book: RuleBook = field(default_factory=RuleBook)
    journal: Journal = field(default_factory=Journal)
    _repeats: Counter[tuple[str, bool]] = field(default_factory=Counter[tuple[str, bool]])
    _scripts: Script = field(default_factory=Script)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def exchange(self, request: WireRequest, outer: Sequence[Engine] = ()) -> Exchange | None:
        """Begin the exchange for a request; None if it is nobody's business here and goes its way untouched.

        Args:
            request: The request's head.
            outer: The engines to ask when this one has no rule that matches, the nearest first.

        """
        dialect = claimed_by(request)
        if dialect is not None:
            return self._claimed(request, dialect, (self, *outer))
        if is_llm_host(request.host):
            return self._unclaimed(request, "It is not a request that llm-intercept answers")
        return None

    def unseen(self, library: str, host: str) -> None:
        """Stop a library that cannot be answered for on its way to a known LLM host.

        Raises:
            UnseenClientError: The host is a known LLM host and the policy is `error` or `raise`.

        """
        if not is_llm_host(host) or self.unmatched == "passthrough":
            return
        error = UnseenClientError(library, host)
        if self.unmatched == "warn":
            warnings.warn(str(error), UnmatchedWarning, stacklevel=4)
            return
        self.journal.failures.append(error)
        raise error

    def settle(self) -> LLMInterceptError | None:
        """Return the error that the block should end with, if anything went unanswered or failed."""
        if self.journal.failures:
            first = self.journal.failures[0]
            return first if isinstance(first, LLMInterceptError) else None
        return UnmatchedRequestError(self.journal.unmatched) if self.journal.unmatched else None

    def _claimed(self, wire: WireRequest, dialect: Dialect, chain: tuple[Engine, ...]) -> Exchange:
        body = _json_object((yield ReadBody()))
        if body is None:
            return (yield from self._not_json(wire))
        try:
            request = dialect.read(wire, body)
        except BadRequestError as refused:
            call = _note(Call(bare(wire)), chain[:1])
            call.source, call.status, call.error = "rule", refused.error.status, refused
            return dialect.write_error(refused.error, self._identity(body, stream=False))
        call = Call(request)
        try:
            return (yield from self._answer(wire, request, dialect, call, chain))
        except FailedExchange as failed:
            return self._broken(failed.error, call, dialect)
        except Exception as error:
            call.error = error
            call.finish()
            raise

    def _answer(
        self, wire: WireRequest, request: LLMRequest, dialect: Dialect, call: Call, chain: tuple[Engine, ...]
    ) -> Exchange:
        mocks = any(name.startswith("mock_") for name in request.params)
        mock = self._mocked(request, call) if mocks else None
        if mock is not None:
            call.source = "rule"
            _note(call, chain[:1])
            if mock.delay:
                yield Pause(mock.delay)
            return self._given(wire, mock.reply, request, dialect, call, "mock_response, in the request's body")
        decision = _decide(request, call, chain)
        if decision is None:
            return (
                yield from self._unmatched(call, dialect, no_rule(wire, request, [engine.book for engine in chain]))
            )
        call.rule = decision.rule
        if isinstance(decision.reply, Exhausted):
            return (yield from self._unmatched(call, dialect, exhausted(wire, request, decision.rule, decision.reply)))
        call.source = "rule"
        reply = yield from resolve(decision, request, wire)
        return self._given(wire, reply, request, dialect, call, str(decision.rule), decision.rule.where)

    def _given(
        self,
        wire: WireRequest,
        reply: Prepared,
        request: LLMRequest,
        dialect: Dialect,
        call: Call,
        rule: str,
        where: str = "",
    ) -> WireResponse:
        if isinstance(reply, Raises):
            call.error = instance(reply.error)
            call.finish()
            raise call.error
        if isinstance(reply, Computed):
            raise FailedExchange(ReplyError(f"{rule} is a function", "Give the reply itself.", where))
        call.reply = reply
        return self._write(wire, request, reply, dialect, call, rule, where)

    def _mocked(self, request: LLMRequest, call: Call) -> Mocked | None:
        """Read litellm's mock parameters, which the request's body may carry."""
        fields = dict(request.params)
        try:
            if isinstance(fields.get("mock_response"), list):
                given = items(fields["mock_response"])
                fields["mock_response"] = self._scripts.next(given, key=encode(given))
            return mocked(fields)
        except LLMInterceptError as error:
            _note(call, (self,))
            raise FailedExchange(error) from error

    def _write(
        self,
        wire: WireRequest,
        request: LLMRequest,
        answer: Answer,
        dialect: Dialect,
        call: Call,
        rule: str,
        where: str,
    ) -> WireResponse:
        def note_usage(usage: Any) -> None:
            call.usage = usage

        identity = self._identity(request.raw, stream=request.stream)
        try:
            response = dialect.write(request, answer, Writing(self.tokenizer, identity, note_usage))
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        except Exception as error:
            raise FailedExchange(ReplyFunctionError(rule, where, error)) from error
        call.status = response.status
        if request.stream:
            ended = partial(self._ended, call, wire, rule, where)
            return WireResponse(response.status, response.headers, Watched(response.chunks, ended))
        call.finish()
        return response

    def _unmatched(self, call: Call, dialect: Dialect, facts: Unmatched) -> Exchange:
        call.source = "unmatched"
        if self.unmatched in {"passthrough", "warn"}:
            if self.unmatched == "warn":
                warnings.warn(str(facts), UnmatchedWarning, stacklevel=2)
            return (yield from _forward(call))
        self.journal.unmatched.append(facts)
        call.error = UnmatchedRequestError([facts])
        call.finish()
        if self.unmatched == "raise":
            raise call.error
        call.status = 404
        return _refuse(dialect, 404, str(facts), "llm_intercept_unmatched")

    def _broken(self, error: LLMInterceptError, call: Call, dialect: Dialect) -> WireResponse:
        self.journal.failures.append(error)
        call.status, call.error = 500, error
        call.finish()
        return _refuse(dialect, 500, str(error), "llm_intercept_failed")

    def _unclaimed(self, wire: WireRequest, why: str) -> Exchange:
        call = _note(Call(bare(wire)), (self,))
        problem = f"llm-intercept stopped a request to {wire.host}, a known LLM host. {why}."
        facts = Unmatched(RequestFacts(wire.method, wire.url), problem, advice=LET_OUT)
        return (yield from self._unmatched(call, DIALECTS[0], facts))

    def _not_json(self, wire: WireRequest) -> Exchange:
        if is_llm_host(wire.host):
            return (yield from self._unclaimed(wire, "Its body is not a JSON object, or one too deep to read"))
        return Forwarded((yield Forward()))

    def _ended(self, call: Call, wire: WireRequest, rule: str, where: str, error: Exception | None) -> None:
        """Note how a stream ended; what a user's iterator raised is raised again when the block ends."""
        if error is not None:
            call.error = error
            if not wire.is_network_error(error):
                self.journal.failures.append(ReplyFunctionError(rule, where, error))
        call.finish()

    def _identity(self, body: Mapping[str, Any], *, stream: bool) -> str:
        """Hash the request, the seed and how often the request came before; JSON and stream of one request agree."""
        kept = {key: body[key] for key in sorted(body) if key not in NOT_IN_IDENTITY}
        digest = hashlib.blake2b(encode(kept), digest_size=40, key=str(self.seed).encode()).hexdigest()
        with self._lock:
            repeat = self._repeats[digest, stream]
            self._repeats[digest, stream] += 1
        return digest if repeat == 0 else hashlib.blake2b(f"{digest}{repeat}".encode(), digest_size=40).hexdigest()


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        value = decode(body)
    except (ValueError, RecursionError):
        return None
    return mapping(value) if is_object(value) else None


def _note(call: Call, chain: Iterable[Engine]) -> Call:
    for engine in chain:
        engine.journal.calls.append(call)
    return call


def _decide(request: LLMRequest, call: Call, chain: tuple[Engine, ...]) -> Decision | None:
    """Ask the engines from the innermost out; each one asked notes the call."""
    for engine in chain:
        _note(call, (engine,))
        try:
            decision = engine.book.decide(request)
        except ReplyFunctionError as error:
            raise FailedExchange(error) from error
        if decision is not None:
            return decision
    return None


def _forward(call: Call) -> Exchange:
    status = yield Forward()
    call.source, call.status = "live", status
    call.finish()
    return Forwarded(status)


def _refuse(dialect: Dialect, status: int, message: str, code: str) -> WireResponse:
    error = ErrorFacts(status, message, code=code, headers=(NO_RETRY,))
    return dialect.write_error(error, hashlib.blake2b(message.encode(errors="replace"), digest_size=40).hexdigest())
