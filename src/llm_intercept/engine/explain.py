"""Says of a request that nothing answers what it was, which rules came near, and what to do.

Knows: rule books and the facts errors are built from. Must not know: what becomes of the request.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.dialects import OPAQUE, claimed_by
from llm_intercept.engine.exits import place, port_of
from llm_intercept.facts import RequestFacts, RuleFacts, Unmatched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.engine.decide import Case
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.rules.book import RuleBook
    from llm_intercept.rules.script import Exhausted, Why


GIVE = "Give it a reply before the program asks: intercept('text'), llm.reply(…) or llm.on(…).reply(…)."


def facts_of(case: Case) -> RequestFacts:
    """Say the request in short."""
    request = case.request
    tools = tuple(tool.name for tool in request.tools)
    return RequestFacts(case.head.method, _shown(case), request.model, request.last_user, tools, request.stream)


def _shown(case: Case) -> str:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - what a secret looks like takes 40 ms to load

    return shown_url(case.head.url)


def let_out(case: Case) -> str:
    """Say how the request gets out to the network: all that nothing answers, or its model, or its path, alone."""
    model = case.request.model if "://" not in case.request.model else ""  # which would be taken for a host
    name = re.sub(r"[*?[]", r"[\g<0>]", model or case.head.host + urlsplit(_shown(case)).path)
    return (
        "To let what nothing answers out to the network: unmatched='passthrough' (LLM_INTERCEPT_UNMATCHED=passthrough),"
        f"\nor passthrough=[{name!r}] for this {'model' if model else 'path'} alone."
    )


def not_answered(case: Case) -> str:
    """Say that nobody here answers a request by itself, and whose API it asks, where that is known."""
    asked = OPAQUE.called(case.head)
    said = f"llm-intercept does not answer {case.head.method} {urlsplit(_shown(case)).path}"
    return f"{said} by itself, which is {asked}" if asked else said


def how_to_answer(case: Case) -> str:
    """Write the rule that would answer a request."""
    from llm_intercept.secrets.looks import MARK  # noqa: PLC0415 - as `shown_url`

    parts = urlsplit(_shown(case))
    place = (parts.netloc + parts.path).replace(MARK, "*")
    return f"To answer it: llm.on(url={place!r}).reply({OPAQUE.ready_answer(case.head)})"


def stopped(case: Case, why: str, chain: Sequence[Engine]) -> Unmatched:
    """Say that a request was stopped for the host it goes to, or for its path; how to answer it, how to let it out."""
    head, refusal = case.head, chain[0].refusal
    facts = RequestFacts(head.method, _shown(case))
    why = why or not_answered(case)
    if OPAQUE.claims(head):
        problem, server = f"llm-intercept stopped a request to {head.host}, a known LLM host. {why}.", ""
    else:
        problem = f"llm-intercept stopped a request that asks a model at {head.host}, as its path says. {why}."
        server = f" Or\npassthrough=[{place(head.host, port_of(head))!r}] for all that goes to this server."
    if refusal is not None:
        return Unmatched(facts, f"{problem}\n{refusal.problem}", advice=refusal.advice)
    answer = f"{how_to_answer(case)}\n" if claimed_by(head) is None else ""
    advice = f"{answer}{let_out(case)}{server}"
    if not case.is_ruled:
        return Unmatched(facts, problem, advice=advice)
    rules = tuple(fact for engine in chain for fact in engine.book.facts(case.request, case.takes))
    return Unmatched(facts, problem, rules, advice, count=sum(len(engine.book.of_http) for engine in chain))


def unanswered(case: Case, chain: Sequence[Engine]) -> Unmatched:
    """Say why nothing answers: the rules, and the nearest recordings of the innermost engine that has any."""
    rules = no_rule(case, [engine.book for engine in chain])
    refusal = chain[0].refusal
    if refusal is not None and not rules.rules:
        return Unmatched(rules.request, refusal.problem, advice=refusal.advice)
    recorder = next((engine.recorder for engine in chain if engine.recorder is not None), None)
    if recorder is None:
        return rules
    from llm_intercept.engine.missing import no_recording  # noqa: PLC0415 - recordings are loaded when there are some

    return replace(no_recording(recorder, case), rules=rules.rules, count=rules.count)


def no_rule(case: Case, books: Sequence[RuleBook]) -> Unmatched:
    """Say why each rule did not answer."""
    rules: tuple[RuleFacts, ...] = tuple(fact for book in books for fact in book.facts(case.request, case.takes))
    if rules:
        advice = "Change a rule, or add a catch-all: llm.reply(…).\n" + let_out(case)
        count = sum(len(book) for book in books)
        problem = "llm-intercept: no rule answers this request."
        return Unmatched(facts_of(case), problem, rules, advice, count=count)
    advice = f"{GIVE}\n{let_out(case)}"
    return Unmatched(facts_of(case), "llm-intercept: there is no rule to answer this request.", (), advice)


PROBLEMS: dict[Why, tuple[str, str]] = {
    "used up": (
        "llm-intercept: the rule for this request has no reply left.",
        "Give the rule as many replies as there are requests (an SDK's retry is a request of its own), or let it go on "
        "with .cycle() or .repeat_last().",
    ),
    "one shot": (
        "llm-intercept: the rule for this request has no reply left.",
        "Give a list of str, or a function that returns an iterator.",
    ),
    "no reply": ("llm-intercept: the rule for this request was never given a reply.", "Write llm.on(…).reply(…)."),
    "raced": (
        "llm-intercept: the replies of a script are taken in parallel.",
        "Give each conversation a script of its own: .per('conversation'), or .per(lambda request: …).\n"
        "Where it does not matter who gets which reply, say so: .shared().",
    ),
}


def exhausted(case: Case, end: Exhausted) -> Unmatched:
    """Say that the rule that should answer has no reply to give."""
    problem, advice = PROBLEMS[end.why]
    facts = RuleFacts(str(case.origin), case.where, reason=end.reason)
    return Unmatched(facts_of(case), problem, (facts,), advice, headed=False)
