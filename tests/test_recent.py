"""Counts of the latest keys: exact for a key that comes again soon, and bounded whatever comes."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import intercept
from llm_intercept.base.recent import RecentCounts
from llm_intercept.engine import identity
from llm_intercept.engine.identity import Identities
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.journal import journal
from tests.amounts import examples
from tests.support import URL, ask, chat


@given(st.integers(1, 6), st.lists(st.integers(0, 12), max_size=60))
@settings(max_examples=examples(60), deadline=None)
def test_a_count_is_exact_until_as_many_others_came(most, keys):
    """And there are never more than twice as many; looking up alone changes no count."""
    recent: RecentCounts[int] = RecentCounts(most)
    exact: Counter[int] = Counter()
    for number, key in enumerate(keys):
        earlier = keys[:number]
        last = max((place for place, one in enumerate(earlier) if one == key), default=None)
        is_recent = last is not None and len(set(earlier[last:])) <= most
        count = recent[key]
        assert recent[key] == count
        if is_recent or key not in earlier:
            assert count == exact[key]
        else:
            exact[key] = count
        recent[key] = count + 1
        exact[key] += 1
        assert len(recent.kept()) <= 2 * most


def test_what_is_forgotten_counts_nothing():
    """Wherever it was kept."""
    recent: RecentCounts[str] = RecentCounts(1)
    recent["a"] = recent["a"] + 3
    recent["b"] = recent["b"] + 1
    recent.forget("a")
    assert (recent["a"], recent.kept()) == (0, {"b": 1})


def test_ids_are_those_of_the_repeat_and_bounded(monkeypatch):
    """The same request has a new id each time, and what is remembered of many is no more than twice the bound."""
    monkeypatch.setattr(identity, "REMEMBERED", 50)
    identities = Identities()
    first = [identities.next("a", "api", stream=False) for _ in range(3)]
    assert len(set(first)) == 3
    for number in range(49):
        identities.next(str(number), "api", stream=True)
    assert identities.next("a", "api", stream=False) not in first
    for number in range(1000):
        identities.next(f"other {number}", "api", stream=False)
    assert identities.next("a", "api", stream=False) == first[0]
    assert len(identities._repeats.kept()) <= 100


def test_a_process_that_keeps_no_calls_keeps_few_failures_and_counts_the_rest(monkeypatch):
    """Its report at the end tells the first, and how many there were."""
    monkeypatch.setattr(journal, "TOLD", 3)
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        engine_of(llm).journal.keep = False
        for number in range(10):
            assert httpx.post(URL, json=chat(f"{number}")).status_code == 404
    assert len(caught.value.unmatched) == 3
    assert "and 7 more failures" in caught.value.__notes__[0]


def test_a_conversation_keeps_its_place_in_a_script_while_others_come(monkeypatch):
    """As long as fewer than the bound came since; after that it begins anew."""
    monkeypatch.setattr("llm_intercept.rules.script.REMEMBERED", 4)
    with intercept() as llm:
        llm.reply("1", "2", "3").per("last_user")
        assert ask(httpx, "a") == "1"
        for number in range(3):
            ask(httpx, f"other {number}")
        assert ask(httpx, "a") == "2"
        for number in range(9):
            ask(httpx, f"another {number}")
        assert ask(httpx, "a") == "1"
