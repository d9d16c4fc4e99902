"""The rules of one interceptor, in the order they are tried.

Knows: rules. Must not know: what becomes of the reply.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from llm_intercept.errors import ShadowedRuleWarning
from llm_intercept.rules.rule import Rule
from llm_intercept.rules.script import Exhausted, SteppedAside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.facts import RuleFacts
    from llm_intercept.journal.journal import Journal
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import Prepared
    from llm_intercept.rules.index import Index
    from llm_intercept.rules.rule import Takes


EXPLAINED = 30  # rules that are compared in full
FEW = 32  # rules that are asked one after the other faster than they are looked up


@dataclass(slots=True)
class Decision:
    """The rule that answers and the reply it gives, or the reason why it has none."""

    rule: Rule
    reply: Prepared | Exhausted


@dataclass(slots=True)
class RuleBook:
    """Rules with conditions in the order they were made, then catch-alls in the order they were made.

    Those of a smaller distance come before those of a greater: a test's before its fixtures'. `distance` is that of the
    rules that are added next. `of_http` has the rules with conditions that look at more than a conversation.
    """

    rules: list[Rule] = field(default_factory=list[Rule])
    catch_alls: list[Rule] = field(default_factory=list[Rule])
    of_http: list[Rule] = field(default_factory=list[Rule])
    journal: Journal | None = None
    _index: Index | None = field(default=None, init=False, repr=False, compare=False)
    distance: int = field(default=0, repr=False, compare=False)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in its place."""
        rule.journal, rule.distance = self.journal, self.distance
        if rule.conditions:
            self.rules = self._placed(self.rules, rule)
        else:
            self.catch_alls = self._placed(self.catch_alls, rule)
        if rule.is_of_http:
            self.of_http.append(rule)
        return rule

    def _placed(self, rules: list[Rule], rule: Rule) -> list[Rule]:
        """Return rules with one more: another list, where it is not the last, and what was filed is filed anew."""
        if not rules or rules[-1].distance <= rule.distance:
            rules.append(rule)
            return rules
        self._index = None
        place = next(number for number, one in enumerate(rules) if one.distance > rule.distance)
        return [*rules[:place], rule, *rules[place:]]

    def fresh(self) -> RuleBook:
        """Make one of the same rules, none of which was used."""
        return book_of(rule.fresh() for rule in self.all())

    def all(self) -> list[Rule]:
        """Return all rules, in the order they are tried."""
        return [*self.rules, *self.catch_alls]

    def __len__(self) -> int:
        return len(self.rules) + len(self.catch_alls)

    def __contains__(self, rule: Rule) -> bool:
        return rule in self.rules or rule in self.catch_alls

    def warn_if_shadowed(self, rule: Rule) -> None:
        """Warn when an earlier catch-all answers for ever, so that this one never can."""
        earlier = next((one for one in self._as_near_before(rule) if one.answers_for_ever and one.covers(rule)), None)
        if earlier is not None:
            message = (
                f"{rule} ({rule.where}) can never answer: {earlier} ({earlier.where}) comes first and answers "
                "everything for ever. Give the first one times=, or conditions with llm.on(…)."
            )
            warnings.warn(message, ShadowedRuleWarning, stacklevel=3)

    def _as_near_before(self, rule: Rule) -> Iterator[Rule]:
        """Give the catch-alls of the same distance that are asked before one of them."""
        before = takewhile(lambda one: one is not rule, self.catch_alls)
        return (one for one in before if one.distance == rule.distance)

    def decide(self, request: LLMRequest, takes: Takes = None) -> Decision | None:
        """Find the first rule that means the request and matches, and take its reply."""
        for rule in self._candidates(request):
            if (takes is None or rule.means(request, takes)) and rule.matches(request):
                taken = rule.take(request)
                if not isinstance(taken, SteppedAside):
                    return Decision(rule, taken)
        return None

    def _candidates(self, request: LLMRequest) -> Iterable[Rule]:
        """Give the rules there are now, but of those that are filed only the ones that can match."""
        index = self._index
        if index is None:
            if len(self.rules) < FEW:
                return (*self.rules, *self.catch_alls)
            from llm_intercept.rules.index import Index  # noqa: PLC0415 - conditions cost 15 ms, and a plain reply has none

            index = self._index = Index()
        if len(self.rules) - index.filed >= FEW:
            index.file(self.rules)
        filed = index.filed
        return chain(self._filed(index, request, filed), (*self.rules[filed:], *self.catch_alls))

    def _filed(self, index: Index, request: LLMRequest, filed: int) -> Iterator[Rule]:
        rules, last = self.rules, -1
        for number in index.candidates(request):
            if number >= filed:
                return
            if number != last:
                yield rules[number]
            last = number

    def names(self, request: LLMRequest) -> bool:
        """Whether a rule names the path of a request that goes to no model's host."""
        return any(rule.means(request, "elsewhere") for rule in self.of_http)

    def matches(self, request: LLMRequest, takes: Takes = None) -> bool:
        """Whether a rule matches, whatever it has left to reply."""
        return any(rule.means(request, takes) and rule.matches(request) for rule in self._candidates(request))

    def matches_elsewhere(self, request: LLMRequest) -> bool:
        """Whether one of these rules matches."""
        return any(rule.means(request, "elsewhere") and rule.matches(request) for rule in self.of_http)

    def facts(self, request: LLMRequest, takes: Takes = None) -> tuple[RuleFacts, ...]:
        """Say of the rules that come nearest to `request` why they did not answer; of all, if they are few."""
        rules = self.of_http if isinstance(takes, str) else [*self.rules, *self.catch_alls]
        if len(rules) > EXPLAINED:
            rules = nsmallest(EXPLAINED, rules, key=lambda rule: rule.far(request))
        return tuple(rule.facts(request, takes) for rule in rules)

    def unused(self) -> tuple[RuleFacts, ...]:
        """Say of every rule that was to be used and was not, or not to its end, what is left; and what shadows it.

        A catch-all of one reply beside rules with conditions is a fallback, which need not be used; nor need one that a
        nearer rule answers for.
        """
        from llm_intercept.rules.shadow import shadow_of  # noqa: PLC0415 - conditions cost 15 ms, and a plain reply has none

        found: list[RuleFacts] = []
        for number, rule in enumerate(rules := [*self.rules, *self.catch_alls]):
            facts = None if self._is_fallback(rule) else rule.unused()
            if facts is not None:
                by = shadow_of(rule, rules[:number]) if not rule.used else None
                if by is not None and by.distance < rule.distance:
                    continue
                reason = f"{facts.reason}: {by} ({by.where}) comes first and answers instead" if by else facts.reason
                found.append(replace(facts, reason=reason))
        return tuple(found)

    def unmet(self) -> tuple[RuleFacts, ...]:
        """Say of every rule that did not answer as often as it was to."""
        return tuple(facts for rule in self.all() if (facts := rule.unmet()) is not None)

    def _is_fallback(self, rule: Rule) -> bool:
        return bool(self.rules) and not rule.conditions and len(rule.prepared) == 1


def book_of(rules: Iterable[Rule]) -> RuleBook:
    """Make the book of some rules."""
    book = RuleBook()
    for rule in rules:
        book.add(rule)
    return book
