"""Redaction of whatever there is."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

from hypothesis import strategies as st

from llm_intercept.recording.bodies import Chunk, answer_values, content_of, response_of
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import (
    redacted_response,
    redacted_take,
    sanitize_request,
    sanitize_response,
    take_of,
)
from llm_intercept.secrets.credentials import NOTHING, credentials
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import visible
from tests.fuzz.events import BYTES
from tests.fuzz.odd import KEY, ODD, TEXT, changed, dumped, split
from tests.fuzz.requests import SEEDS
from tests.fuzz.target import clear, target
from tests.secret_cases import secrets

SECRETS = [text for _, text, _ in secrets(count=60)]
HIDDEN = st.sampled_from(SECRETS)
LITERAL = "Zq7-literal-Wx9"
VALUES = changed(SEEDS, ODD | HIDDEN) | ODD
PLACES = st.sampled_from(["", "{}", "a {} b", '{{"password": "{}"}}', "api_key={}", "Bearer {}", "\n{}\n", "https://u:{}@h.test/?key={}#f", "é{}\ud800"])  # fmt: skip


@st.composite
def said(draw):
    """Make a text with a secret in it, and texts around that."""
    place = draw(PLACES)
    return draw(TEXT) + place.format(*[draw(HIDDEN | st.just(LITERAL) | TEXT)] * 2) + draw(TEXT)


REDACTORS = st.sampled_from([
    Redactor(), Redaction(fields=("text", ""), patterns=(r"\d{3,}", r"[é]+")).of(credentials("https://h.test", [("authorization", f"Bearer {LITERAL}")])),
])  # fmt: skip


@target(st.tuples(said(), REDACTORS))
def a_text_is_redacted_once(given: Any) -> None:
    """Any text is redacted, and what is redacted stays as it is; JSON remains JSON."""
    text, redactor = given
    clean = redactor.text(text)
    assert redactor.text(clean) == clean
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict | list):
        json.loads(clean)


@target(st.tuples(VALUES, REDACTORS))
def a_value_is_redacted_once(given: Any) -> None:
    """Any JSON value is redacted, of the same types as it was, and what is redacted stays as it is."""
    value, redactor = given
    clean = redactor.whole(value)
    assert repr(redactor.whole(clean)) == repr(clean)
    assert repr(redactor.value(value)) == repr(redactor.value(redactor.value(value)))
    assert isinstance(clean, (type(value), str))


URL = st.sampled_from(
    [
        "https://u:p@h.test/a?key=1&key=2#f",
        "http://[::1",
        "//",
        "https://h.test/?api_key=a&model=b",
        "?",
        "https://h:99999/",
    ]
)


@target(st.tuples(URL | said(), TEXT))
def a_url_is_redacted_once(given: Any) -> None:
    """Any URL is shown and kept without user and secrets, and what was shown or kept stays as it is."""
    url, more = given
    url += more
    assert shown_url(shown_url(url)) == shown_url(url)
    kept = Redaction().url(url, NOTHING)
    assert Redaction().url(kept, NOTHING) == kept


@st.composite
def exchanges(draw):
    """Make a request, and an answer cut anywhere, with secrets in both."""
    body = draw(VALUES | said())
    content = draw(BYTES | said().map(lambda text: text.encode(errors="backslashreplace")) | VALUES.map(dumped))
    kind = draw(st.sampled_from(["application/json", "text/event-stream", "text/plain"]))
    return body, kind, split(draw, content), draw(st.dictionaries(KEY, said(), max_size=2))


@target(exchanges())
def an_exchange_is_redacted_once(given: Any) -> None:
    """A take of any exchange stays as it is when it is redacted again, and an answer that was JSON is JSON."""
    body, kind, parts, headers = given
    redaction, url = Redaction(), "https://api.openai.com/v1/chat/completions"
    with clear():
        asked = sanitize_request("POST", url, headers, body, redaction)
        chunks = [Chunk(part, 0.0) for part in parts]
        response = sanitize_response(asked, 200, [("content-type", kind), *headers.items()], chunks, redaction)
        take = take_of(asked, response, partial=None, versions={})
        again = redacted_take(take, redaction, asked.secrets)
        assert repr(again) == repr(take)
        assert repr(redacted_response(response, redaction, asked.secrets)[0]) == repr(response)
        before = response_of(200, {"content-type": kind}, chunks)
        assert len(answer_values(response)) == len(answer_values(before))
        try:
            json.loads(b"".join(parts))
        except (ValueError, RecursionError):
            return
        json.loads(content_of(response))


UNITS = st.sampled_from(
    [
        "a", "9", "Z9", "%", "%4", "%41", " ", "\n", "\t", "=", ":", '"', "\\", "\\n", "a.", "a-", "a_", "a=", "key", "key=", "api_key: ", "a://", "a:b@",
        "&a=b", "?", "{", "[", '{"a":', "<a>", "</", "eyJ", "sk-", "Bearer ", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----\n", "AKIA", "ghp_", "xox", "/", ",",
        "'", "é", "\u2028", "password", "secret\n", "A" * 40 + "\n", "0123456789abcdef", "$2b$", "AccountKey=", "://u:", "data: ", "data: {\n", "=\n", " =", "--a ", "\r\n",
    ]
) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)  # fmt: skip
LONG = 20_000


@st.composite
def long(draw):
    """Make a long text of a few pieces, each many times."""
    pieces = draw(st.lists(st.tuples(UNITS, st.sampled_from([1, 1, 3, LONG // 2, LONG])), min_size=1, max_size=5))
    return "".join(unit * max(1, length // len(unit)) for unit, length in pieces)[: 3 * LONG]


@target(long())
def a_long_text_takes_little_time(text: str) -> None:
    """However a text repeats itself, it is redacted, shown and found again in time that grows as it does, not as its square."""
    for work in (Redactor().text, shown_url, visible, _found_again):
        begin = process_time()
        work(text)
        took = process_time() - begin
        assert took < 1.5, f"{work.__name__} took {took:.1f} s"


def _found_again(text: str) -> None:
    """Make the key and the take of a request and an answer that say a text."""
    asked = sanitize_request(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        {},
        {"messages": [{"role": "user", "content": text}]},
        Redaction(),
    )
    event = b"data: " + dumped({"choices": [{"index": 0, "delta": {"content": text}}]}) + b"\n\n"
    for kind, content in (
        ("text/event-stream", event),
        ("application/json", dumped({"a": text})),
        ("text/plain", text.encode(errors="replace")),
    ):
        response = sanitize_response(asked, 200, [("content-type", kind)], [Chunk(content, 0.0)], Redaction())
        take_of(asked, response, partial=None, versions={})
