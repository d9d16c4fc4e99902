"""The page by its keys alone, and by its addresses."""

from __future__ import annotations

from tests.browser import documents
from tests.browser.waiting import becomes

FOCUS = "() => document.activeElement.id || document.activeElement.className"


def place(page) -> str:
    """What stands behind `#`."""
    return page.evaluate("() => location.hash")


def test_a_walk_by_keys(look):
    """Down, up, into a call, its views, back; search, and out of it."""
    page = look(documents.trip())
    for key in ("j", "ArrowDown", "j", "k"):
        page.keyboard.press(key)
    becomes(page, lambda: place(page), "#call=2")
    chosen = page.locator(".item[aria-selected=true]")
    becomes(
        page, lambda: chosen.get_attribute("id") == page.locator("#calls").get_attribute("aria-activedescendant"), True
    )
    page.keyboard.press("End")
    becomes(page, lambda: place(page), "#call=13")
    page.keyboard.press("Home")
    page.locator("#call-title .number").get_by_text("#1 ", exact=True).wait_for()
    page.keyboard.press("Enter")
    becomes(page, lambda: page.evaluate(FOCUS), "call-title")
    page.keyboard.press("4")
    becomes(page, lambda: place(page), "#call=1&view=response")
    page.wait_for_selector("#tab-response[aria-selected=true]")
    page.locator("#tab-response").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-conversation[aria-selected=true]")
    becomes(page, lambda: page.evaluate(FOCUS), "tab-conversation")
    page.keyboard.press("Escape")
    becomes(page, lambda: page.evaluate(FOCUS), "calls")
    page.keyboard.press("/")
    page.keyboard.type("passport")
    becomes(page, lambda: place(page).endswith("q=passport"), True)
    page.get_by_role("status").get_by_text("1 of 13 calls").wait_for()
    page.keyboard.press("Escape")
    becomes(page, lambda: "q=" in place(page), False)
    becomes(page, lambda: page.evaluate(FOCUS), "calls")


def test_everything_is_reached_by_tab(look):
    """In the order in which it is seen, each with its focus visible."""
    page = look(documents.trip(), "call=5")
    page.wait_for_selector(".chat")
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUS))
        visible = page.evaluate(
            "() => getComputedStyle(document.activeElement).outlineStyle !== 'none' || document.activeElement.matches('#calls, body')"
        )
        assert visible, seen[-1]
    wanted = ["search", "calls", "tab-conversation", "panel"]
    assert sorted(wanted, key=seen.index) == wanted


def test_an_address_leads_back(look):
    """To the call, the view and what the list was narrowed to; pages are in the browser's history."""
    page = look(documents.trip(), "call=4&view=response&status=ok&q=Paris")
    page.wait_for_selector("#tab-response[aria-selected=true]")
    becomes(page, page.locator("#search").input_value, "Paris")
    page.get_by_role("button", name="Rules").click()
    page.get_by_role("button", name="3 times").click()
    becomes(page, page.locator(".item").count, 3)
    assert "rule=on" in place(page)
    page.go_back()
    page.get_by_role("heading", name="Rules: 5, 1 not used").wait_for()
    page.go_back()
    page.wait_for_selector("#tab-response[aria-selected=true]")


def test_a_call_that_is_not_there_is_not_an_error(look):
    """Nor is a page or a view that nobody knows."""
    page = look(documents.trip(), "call=999&page=nowhere&view=none")
    page.get_by_role("heading", name="13 calls").wait_for()


def test_the_lanes_are_zoomed_by_keys(look):
    """In, on, out again; a call is chosen there by keys too, and by a click."""
    page = look(documents.trip(), "page=timeline")
    said = page.locator(".lanes-controls .muted")
    becomes(page, said.text_content, "13 calls in 7 lanes, 12.4 s")
    page.keyboard.press("+")
    becomes(page, lambda: "in sight: 6.2 s" in said.text_content(), True)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("0")
    becomes(page, said.text_content, "13 calls in 7 lanes, 12.4 s")
    page.keyboard.press("j")
    becomes(page, lambda: place(page), "#page=timeline&call=1")
    box = page.locator("#lanes svg").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 7 / 12.4, box["y"] + 30)  # of call 5, from 6 to 9.1 s in the first lane
    becomes(page, lambda: place(page), "#page=timeline&call=5")
    page.keyboard.press("+")
    before = page.locator("svg .tick").first.text_content()
    page.mouse.move(box["x"] + 200, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 700, box["y"] + 30, steps=4)
    page.mouse.up()
    becomes(page, lambda: page.locator("svg .tick").first.text_content() != before, True)
    becomes(page, lambda: place(page), "#page=timeline&call=5")  # that was no click


def test_what_stands_in_details_alone_is_found(look):
    """A header's value of a request is in no row."""
    page = look(documents.trip(), "q=OpenAI%2FPython%203.1")
    page.get_by_text("13 calls").first.wait_for()
    page.locator("#search").fill("weather station does not")
    page.get_by_role("status").get_by_text("1 of 13 calls").wait_for()
    becomes(page, page.locator(".item .number").all_text_contents, ["#5"])
