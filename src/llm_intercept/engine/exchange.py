"""An exchange from request to answer: read, decide, write, note.

Knows: dialects, rules, the journal. Must not know: any HTTP library; it is a generator that yields what it needs
and is driven by a client adapter, sync or async.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from llm_intercept.base.hosts import is_llm_host, names_one
from llm_intercept.base.json import encode, items, json_object
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.dialects import DIALECTS, claimed_by
from llm_intercept.dialects.base import BadRequestError, Writing
from llm_intercept.engine.ask import FailedExchange, instance, resolve
from llm_intercept.engine.deliver import Play, is_end, is_plain
from llm_intercept.engine.explain import LET_OUT, bare, exhausted, no_rule, plainly
from llm_intercept.engine.identity import Identities
from llm_intercept.engine.played import Played, is_recorded
from llm_intercept.engine.refuse import refuse
from llm_intercept.engine.settle import settled
from llm_intercept.engine.watched import Watched
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
from llm_intercept.journal.journal import Call, Journal
from llm_intercept.model.wire import READ_BODY, Forward, Forwarded, NetworkFaultError, Pause, WireResponse
from llm_intercept.recording.capture import Capture
from llm_intercept.replies.mock_params import Mocked, Script, mocked
from llm_intercept.replies.reply import Computed, LetOut, Raises
from llm_intercept.rules.book import Decision, RuleBook
from llm_intercept.rules.script import Exhausted
from llm_intercept.simulation.service import Service

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.journal.budget import Budget
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Exchange, Step, WireRequest
    from llm_intercept.replies.reply import Answer, Faulty, Prepared
    from llm_intercept.settings import UnmatchedPolicy


IN_THE_BODY = "mock_response, in the request's body"


class HasEngine(Protocol):
    """What an exchange needs of each handler around it."""

    def engine(self) -> Engine:
        """Return the engine whose rules, recordings, limits and journal are asked; a lazy one is made now."""
        ...


@dataclass(slots=True)
class Case:
    """One request under way: as it came, as it was read, and its call."""

    wire: WireRequest
    request: LLMRequest
    dialect: Dialect
    call: Call


@dataclass(slots=True)
class Engine:
    """What one interceptor answers with: its rules, its journal and its settings."""

    unmatched: UnmatchedPolicy = "error"
    seed: int = 0
    tokenizer: Tokenizer = field(default_factory=EstimatingTokenizer)
    passthrough: tuple[str, ...] = ()
    all_used: bool = False
    budget: Budget | None = None
    book: RuleBook = field(default_factory=RuleBook)
    journal: Journal = field(default_factory=Journal)
    service: Service = field(default_factory=Service)
    recorder: Recorder | None = None
    _identities: Identities = field(default_factory=Identities)
    _scripts: Script = field(default_factory=Script)

    def exchange(self, request: WireRequest, outer: Sequence[HasEngine] = ()) -> Exchange | None:
        """Begin the exchange for a request; None if it is nobody's business here and goes its way untouched.

        Args:
            request: The request's head.
            outer: Whose engines to ask when this one has no rule that matches, the nearest first.

        """
        dialect = claimed_by(request)
        if dialect is not None:
            return self._claimed(request, dialect, _chain(self, outer))
        if is_llm_host(request.host) or (
            is_recorded(request) and any(engine.recorder for engine in _chain(self, outer))
        ):
            why = f"llm-intercept does not answer {request.method} {request.path}"
            return self._unclaimed(request, _chain(self, outer), why)
        return None

    def engine(self) -> Engine:
        """Itself: an engine is a handler whose engine is made."""
        return self

    def lets_out(self, host: str, model: str = "") -> bool:
        """Tell whether a request is one of those that `passthrough` lets out."""
        return bool(self.passthrough) and names_one(self.passthrough, host, model)

    def unseen(self, library: str, host: str) -> None:
        """Stop a library that cannot be answered for on its way to a known LLM host.

        Raises:
            UnseenClientError: The host is a known LLM host and the policy is `error` or `raise`.

        """
        if not is_llm_host(host) or self.unmatched == "passthrough" or self.lets_out(host):
            return
        error = UnseenClientError(library, host)
        if self.unmatched == "warn":
            warnings.warn(str(error), UnmatchedWarning, stacklevel=4)
            return
        self.journal.failures.append(error)
        raise error

    def settle(self, *, complete: bool = False) -> LLMInterceptError | None:
        """Return the error that the block should end with: what went unanswered, failed or was more than allowed.

        Args:
            complete: Whether the block came to its end, so that rules left over count too, where they are to be used.

        """
        unused = self.book.unused() if complete and self.all_used else ()
        recorded = self.recorder.settle() if self.recorder is not None else None
        return settled(self.journal, self.budget, unused, recorded)

    def _claimed(self, wire: WireRequest, dialect: Dialect, chain: tuple[Engine, ...]) -> Exchange:
        content: bytes = yield READ_BODY
        body = json_object(content)
        if body is None:
            return (yield from self._not_json(wire, chain))
        try:
            request = dialect.read(wire, body, content)
        except BadRequestError as refused:
            return self._refused(refused, wire, dialect, self._identities.digest(body, self.seed))
        digest = self._identities.digest(body, self.seed)
        call = Call(request, digest=digest, failed_before=self.journal.failed_before(digest))
        case = Case(wire, request, dialect, call)
        try:
            return (yield from self._answer(case, chain))
        except FailedExchange as failed:
            return self._broken(failed.error, case)
        except BaseException as error:  # a cancelled task ends a call too
            call.error = error
            call.finish()
            raise

    def _answer(self, case: Case, chain: tuple[Engine, ...]) -> Exchange:
        if [name for name in case.request.raw if name.startswith("mock_")]:
            mock = self._mocked(case)
            if mock is not None:
                if mock.delay:
                    yield Pause(mock.delay, self.service.timeline())
                return (yield from self._given(case, mock.reply, self.service, IN_THE_BODY))
        decision, service = _decide(case, chain)
        if isinstance(decision, Decision):
            return (yield from self._ruled(case, decision, service))
        if decision is None:
            return (yield from self._unmatched(case.call, case.dialect, _unanswered(case, chain)))
        if isinstance(decision, Played):
            return self._played(decision, case, service)
        if isinstance(decision, LetOut | Capture):
            return (yield from _forward(case.call, decision if isinstance(decision, Capture) else None))
        case.call.source = "rule"
        return (yield from self._given(case, decision, service, decision))

    def _ruled(self, case: Case, decision: Decision, service: Service) -> Exchange:
        """Answer as a rule says."""
        rule = case.call.rule = decision.rule
        if isinstance(decision.reply, Exhausted):
            facts = exhausted(case.wire, case.request, rule, decision.reply)
            return (yield from self._unmatched(case.call, case.dialect, facts))
        case.call.source = "rule"
        reply = decision.reply
        if isinstance(reply, Computed):
            reply = yield from resolve(reply, rule, case.request)
        return (yield from self._given(case, reply, service, rule, rule.where))

    def _played(self, played: Played, case: Case, service: Service) -> WireResponse:
        """Answer with a take."""
        from llm_intercept.engine.replay import replayed  # noqa: PLC0415 - recordings are loaded when there are some

        identity = self._next(case)
        writing = Writing(self.tokenizer, identity, lambda _: None)
        try:
            response = replayed(played, case.request, case.dialect, writing, service.timeline)
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        return _noted_played(played, response, case.call)

    def _given(self, case: Case, reply: Prepared, service: Service, rule: object, where: str = "") -> Exchange:
        if isinstance(reply, LetOut):
            return (yield from _forward(case.call))
        if isinstance(reply, Raises):
            case.call.error = instance(reply.error)
            case.call.finish()
            raise case.call.error
        if isinstance(reply, Computed):
            raise FailedExchange(ReplyError(f"{rule} is a function", "Give the reply itself.", where))
        if is_plain(reply, case.call, service):
            case.call.reply = reply
            response = self._write(case, reply, self._next(case), rule, where)
        else:
            response = yield from self._performed(case, Play.of(reply, case.call, service), rule, where)
        if case.request.stream or response.timeline is not None:
            return replace(response, chunks=Watched(response.chunks, partial(self._ended, case, rule, where)))
        case.call.finish()
        return response

    def _performed(self, case: Case, play: Play, rule: object, where: str) -> Generator[Any, Any, WireResponse]:
        case.call.reply = play.answer
        yield from play.fail_at_once()
        identity = self._next(case)
        written = self._write(case, play.answer, identity, rule, where)
        return (yield from play.perform(written, case.dialect, identity))

    def _next(self, case: Case) -> str:
        return self._identities.next(case.call.digest, stream=case.request.stream)

    def _mocked(self, case: Case) -> Mocked | None:
        """Read litellm's mock parameters, which the request's body may carry."""
        fields = dict(case.request.params)
        try:
            if isinstance(fields.get("mock_response"), list):
                given = items(fields["mock_response"])
                fields["mock_response"] = self._scripts.next(given, key=encode(given))
            found = mocked(fields)
        except LLMInterceptError as error:
            self.journal.note(case.call)
            raise FailedExchange(error) from error
        if found is not None:
            case.call.source = "rule"
            self.journal.note(case.call)
            _check_budget(self)
        return found

    def _write(self, case: Case, answer: Answer, identity: str, rule: object, where: str) -> WireResponse:
        call, request = case.call, case.request

        def note_usage(usage: Any) -> None:
            call.usage = usage

        try:
            response = case.dialect.write(request, answer, Writing(self.tokenizer, identity, note_usage))
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        except Exception as error:
            raise FailedExchange(ReplyFunctionError(str(rule), where, error)) from error
        call.status = response.status
        return response

    def _unmatched(self, call: Call, dialect: Dialect, facts: Unmatched) -> Exchange:
        call.source = "unmatched"
        if self.unmatched in {"passthrough", "warn"}:
            if self.unmatched == "warn":
                warnings.warn(str(facts), UnmatchedWarning, stacklevel=2)
            return (yield from _forward(call))
        self.journal.unmatched.append(facts)
        call.error = UnmatchedRequestError([facts])
        if self.unmatched == "raise":
            call.finish()
            raise call.error
        call.status = 404
        call.finish()
        return refuse(dialect, 404, str(facts), "llm_intercept_unmatched")

    def _broken(self, error: LLMInterceptError, case: Case) -> WireResponse:
        call = case.call
        self.journal.failures.append(error)
        call.status, call.error = 500, error
        call.finish()
        return refuse(case.dialect, 500, str(error), "llm_intercept_failed")

    def _refused(self, refused: BadRequestError, wire: WireRequest, dialect: Dialect, digest: str) -> WireResponse:
        """Answer what the API itself would refuse."""
        call = self.journal.note(Call(bare(wire)))
        call.source, call.status, call.error = "rule", refused.error.status, refused
        call.finish()
        return dialect.write_error(refused.error, self._identities.next(digest, stream=False))

    def _unclaimed(self, wire: WireRequest, chain: Sequence[Engine], why: str) -> Exchange:
        call = self.journal.note(Call(bare(wire)))
        if any(engine.lets_out(wire.host) for engine in chain):
            return (yield from _forward(call))
        if any(engine.recorder for engine in chain):
            return (yield from self._unclaimed_recorded(wire, chain, call))
        problem = f"llm-intercept stopped a request to {wire.host}, a known LLM host. {why}."
        facts = Unmatched(RequestFacts(wire.method, wire.url), problem, advice=LET_OUT)
        return (yield from self._unmatched(call, DIALECTS[0], facts))

    def _unclaimed_recorded(self, wire: WireRequest, chain: Sequence[Engine], call: Call) -> Exchange:
        """Play or record what no dialect claims: the take's answer in its own shape, or none."""
        case = Case(wire, plainly(wire, (yield READ_BODY)), DIALECTS[0], call)
        call.request = case.request
        try:
            answers = (_recorded(engine, case) for engine in chain)
            found = next((one for one in answers if one is not None), None)
            if isinstance(found, Played):
                from llm_intercept.engine.replay import replayed  # noqa: PLC0415 - as above

                response = replayed(
                    found, case.request, None, Writing(self.tokenizer, "", lambda _: None), self.service.timeline
                )
                return _noted_played(found, response, call)
        except LLMInterceptError as error:
            return self._broken(error, case)
        if found is not None:
            return (yield from _forward(call, found))
        return (yield from self._unmatched(call, case.dialect, _unanswered(case, tuple(chain))))

    def _not_json(self, wire: WireRequest, chain: Sequence[Engine]) -> Exchange:
        if is_llm_host(wire.host):
            why = "Its body is not a JSON object, or one too deep to read"
            return (yield from self._unclaimed(wire, chain, why))
        return Forwarded((yield Forward()))

    def _ended(self, case: Case, rule: object, where: str, error: Exception | None, last: Step | None) -> None:
        """Note how a stream ended; what a user's iterator raised is raised again when the block ends."""
        case.call.complete = error is None and is_end(case.call, last)
        if error is not None:
            case.call.error = error.seen if isinstance(error, NetworkFaultError) else error
            if not isinstance(error, NetworkFaultError):
                self.journal.failures.append(ReplyFunctionError(str(rule), where, error))
        case.call.finish()


def _chain(engine: Engine, outer: Sequence[HasEngine]) -> tuple[Engine, ...]:
    return (engine, *(one.engine() for one in outer))


def _decide(
    case: Case, chain: tuple[Engine, ...]
) -> tuple[Decision | LetOut | Answer | Faulty | Played | Capture | None, Service]:
    """Ask the engines from the innermost out, each its rules and then its recordings.

    Each one asked notes the call, and keeps its limits and its chaos.
    """
    service = chain[0].service
    for engine in chain:
        engine.journal.note(case.call)
        if engine.budget is not None:
            _check_budget(engine)
        if engine.passthrough and engine.lets_out(case.wire.host, case.request.model):
            return LetOut(), engine.service
        service = engine.service
        struck = service.admit(case.call)
        if struck is not None:
            return struck, service
        try:
            decision = engine.book.decide(case.request) or _recorded(engine, case)
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        if decision is not None:
            return decision, service
    return None, service


def _noted_played(played: Played, response: WireResponse, call: Call) -> WireResponse:
    call.source, call.status, call.usage = "recording", response.status, played.usage

    def ended(error: Exception | None, last: Step | None) -> None:  # noqa: ARG001 - how a stream ends is not told here
        call.error = error
        call.finish()

    return replace(response, chunks=Watched(response.chunks, ended))


def _recorded(engine: Engine, case: Case) -> Played | Capture | None:
    return engine.recorder.answer(case.wire, case.request) if engine.recorder is not None else None


def _unanswered(case: Case, chain: tuple[Engine, ...]) -> Unmatched:
    """Say why nothing answers: the rules, and the nearest recordings of the innermost engine that has any."""
    rules = no_rule(case.wire, case.request, [engine.book for engine in chain])
    recorder = next((engine.recorder for engine in chain if engine.recorder is not None), None)
    if recorder is None:
        return rules
    from llm_intercept.engine.missing import no_recording  # noqa: PLC0415 - recordings are loaded when there are some

    return replace(no_recording(recorder, case.wire, case.request), rules=rules.rules, count=rules.count)


def _check_budget(engine: Engine) -> None:
    """Refuse a call that is more than the budget allows: a program that runs away is stopped."""
    error = engine.budget.exceeded(engine.journal) if engine.budget is not None else None
    if error is not None:
        raise FailedExchange(error)


def _forward(call: Call, capture: Capture | None = None) -> Exchange:
    call.source = "live"
    call.status = yield Forward(capture)
    call.finish()
    return Forwarded(call.status)
