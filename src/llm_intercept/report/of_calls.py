"""A report of calls: each as a row and a detail, redacted as a tape is; the rules that there were.

Knows: calls, rules, what they say of themselves. Must not know: HTML, tests, where the report goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.engine.reread import body_of
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import clean_request, sanitize_response
from llm_intercept.report.continued import Continued
from llm_intercept.report.document import Detail, Failed, Message, NearRule, NearTake, Row, Unanswered, UsedRule
from llm_intercept.report.neutral_parts import SHORT, message_of, params_of, tool_of
from llm_intercept.report.read_exchange import ReadExchange, attempted
from llm_intercept.secrets.credentials import NOTHING
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.facts import RuleFacts, TakeFacts, Unmatched
    from llm_intercept.journal.journal import Call
    from llm_intercept.recording.sanitize import CleanRequest
    from llm_intercept.recording.take import TakeResponse
    from llm_intercept.rules.rule import Rule
    from llm_intercept.secrets.redactor import Redactor

UNIT = 0.0001
"""Seconds of a unit of the times of an answer's pieces: fine enough that those of many tokens do not drift."""
REDACTION = Redaction()
Entry = tuple[Row, Detail]


class CallReader:
    """Makes a row and a detail of each call, in the order in which they are given."""

    def __init__(self) -> None:
        self._before = Continued()

    def entry(self, n: int, call: Call, redaction: Redaction = REDACTION, *, test: str = "") -> Entry:
        """Read a call.

        Args:
            n: The number of its row.
            call: The call.
            redaction: What is taken out beside the known shapes of secrets.
            test: The id of the test that made it.

        """
        request = call.request
        asked = clean_request(request.method, request.url, request.headers, body_of(request), redaction)
        read = ReadExchange(asked.request, _given(call, asked, redaction), UNIT)
        redactor = redaction.of(asked.sent)
        nothing: tuple[Message, ...] = ()
        recalled = attempted(lambda: _recalled(call, read, redactor), nothing) if read.dialect.remembers else nothing
        messages = (*recalled, *read.messages)
        row = self._row(n, call, read, redactor, test)
        if recalled:
            said = redactor.text(request.last_user)
            row = row.model_copy(update={"question": _in_a_line(said), "turn": request.turn})
        row = row.model_copy(update={"retry_of": self._before.retry(n, test, row.attempt, call.digest)})
        return row, self._detail(n, call, read, redactor, messages, self._before.conversation(n, test, messages))

    def _row(self, n: int, call: Call, read: ReadExchange, redactor: Redactor, test: str) -> Row:
        request, usage = read.request, call.usage or read.usage
        rule, where, outcome, model, *faults = redactor.whole(
            [*_origin(call), call.outcome, call.request.model, *map(str, call.faults)]
        )
        return Row(
            n=n,
            test=test,
            api=call.request.api,
            model=request.model or model,
            stream=request.stream,
            question=_in_a_line(request.last_user),
            answer=read.answer,
            source=call.source,
            rule=rule,
            where=where,
            status=call.status,
            outcome=outcome,
            failed=call.failed,
            attempt=call.attempt,
            turn=request.turn,
            input_tokens=None if usage is None else usage.input_tokens,
            output_tokens=None if usage is None else usage.output_tokens,
            cost=call.cost,
            started=round(call.started, 6),
            real_started=round(call.arrived, 6),
            first=read.first,
            duration=round(call.duration if call.elapsed is None else call.elapsed, 6),
            real_duration=round(call.duration, 6),
            chunks=None if read.events is None else len(read.events),
            faults=tuple(faults),
            url=read.asked.url,
            method=call.request.method,
            under_way=not call.is_finished,
        )

    def _detail(
        self,
        n: int,
        call: Call,
        read: ReadExchange,
        redactor: Redactor,
        messages: tuple[Message, ...],
        before: tuple[int | None, int],
    ) -> Detail:
        return Detail(
            n=n,
            messages=messages,
            known=before[1],
            continues=before[0],
            tools=tuple(map(tool_of, read.request.tools)),
            params=params_of(read.request),
            answer=read.told,
            events=read.events,
            request=read.sent,
            response=read.came,
            error=None if call.error is None else redactor.text(_failure(call.error)),
            unmatched=_unanswered(getattr(call.error, "unmatched", ()), redactor),
            retry_after=call.retry_after,
            timeout=None if call.timeout is None else dict(call.timeout),
        )


def used_rules(rules: Iterable[Rule], first: int = 1, test: str = "") -> list[UsedRule]:
    """Say of rules how often each has answered, by number from `first`."""
    clean = REDACTION.of(NOTHING)
    return [
        UsedRule(
            number=number,
            text=clean.text(str(rule)),
            where=clean.text(rule.where),
            used=rule.used,
            optional=rule.is_optional,
            test=test,
        )
        for number, rule in enumerate(rules, first)
    ]


def _in_a_line(said: str) -> str:
    return cut(" ".join(said.split()), SHORT)


def _given(call: Call, asked: CleanRequest, redaction: Redaction) -> TakeResponse | None:
    response = call.response
    if response is None:
        return None
    chunks = [Chunk(piece, at / UNIT) for piece, at in zip(response.pieces, response.times, strict=True)]
    return sanitize_response(asked, response.status, response.headers, chunks, redaction)


def _origin(call: Call) -> list[Any]:
    """Say who answered and where that was written; a limit and chaos are no rules."""
    if call.rule is not None:
        return [str(call.rule), call.rule.where]
    return [None, None]


def _failure(error: BaseException) -> str:
    """Say an error; one of the network by the name that clients have for it."""
    return f"{getattr(error, 'kind', None) or type(error).__name__}: {error}"


def _recalled(call: Call, read: ReadExchange, redactor: Redactor) -> tuple[Message, ...]:
    """Give the messages that a request only names, by the id of an answer that it continues."""
    more = len(call.request.messages) - len(read.messages)
    if more <= 0:
        return ()
    told = [message_of(message).model_dump(exclude_defaults=True) for message in call.request.messages[:more]]
    return tuple(map(Message.model_validate, redactor.value(told)))


def _unanswered(unmatched: tuple[Unmatched, ...], redactor: Redactor) -> Unanswered | None:
    """Say why nothing answered."""
    if not unmatched:
        return None
    facts = unmatched[0]
    nearest = sorted(facts.rules, key=lambda rule: rule.distance)
    found = Unanswered(
        text=str(facts),
        problem=facts.problem,
        advice=facts.advice,
        rules=tuple(map(_near_rule, nearest)),
        takes=tuple(map(_near_take, facts.takes)),
    )
    return Unanswered.model_validate(redactor.value(found.model_dump()))


def _near_rule(facts: RuleFacts) -> NearRule:
    failed = [Failed(condition=one.subject, expected=one.expected, got=one.got, hint=one.hint) for one in facts.failed]
    return NearRule(rule=facts.rule, where=facts.where, failed=tuple(failed), held=facts.held, reason=facts.reason)


def _near_take(facts: TakeFacts) -> NearTake:
    return NearTake(name=facts.name, reason=facts.reason, differences=facts.differences)
