"""Texts of a model, a server, a file's name: shown as they are in each place, whatever they would have a browser do."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from llm_intercept.shown import STEERING
from tests.browser import documents
from tests.browser.waiting import becomes

REPORT = documents.hostile()


class Listener:
    """A server on loopback that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        handler = type("Handler", (BaseHTTPRequestHandler,), {"do_GET": lambda one: self.asked.append(one.path)})
        self.server = HTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def listener():
    """Listens in a thread."""
    made = Listener()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


PLACES = [
    "call={}&view=conversation",
    "call={}&view=timeline",
    "call={}&view=request",
    "call={}&view=response",
    "call={}&view=unmatched",
    "page=timeline&call={}",
    "page=rules",
    "page=usage&by=model",
    "page=difference&pair=1",
]
FOUND = """() => ({
    alien: [...document.querySelectorAll("iframe, object, embed, link, base, form[action], [onerror], [onload], [style*=url]")].map((one) => one.outerHTML),
    links: [...document.querySelectorAll("a")].filter((one) => !/^https?:/.test(one.getAttribute("href") ?? "") || !one.rel.includes("noopener")).map((one) => one.outerHTML),
    sources: [...document.querySelectorAll("[src]")].map((one) => one.getAttribute("src")).filter((one) => !one.startsWith("data:")),
    scripts: document.querySelectorAll("script:not([type^=application])").length,
})"""


def escaped(text: str) -> str:
    """The text as the page shows it."""

    def escape(found):
        code = ord(found.group())
        if found.group() in "\n\t":
            return found.group()
        if found.group() == "\r":
            return "\\r"
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return STEERING.sub(escape, text.encode(errors="backslashreplace").decode())


@pytest.mark.parametrize("place", PLACES)
def test_no_text_runs_loads_or_leads_anywhere(look, place):
    """In no view of any call, with all that is folded opened; `visit` fails for each request, dialog and error."""
    page = look(REPORT, place.format(1))
    for number in range(1, len(documents.HOSTILE) + 1) if "{}" in place else [1]:
        page.evaluate(f"() => {{ location.hash = {place.format(number)!r}; }}")
        page.wait_for_timeout(40)
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.wait_for_timeout(20)
        page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert page.evaluate(FOUND) == {"alien": [], "links": [], "sources": [], "scripts": 1}


def test_each_text_is_shown_as_it_is(look):
    """In the conversation; of a very long one the beginning."""
    page = look(REPORT, "call=1&view=conversation")
    texts = "() => [...document.querySelectorAll('.chat .prose, .chat .code')].map((one) => one.textContent)"
    for number, evil in enumerate(documents.HOSTILE, 1):
        page.evaluate(f"() => {{ location.hash = '#call={number}&view=conversation'; }}")
        page.locator("#call-title .number").get_by_text(f"#{number} ", exact=True).wait_for()
        page.wait_for_selector(".chat")
        wanted = "".join(escaped(evil)[:15_000].split())
        becomes(page, lambda: any(wanted in "".join(one.split()) for one in page.evaluate(texts)), True)  # noqa: B023


def test_nothing_steers_the_readers_eye(look):
    """No control, no override of the direction, no invisible letter is anywhere on the page, nor in a tip."""
    page = look(REPORT, "call=12&view=conversation")
    for place in (
        "call=12&view=conversation",
        "call=13&view=response",
        "page=difference&pair=6",
        "page=rules",
        "page=usage",
    ):
        page.evaluate(f"() => {{ location.hash = {place!r}; }}")
        page.wait_for_timeout(60)
        texts = "() => [document.body.innerText, ...[...document.querySelectorAll('[title], [aria-label]')].map((one) => one.title + one.ariaLabel)].join(' ')"
        assert set(STEERING.findall(page.evaluate(texts))) <= {"\n", "\t"}


def test_the_policy_holds(look, told, listener):
    """What the page must not do it cannot: text as markup, a script, an image or a request from elsewhere."""
    page = look(REPORT)
    tries = """async (there) => {
        const loaded = (one) => new Promise((ran, stopped) => Object.assign(one, { onload: ran, onerror: stopped, src: there }));
        const script = () => { const one = document.createElement("script"); document.body.append(one); return loaded(one); };
        const tried = { markup: () => { document.body.innerHTML = "<b>x</b>"; }, request: () => fetch(there), script, image: () => loaded(new Image()) };
        const failed = [];
        for (const [name, act] of Object.entries(tried)) { try { await act(); } catch { failed.push(name); } }
        return failed;
    }"""
    assert page.evaluate(tries, listener.url) == ["markup", "request", "script", "image"]
    assert listener.asked == []
    assert any("Content Security Policy" in one for one in told)
    told.clear()
