"""A tape that somebody else wrote, say in a pull request: what it says may be wrong, but it sends nobody's key anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Recordings
from tests.support import MESSAGES, URL, chat, message

if TYPE_CHECKING:
    from pathlib import Path

BATCH = "https://api.anthropic.com/v1/messages/batches/msgbatch_1"
KEY = "mine-0123456789abcdef"
AWAY = [
    "https://evil.test/collect",
    "//evil.test/collect",
    "/\\evil.test/collect",
    "\\\\evil.test/collect",
    "///evil.test/collect",
    "https:evil.test/collect",
    " https://evil.test/collect",
    "https://api.openai.com@evil.test/collect",
    "https://api.openai.com.evil.test/collect",
    "https://api.openai.com:1@evil.test/collect",
    "https://api.openai.com\\.evil.test/collect",
    "https://API.openai.com:8443/collect",
    "https://[::1/collect",
    "http://127.0.0.1:1/collect",
    "/\t/evil.test/collect",
]
HERE = ["/v1/other", "/v1/other?page=2#top", "https://api.openai.com/v1/other", "?page=2", ""]


def recorded(tape: Path, url: str, answer: httpx.Response, *, body: Any = None, method: str = "POST") -> Path:
    """Record one answer; returns its file."""
    before = set(tape.glob("*.json"))
    inner = httpx.MockTransport(lambda _: answer)
    with httpx.Client(transport=InterceptTransport(inner=inner, recordings=Recordings(tape), mode="record")) as client:
        client.request(method, url, json=body)
    (made,) = set(tape.glob("*.json")) - before
    return made


def edited(file: Path, **changes: Any) -> None:
    """Change a take's answer by hand."""
    take = json.loads(file.read_text(encoding="utf-8"))
    take["response"].update(changes)
    file.write_text(json.dumps(take), encoding="utf-8")


class Asked:
    """What a program gets that follows where it is led, and what it sends to other hosts meanwhile."""

    def __init__(self, tape: Path, url: str, *, mode: str = "replay", method: str = "POST", **how: Any) -> None:
        self.out: list[str] = []
        inner = httpx.MockTransport(self._hear)
        transport = InterceptTransport(inner=inner, recordings=Recordings(tape), mode=mode)
        with httpx.Client(transport=transport, follow_redirects=True) as client:
            self.text = client.request(method, url, **how).text

    def _hear(self, request: httpx.Request) -> httpx.Response:
        self.out.append(str(request.url))
        return httpx.Response(200, json={})


@pytest.mark.parametrize(
    "listed",
    [
        '<https://evil.test/x>; rel="next"',
        "</v1/here>, <https://evil.test/x>",
        "<https://evil.test/<x>>",
        "<https://evil.test/x",
        pytest.param("<" * 100_000 + "https://evil.test/x>", id="many that do not end"),
    ],
)
def test_no_list_of_addresses_leads_a_key_away(tmp_path, listed):
    """It is read at once, however it is written."""
    file = recorded(tmp_path, URL, httpx.Response(200, json={"choices": []}), body=chat())
    edited(file, headers={"content-type": "application/json", "link": listed})
    asked = Asked(tmp_path, URL, json=chat(), headers={"x-api-key": KEY})
    assert "(header link), which this tape has no answers of" in asked.text


@pytest.mark.parametrize("address", AWAY)
def test_no_redirect_of_a_tape_leads_a_key_away(tmp_path, address):
    """However the address is written, and in whichever header the key is."""
    file = recorded(tmp_path, URL, httpx.Response(200, json={"choices": []}), body=chat())
    edited(file, status=307, headers={"content-type": "application/json", "location": address})
    for header in ("x-api-key", "api-key", "authorization", "x-goog-api-key"):
        asked = Asked(tmp_path, URL, json=chat(), headers={header: KEY})
        assert "(header location), which this tape has no answers of" in asked.text
        assert asked.out == []


def test_where_the_same_server_is_meant_or_no_key_is_shown_it_is_played(tmp_path):
    """A path, the server itself; another server that the tape answers for, in replay alone."""
    file = recorded(tmp_path, URL, httpx.Response(200, json={"choices": []}), body=chat())
    for address in HERE:
        edited(file, status=200, headers={"content-type": "application/json", "location": address})
        assert Asked(tmp_path, URL, json=chat(), headers={"api-key": KEY}).text == '{"choices":[]}'
    edited(file, status=302, headers={"location": "https://elsewhere.test/v1/x"})
    assert Asked(tmp_path, URL, json=chat()).out == ["https://elsewhere.test/v1/x"]
    there = "https://elsewhere.test/v1/chat/completions"
    recorded(tmp_path, there, httpx.Response(200, json={"choices": [1]}), body=chat())
    edited(file, status=307, headers={"location": there})
    assert Asked(tmp_path, URL, json=chat(), headers={"api-key": KEY}).text == '{"choices":[1]}'
    asked = Asked(tmp_path, URL, mode="auto", json=chat(), headers={"api-key": KEY})
    assert "it leads to 'elsewhere.test'" in asked.text
    assert asked.out == []


def test_no_field_of_an_answer_leads_a_key_away(tmp_path):
    """Where an API's clients ask next at a URL in the answer."""
    answer = {"id": "msgbatch_1", "type": "message_batch", "results_url": f"{BATCH}/results"}
    file = recorded(tmp_path, BATCH, httpx.Response(200, json=answer), method="GET")
    assert f"{BATCH}/results" in Asked(tmp_path, BATCH, method="GET", headers={"x-api-key": KEY}).text
    edited(file, body={**answer, "results_url": "https://evil.test/collect"})
    asked = Asked(tmp_path, BATCH, method="GET", headers={"x-api-key": KEY})
    assert "it leads to 'evil.test' (field results_url)" in asked.text


def test_a_header_that_no_recorder_keeps_leads_nobody_away(tmp_path):
    """Where clients upload next, say."""
    file = recorded(tmp_path, MESSAGES, httpx.Response(200, json={"content": []}), body=message())
    edited(file, headers={"content-type": "application/json", "x-upload-url": "https://evil.test/collect"})
    asked = Asked(tmp_path, MESSAGES, json=message(), headers={"x-api-key": KEY})
    assert "it leads to 'evil.test' (header x-upload-url)" in asked.text
