"""Says of a request that nothing answers what it was, which rules came near, and what to do.

Knows: rule books and the facts errors are built from. Must not know: what becomes of the request.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from llm_intercept.base.json import decode, mapping, text
from llm_intercept.errors import RequestFacts, RuleFacts, Unmatched
from llm_intercept.model.request import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.wire import WireRequest
    from llm_intercept.rules.book import RuleBook
    from llm_intercept.rules.rule import Rule
    from llm_intercept.rules.script import Exhausted, Why

LET_OUT = (
    "To let what nothing answers out to the network: unmatched='passthrough' (LLM_INTERCEPT_UNMATCHED=passthrough),\n"
    "or passthrough=['a host or model'] for some."
)


def bare(wire: WireRequest) -> LLMRequest:
    """Make the request to note where the body is not read."""
    return LLMRequest(operation="unclaimed", model="", headers=wire.headers, url=wire.url)


def plainly(wire: WireRequest, content: bytes) -> LLMRequest:
    """Make the request of what no dialect reads: its JSON, or nothing of it where it is no JSON object."""
    try:
        body = mapping(decode(content))
    except (ValueError, RecursionError):
        body = {} if not content else {"content_hash": hashlib.blake2b(content, digest_size=16).hexdigest()}
    return LLMRequest(
        operation="unclaimed", model=text(body.get("model")), raw=body, headers=wire.headers, url=wire.url
    )


def _facts(wire: WireRequest, request: LLMRequest) -> RequestFacts:
    tools = tuple(tool.name for tool in request.tools)
    return RequestFacts(wire.method, wire.url, request.model, request.last_user, tools, request.stream)


def no_rule(wire: WireRequest, request: LLMRequest, books: Sequence[RuleBook]) -> Unmatched:
    """Say why each rule did not answer."""
    rules: tuple[RuleFacts, ...] = tuple(fact for book in books for fact in book.facts(request))
    if rules:
        advice = "Change a rule, or add a catch-all: llm.reply(…).\n" + LET_OUT
        count = sum(len(book) for book in books)
        problem = "llm-intercept: no rule answers this request."
        return Unmatched(_facts(wire, request), problem, rules, advice, count=count)
    advice = "Give it a reply: intercept('text'), llm.reply(…) or llm.on(…).reply(…).\n" + LET_OUT
    return Unmatched(_facts(wire, request), "llm-intercept: there is no rule to answer this request.", (), advice)


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


def exhausted(wire: WireRequest, request: LLMRequest, rule: Rule, end: Exhausted) -> Unmatched:
    """Say that the rule that should answer has no reply to give."""
    problem, advice = PROBLEMS[end.why]
    facts = RuleFacts(str(rule), rule.where, reason=end.reason)
    return Unmatched(_facts(wire, request), problem, (facts,), advice, headed=False)
