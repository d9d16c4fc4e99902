"""Each view, in both themes: a picture is kept, and axe finds no fault in it."""

from __future__ import annotations

import pytest

from tests.browser import documents
from tests.browser.waiting import becomes

# What is shown: a report, a place in it, the width and height of the window.
VIEWS = {
    "calls": (documents.trip, ""),
    "conversation": (documents.trip, "call=3"),
    "conversation-media": (documents.trip, "call=5"),
    "call-timeline": (documents.trip, "call=3&view=timeline"),
    "request": (documents.trip, "call=4&view=request"),
    "response": (documents.trip, "call=4&view=response"),
    "broken-stream": (documents.trip, "call=13"),
    "unmatched": (documents.trip, "call=6"),
    "timeline": (documents.trip, "page=timeline&call=9"),
    "rules": (documents.trip, "page=rules"),
    "tokens": (documents.trip, "page=usage"),
    "filtered": (documents.trip, "status=failed&q=weather"),
    "nothing-found": (documents.trip, "q=zzzz"),
    "difference": (documents.difference, "pair=1"),
    "difference-sums": (documents.difference, ""),
    "difference-one-side": (documents.difference, "pair=4"),
    "empty": (documents.empty, ""),
    "one-call": (documents.one_call, ""),
    "narrow-calls": (documents.trip, "", 390, 780),
    "narrow-call": (documents.trip, "call=5", 390, 780),
    "narrow-timeline": (documents.trip, "page=timeline", 390, 780),
    "narrow-difference": (documents.difference, "pair=1", 390, 780),
}
FAULTS = """async () => (await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }))
    .violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => target + " " + failureSummary)}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_seen_and_can_be_used_by_all(look, axe, pictures, name, theme):
    """What is folded is opened for axe, but not for the picture."""
    report, place, *size = VIEWS[name]
    page = look(report(), place, theme=theme, **dict(zip(("width", "height"), size, strict=False)))
    page.wait_for_timeout(150)  # resizing and details come a moment later
    page.screenshot(path=pictures / f"{name}-{theme}.png")
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.evaluate(axe)
    assert page.evaluate(FAULTS) == []


def test_the_help_is_a_dialog(look, axe, pictures):
    """Which takes the focus, and gives it back."""
    page = look(documents.trip())
    page.keyboard.press("?")
    page.screenshot(path=pictures / "help-light.png")
    page.evaluate(axe)
    assert page.evaluate(FAULTS) == []
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="hidden")


@pytest.mark.parametrize("place", ["call=5", ""], ids=["call", "list"])
def test_paper_shows_what_is_folded_and_out_of_sight(look, pictures, place):
    """A call with its parts unfolded; the whole list, and nothing that can only be clicked."""
    page = look(documents.trip() if place else documents.many(300), place)
    page.wait_for_selector(".chat" if place else ".item")
    page.pdf(path=pictures / f"print-{place or 'list'}.pdf")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.screenshot(path=pictures / f"print-{place or 'list'}.png", full_page=True)
    becomes(page, page.locator("nav, .filters, .tabs").filter(visible=True).count, 0)
    if place:
        becomes(page, page.locator(".panel details:not([open])").count, 0)
        page.locator("img").wait_for()
    else:
        becomes(page, page.locator(".item").filter(visible=True).count, 300)


def test_the_theme_is_chosen_and_kept(look):
    """As the system has it, light, dark; after a reload as before."""
    page = look(documents.trip(), theme="dark")
    ground = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Theme: auto").click()
    becomes(page, lambda: page.evaluate(ground), "rgb(255, 255, 255)")
    assert dark != "rgb(255, 255, 255)"
    page.reload()
    page.get_by_role("button", name="Theme: light").click()
    becomes(page, lambda: page.evaluate(ground), dark)
