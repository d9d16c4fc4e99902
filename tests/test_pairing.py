"""Of two runs it is told which exchange is which, whatever changed between them."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.recording import pairing
from llm_intercept.recording.pairing import paired
from llm_intercept.recording.take import TakeRequest
from tests.amounts import examples
from tests.support import GEMINI, MESSAGES, URL

QUESTIONS = ("What is the capital of France?", "Write a poem about rain", "hi", "Sum up this report for me")


def asked(user, system="", *, url=URL, before=(), **body):
    said = [{"role": role, "content": text} for role, text in before]
    first = [{"role": "system", "content": system}] if system else []
    return TakeRequest(
        method="POST", url=url, body={"messages": [*first, *said, {"role": "user", "content": user}], **body}
    )


def shuffled(count, seed=1):
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return order


TURNS = st.lists(
    st.tuples(
        st.sampled_from(QUESTIONS), st.sampled_from(("", "Be brief.", "Be long.")), st.sampled_from((URL, MESSAGES))
    ),
    max_size=7,
)


@settings(max_examples=examples(90))
@given(was=TURNS, now=TURNS)
def test_each_exchange_is_in_one_pair_and_what_is_the_same_is_paired(was, now):
    one, other = ([asked(user, system, url=url) for user, system, url in run] for run in (was, now))
    pairs = paired(one, other)
    lefts = [left for left, _ in pairs if left is not None]
    rights = [right for _, right in pairs if right is not None]
    assert lefts == list(range(len(one)))
    assert sorted(rights) == list(range(len(other)))
    assert (None, None) not in pairs
    same = sum(was[left] == now[right] for left, right in pairs if None not in {left, right})
    assert same == sum(min(was.count(each), now.count(each)) for each in set(was))
    assert all(one[left].url == other[right].url for left, right in pairs if None not in {left, right})
    assert paired(one, one) == [(at, at) for at in range(len(one))]


def test_a_new_prompt_model_or_tool_makes_no_other_conversation_whatever_the_order():
    order = shuffled(100)
    was = [asked(f"question {number}", "Old.", before=[("user", "Hi"), ("assistant", "Yes?")]) for number in range(100)]
    for change in ({"model": "m"}, {"tools": [{"type": "function", "function": {"name": "f"}}]}, {}):
        system = "" if change else "All is new."
        now = [
            asked(f"question {number}", system, before=[("user", "Hi"), ("assistant", "Yes!")], **change)
            for number in order
        ]
        assert paired(was, now) == [(number, order.index(number)) for number in range(100)]


def test_of_several_with_the_same_question_the_nearest_is_meant():
    """`Yes` is said in many conversations."""
    before = [[("user", f"Book {place}"), ("assistant", f"{place}, for two?")] for place in ("Rome", "Oslo", "Lima")]
    was = [asked("Yes", "Old.", before=one) for one in before]
    now = [asked("Yes", "New.", before=one) for one in reversed(before)]
    assert paired(was, now) == [(0, 2), (1, 1), (2, 0)]


def test_a_question_in_other_words_is_found_and_another_question_is_not():
    was = [asked("Please say hello to Ann"), asked("What is the time in Oslo?"), asked("Only then")]
    now = [asked("What is the time in Bergen?"), asked("Only now"), asked("Please say hello to Bob")]
    assert paired(was, now) == [(0, 2), (1, 0), (2, None), (None, 1)]
    later = asked("Please say hello to Ann", before=[("user", "Hi"), ("assistant", "Yes?")])
    assert paired(was[:1], [later]) == [(0, None), (None, 0)]


def test_takes_of_different_apis_are_no_pair():
    gemini = TakeRequest(
        method="POST", url=f"{GEMINI}:generateContent", body={"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    )
    assert paired([asked("hi")], [gemini]) == [(0, None), (None, 0)]


def test_what_is_no_conversation_is_known_by_its_path():
    one, other = (TakeRequest(method="GET", url=f"https://api.openai.com/v1/{name}") for name in ("files", "batches"))
    assert paired([one], [other]) == [(0, None), (None, 0)]
    assert paired([one, other], [other, one]) == [(0, 1), (1, 0)]


def test_what_only_the_second_run_has_stands_after_what_came_before_it():
    was = [asked("a"), asked("b"), asked("gone"), asked("c")]
    now = [asked("first"), asked("a"), asked("between"), asked("c"), asked("last")]
    assert paired(was, now) == [(None, 0), (0, 1), (1, None), (2, None), (None, 2), (3, 3), (None, 4)]


def test_of_equal_requests_each_has_one_partner_in_order():
    was = [asked("x", seed=1), asked("x", seed=2), asked("x", seed=1)]
    now = [asked("x", seed=2), asked("x", seed=1), asked("x", seed=3), asked("x", seed=1)]
    assert paired(was, now) == [(0, 1), (None, 2), (1, 0), (2, 3)]


def test_the_work_does_not_grow_with_the_square_of_the_runs(monkeypatch):
    count = 0

    def distance(_):
        nonlocal count
        count += 1
        return 1.0

    monkeypatch.setattr(pairing, "distance", distance)
    for size in (100, 200):
        paired([asked(f"old {n}") for n in range(size)], [asked(f"old and new {n}") for n in range(size)])
        assert count <= size * 2 * pairing.AROUND
        count = 0


def test_another_course_is_further_than_any_other_words():
    """Who spoke, and how often, is what a conversation keeps when its prompts change."""
    course = [("user", "Hi"), ("assistant", "Yes?")]
    was = pairing.Conversation(asked("Book Rome", "Old.", before=course, model="m"))
    others = [
        asked("Book Rome", "Old.", before=course, model="m"),
        asked("Book Rome", "New.", before=course, model="m"),
        asked("What is the time?", "All is new.", before=course, model="n", temperature=0),
        asked("Book Rome", "Old.", model="m"),
    ]
    apart = [was.apart(pairing.Conversation(one)) for one in others]
    assert apart == sorted(set(apart))
    assert apart[0] == 0
