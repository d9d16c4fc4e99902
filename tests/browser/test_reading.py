"""What is read on the page: conversations, orders, times, marked words."""

from __future__ import annotations

import random

import pytest

from tests.browser import documents
from tests.browser.documents import report, text, user
from tests.browser.waiting import becomes

ROW = {"n": 0, "question": "?", "status": 200, "source": "rule"}


def call(city: str, number: str = "") -> dict:
    """A call of a tool; not all APIs give it an id."""
    return {"kind": "tool_call", "name": "get_weather", "id": number, "arguments": f'{{"city": "{city}"}}'}


def result(said: str, number: str = "") -> dict:
    """What the tool said."""
    return {"kind": "tool_result", "name": "get_weather", "id": number, "text": said}


@pytest.mark.parametrize("ids", [("a", "b"), ("", "")], ids=["ids", "names alone"])
def test_a_result_stands_with_its_call(look, ids):
    """Whichever came first, where there are ids; in their order, where there are none."""
    results = [result("warm", ids[0]), result("cold", ids[1])]
    results = results[:: -1 if ids[0] else 1]
    messages = [
        user("?"),
        {"role": "assistant", "parts": [call("Rome", ids[0]), call("Oslo", ids[1])]},
        {"role": "tool", "parts": results},
    ]
    page = look(report({"title": "tools", "rows": [ROW]}, [{"n": 0, "messages": messages}]))
    page.wait_for_selector(".chat")
    assert [one.count("Result") for one in page.locator(".call").all_inner_texts()] == [1, 1]
    told = page.locator(".call").all_inner_texts()
    assert ["Rome" in told[0], "warm" in told[0], "Oslo" in told[1], "cold" in told[1]] == [True] * 4
    assert page.locator(".message.tool").count() == 0


def test_what_was_told_before_is_folded(look):
    """A result that came now names the tool of the call that came then."""
    page = look(documents.trip(), "call=4")
    page.get_by_text("3 earlier messages (as in call #3)").wait_for()
    assert page.locator(".message").count() == 2
    assert page.get_by_text("Result of get_weather").is_visible()
    page.get_by_text("3 earlier messages").click()
    becomes(page, page.locator(".message").count, 5)  # what is folded is written when it is opened


def test_numbers_stay_as_they_were_written(look):
    """Which reading JSON and writing it again would change."""
    answer = '{"big": 12345678901234567890, "whole": 1.0, "small": 1e-7, "letter": "\\u00e9", "none": {}, "list": []}'
    page = look(report({"title": "numbers", "rows": [ROW]}, [{"n": 0, "answer": {"parts": [text(answer)]}}]))
    page.wait_for_selector(".json")
    shown = page.locator(".json").text_content()
    assert "".join(shown.split()) == "".join(answer.split())
    assert '  "whole": 1.0,\n' in shown


def test_calls_are_ordered_by_what_they_took(look):
    """As the address says; as they were made is first again."""
    page = look(documents.trip(), "order=time")
    becomes(page, lambda: page.locator(".item .number").all_text_contents()[:3], ["#12", "#11", "#10"])
    page.get_by_label("Order").select_option("most tokens first")
    becomes(page, page.locator(".item .number").first.text_content, "#5")
    page.get_by_role("button", name="Clear").wait_for(state="hidden")


def test_lanes_know_the_real_time_too(look):
    """Where it is known: what was told to take seconds took none."""
    rows = [
        {**ROW, "n": n, "started": 2.0 * n, "duration": 1.5, "real_started": 1000 + 0.01 * n, "real_duration": 0.004}
        for n in range(3)
    ]
    page = look(report({"title": "times", "rows": rows}, [{"n": n} for n in range(3)]), "page=timeline")
    said = page.locator(".lanes-controls .muted")
    becomes(page, said.text_content, "3 calls in 1 lane, 5.5 s")
    page.get_by_role("button", name="Simulated time").click()
    becomes(page, said.text_content, "3 calls in 1 lane, 24 ms")


def test_what_is_searched_is_marked(look):
    """In the list and in the call, also in what is opened later."""
    page = look(documents.trip(), "q=weather&call=3")
    page.wait_for_function("() => CSS.highlights.get('found')?.size")
    marked = "() => [...CSS.highlights.get('found')].map((one) => one.toString().toLowerCase())"
    before = page.evaluate(marked)
    assert set(before) == {"weather"}
    page.get_by_text("1 tool:").click()
    page.wait_for_function("(size) => CSS.highlights.get('found').size > size", arg=len(before))
    assert len(page.evaluate(marked)) > len(before)


def test_marked_words_are_what_differs(look):
    """Of random texts: each side reads as it was; what is not marked is the same on both."""
    chance = random.Random(7)
    words = ["the", "a", "river", "tower", "is", "old", ",", ".", "\n", "1.5", "naïve", "日本", "🙂", "e\u0301"]
    pairs = [
        (
            " ".join(chance.choices(words, k=chance.randint(0, 40))),
            " ".join(chance.choices(words, k=chance.randint(0, 40))),
        )
        for _ in range(40)
    ]
    pairs += [
        ("same " * 3, "same " * 3),
        ("", "new"),
        ("x" * 5000, "y"),
        (" ".join(map(str, range(3000))), " ".join(map(str, range(3000, 0, -1)))),
    ]
    rows = [{**ROW, "n": n, "side": n % 2} for n in range(2 * len(pairs))]
    details = [{"n": n, "answer": {"parts": [text(pairs[n // 2][n % 2])]}} for n in range(2 * len(pairs))]
    head = {
        "title": "words",
        "kind": "difference",
        "rows": rows,
        "sides": [{"name": "a"}, {"name": "b"}],
        "pairs": [{"left": 2 * n, "right": 2 * n + 1} for n in range(len(pairs))],
    }
    page = look(report(head, details), "pair=1")
    read = """() => [...document.querySelectorAll(".cell")].map((one) => {
        const box = one.querySelector(".prose");
        const plain = [...box.childNodes].filter((node) => !/^(INS|DEL)$/.test(node.nodeName)).map((node) => node.textContent);
        return [box.textContent, plain.join("")];
    })"""
    for number, (left, right) in enumerate(pairs, 1):
        page.evaluate(f"() => {{ location.hash = '#pair={number}'; }}")
        page.get_by_role("heading", name=f"Pair {number}", exact=True).wait_for()
        becomes(page, lambda: [one[0] for one in page.evaluate(read)], [] if left == right else [left, right])
        assert len({plain for _, plain in page.evaluate(read)}) == (left != right)
