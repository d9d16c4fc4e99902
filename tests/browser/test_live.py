"""A page that asks its server: calls appear, what is selected stays, a token is asked for, a new run begins anew."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from llm_intercept.report.page import policy
from tests.browser import documents
from tests.browser.waiting import becomes
from tests.served import CHAT, serving
from tests.support import chat


class Served:
    """A server that gives the page, and as many calls as it is told to."""

    def __init__(self) -> None:
        whole = documents.trip()
        self.rows = [json.loads(one.as_json()) for one in whole.head.rows]
        self.details = [json.loads(one.as_json()) for one in whole.details]
        self.page = documents.html(documents.empty("live"), live=True)
        self.known, self.run, self.token = 2, "one", ""

    def more(self, after: int) -> dict:
        news = slice(after, self.known)
        return {
            "run": self.run,
            "after": self.known,
            "rows": self.rows[news],
            "details": self.details[news],
            "rules": [],
            "problems": [],
        }


@pytest.fixture
def served():
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            """Say nothing."""

        def answer(self, status, text, **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self):
            url = urlsplit(self.path)
            if url.path == "/__llm_intercept/":
                self.answer(
                    200, state.page, content_type="text/html; charset=utf-8", content_security_policy=policy(live=True)
                )
            elif url.path != "/__llm_intercept/report":
                self.answer(404, "")
            elif state.token and self.headers["authorization"] != f"Bearer {state.token}":
                self.answer(401, "")
            else:
                self.answer(
                    200, json.dumps(state.more(int(parse_qs(url.query)["after"][0]))), content_type="application/json"
                )

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_calls_appear_and_what_is_selected_stays(served, visit):
    """Also where the list is narrowed."""
    page = visit(f"{served.origin}/__llm_intercept/", own=served.origin)
    page.get_by_text("2 calls").first.wait_for()
    page.keyboard.press("j")
    page.locator("summary").first.click()
    served.known = 5
    page.get_by_text("5 calls").first.wait_for()
    assert page.evaluate("() => location.hash") == "#call=1"
    becomes(page, page.locator("[aria-selected=true] .number").first.text_content, "#1")
    becomes(page, page.locator(".panel details[open]").count, 1)  # what the reader opened stays open
    served.run, served.known = "two", 1
    page.get_by_text("1 call", exact=True).first.wait_for()


def test_the_token_is_taken_out_of_the_address(served, visit):
    """And is in no text of the page."""
    served.token = "open-sesame"
    page = visit(f"{served.origin}/__llm_intercept/?token=open-sesame", own=served.origin)
    page.get_by_text("2 calls").first.wait_for()
    assert "sesame" not in page.url
    assert "sesame" not in page.content()


def test_the_token_is_asked_for(served, visit, told):
    """Again, if it is another's."""
    served.token = "open-sesame"
    page = visit(f"{served.origin}/__llm_intercept/", own=served.origin)
    for given in ("wrong", "open-sesame"):
        page.get_by_text("The calls are shown to who has the token").wait_for()
        page.get_by_label("Token").fill(given)
        page.get_by_role("button", name="Use", exact=True).click()
        page.get_by_text("this is not the server's token" if given == "wrong" else "2 calls").first.wait_for()
    assert {one for one in told if "401" not in one} == set()
    told.clear()


def test_nothing_is_asked_while_it_is_paused(served, visit):
    page = visit(f"{served.origin}/__llm_intercept/", own=served.origin)
    page.get_by_text("2 calls").first.wait_for()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)  # what was asked for before is told
    served.known = 4
    page.wait_for_timeout(1500)
    assert page.get_by_text("2 calls").first.is_visible()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("4 calls").first.wait_for()


def test_a_real_server_shows_its_calls(visit, tmp_path):
    """More of them than it tells at once; by its token, which is in the address once."""
    with serving(tmp_path, "--token", "open-sesame") as server, httpx.Client(base_url=server.url) as client:
        for number in range(120):
            client.post(CHAT, json=chat(f"question {number}")).raise_for_status()
        page = visit(f"{server.url}/__llm_intercept/?token=open-sesame", own=server.url)
        page.get_by_text("120 calls").first.wait_for()
        page.keyboard.press("End")
        page.locator(".chat").get_by_text("question 119").wait_for()
        client.post(CHAT, json=chat("one more")).raise_for_status()
        page.get_by_text("121 calls").first.wait_for()
        becomes(page, lambda: page.evaluate("() => location.hash"), "#call=120")
