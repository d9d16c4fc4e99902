"""No secret reaches a disk or a fingerprint, wherever in an exchange it stands."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Redaction
from llm_intercept.base.framings import SSE as EVENTS
from llm_intercept.errors import SettingsError
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.bodies import Chunk, content_of
from llm_intercept.recording.events_redaction import redacted_events, redacted_text
from llm_intercept.recording.joined import cut_as
from llm_intercept.recording.sanitize import redacted_take, sanitize_request, sanitize_response, take_of
from llm_intercept.recording.take import Event, read_take, write_take
from llm_intercept.secrets.credentials import NOTHING, Secrets, credentials
from llm_intercept.secrets.fieldnames import Holds, holds
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.replace import replace_secrets, secrets_in
from tests.amounts import examples
from tests.support import URL

JSON = [("content-type", "application/json")]
SSE = [("content-type", "text/event-stream")]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEYS = {
    "openai": "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz",
    "openai old": "sk-abcdefghijklmnopqrstuvwx12345678",
    "anthropic": "sk-ant-api03-Ab3dEf6hIj9lMn0pQr2tUv5xYz",
    "openrouter": "sk-or-v1-0123456789abcdef0123456789abcdef",
    "jwt": JWT,
    "aws": "AKIAQ3EGRSTUV7WXYZ42",
    "google": "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "google oauth": "ya29.a0AfH6SMBx1234567890abcdef",
    "github": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "slack": "xoxb-123456789012-abcdefABCDEF",
    "hugging face": "hf_AbCdEfGhIjKlMnOpQrStUvWx12",
    "groq": "gsk_0123456789abcdefABCDEF0123",
    "stripe": "sk_live_0123456789abcdefABCDEF01",
    "pem": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
}
PLAIN = "hunter2-Zx81-canary"
"""A secret of no known shape: it is found by where it stands."""


def kept(*, url=URL, headers=(), body=None, status=200, response_headers=JSON, content=b"{}", redaction=None):
    """Give the bytes that a take of this exchange would have on disk."""
    redaction = redaction or Redaction()
    request = sanitize_request("POST", url, dict(headers), body or {"model": "m", "messages": []}, redaction)
    chunks = content if isinstance(content, list) else [content]
    response = sanitize_response(request, status, response_headers, [Chunk(one, 1.0) for one in chunks], redaction)
    return write_take(take_of(request, response, partial=None, versions={})).decode()


def sse(*values):
    return (
        "".join(f"data: {json.dumps(value, separators=(',', ':'))}\n\n" for value in values).encode()
        + b"data: [DONE]\n\n"
    )


def deltas(text, size=4):
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return sse(*({"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces))


def arguments(text, size=4):
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return sse(
        *({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": one}}]}}]} for one in pieces)
    )


def message(text):
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


PLACES = {
    **{f"a message: {name}": (lambda key=key: kept(body=message(f"use {key} now")), key) for name, key in KEYS.items()},
    "authorization": (lambda: kept(headers=[("Authorization", f"Bearer {PLAIN}")]), PLAIN),
    "api-key": (lambda: kept(headers=[("api-key", PLAIN)]), PLAIN),
    "x-api-key": (lambda: kept(headers=[("X-API-Key", PLAIN)]), PLAIN),
    "x-goog-api-key": (lambda: kept(headers=[("x-goog-api-key", PLAIN)]), PLAIN),
    "proxy-authorization": (lambda: kept(headers=[("Proxy-Authorization", f"Basic {PLAIN}")]), PLAIN),
    "cookie": (lambda: kept(headers=[("Cookie", f"session={PLAIN}")]), PLAIN),
    "organization": (lambda: kept(headers=[("OpenAI-Organization", PLAIN)]), PLAIN),
    "project": (lambda: kept(headers=[("OpenAI-Project", PLAIN)]), PLAIN),
    "an unknown header": (lambda: kept(headers=[("X-My-Gateway", PLAIN)]), PLAIN),
    "a kept header": (lambda: kept(headers=[("User-Agent", f"me {KEYS['openai']}")]), KEYS["openai"]),
    "set-cookie": (lambda: kept(response_headers=[*JSON, ("Set-Cookie", f"a={PLAIN}; Path=/")]), PLAIN),
    "a response header": (lambda: kept(response_headers=[*JSON, ("openai-organization", PLAIN)]), PLAIN),
    "a kept response header": (lambda: kept(response_headers=[*JSON, ("x-request-id", KEYS["jwt"])]), JWT),
    "query api_key": (lambda: kept(url=f"{URL}?api_key={PLAIN}"), PLAIN),
    "query key": (lambda: kept(url=f"{URL}?key={PLAIN}&alt=sse"), PLAIN),
    "query unknown": (lambda: kept(url=f"{URL}?x-token={PLAIN}"), PLAIN),
    "query name": (lambda: kept(url=f"{URL}?{KEYS['openai']}=1"), KEYS["openai"]),
    "user in the URL": (lambda: kept(url=f"https://me:{PLAIN}@api.openai.com/v1/chat/completions"), PLAIN),
    "path": (lambda: kept(url=f"https://gateway.test/{KEYS['openai']}/chat/completions"), KEYS["openai"]),
    "fragment": (lambda: kept(url=f"{URL}#{PLAIN}"), PLAIN),
    "a field": (lambda: kept(body={**message("hi"), "api_key": PLAIN}), PLAIN),
    "a nested field": (lambda: kept(body={**message("hi"), "extra": [{"auth": {"password": PLAIN}}]}), PLAIN),
    "under a field": (lambda: kept(body={**message("hi"), "credentials": {"value": [PLAIN]}}), PLAIN),
    "a prefixed field": (lambda: kept(body={**message("hi"), "azure_client_secret": PLAIN}), PLAIN),
    "a key of an object": (lambda: kept(body={**message("hi"), "map": {KEYS["openai"]: 1}}), KEYS["openai"]),
    "tool arguments": (
        lambda: kept(
            body={"messages": [{"tool_calls": [{"function": {"arguments": json.dumps({"password": PLAIN})}}]}]}
        ),
        PLAIN,
    ),
    "a tool's answer": (
        lambda: kept(body={"messages": [{"role": "tool", "content": json.dumps({"access_token": PLAIN})}]}),
        PLAIN,
    ),
    "text that names it": (lambda: kept(body=message(f"export OPENAI_API_KEY={PLAIN}")), PLAIN),
    "a URL in text": (lambda: kept(body=message(f"postgres://me:{PLAIN}@db/x")), PLAIN),
    "bearer in text": (lambda: kept(body=message(f"curl -H 'Authorization: Bearer {PLAIN}'")), PLAIN),
    "a part's text": (
        lambda: kept(body={"messages": [{"content": [{"type": "text", "text": KEYS["aws"]}]}]}),
        KEYS["aws"],
    ),
    "an answer": (
        lambda: kept(content=json.dumps({"choices": [{"message": {"content": KEYS["openai"]}}]}).encode()),
        KEYS["openai"],
    ),
    "an answer's field": (lambda: kept(content=json.dumps({"secret": PLAIN}).encode()), PLAIN),
    "an error that quotes the key": (
        lambda: kept(
            headers=[("Authorization", f"Bearer {PLAIN}")],
            status=401,
            content=json.dumps({"error": {"message": f"Incorrect API key provided: {PLAIN}."}}).encode(),
        ),
        PLAIN,
    ),
    "an error page": (
        lambda: kept(
            status=502, response_headers=[("content-type", "text/html")], content=f"<p>{KEYS['google']}".encode()
        ),
        KEYS["google"],
    ),
    "binary": (
        lambda: base64.b64decode(
            json.loads(kept(response_headers=[], content=b"\xff\x00" + KEYS["aws"].encode() + b"\xfe"))["response"][
                "base64"
            ]
        ).decode("latin-1"),
        KEYS["aws"],
    ),
    "an answer quoting a cookie it sets": (
        lambda: kept(
            response_headers=[*JSON, ("set-cookie", f"s={PLAIN}")], content=json.dumps({"said": PLAIN}).encode()
        ),
        PLAIN,
    ),
    "an event": (
        lambda: kept(response_headers=SSE, content=sse({"delta": {"content": KEYS["openai"]}})),
        KEYS["openai"],
    ),
    "an event's field": (lambda: kept(response_headers=SSE, content=sse({"password": PLAIN})), PLAIN),
    "an event of another layout": (
        lambda: kept(response_headers=SSE, content=f'event: x\ndata:  {{"password":  "{PLAIN}"}}\n\n'.encode()),
        PLAIN,
    ),
    "a comment": (lambda: kept(response_headers=SSE, content=f": {KEYS['aws']}\n\n".encode()), KEYS["aws"]),
    "an event cut by chunks": (
        lambda: kept(
            response_headers=SSE,
            content=[b'data: {"a":"' + KEYS["openai"][:9].encode(), KEYS["openai"][9:].encode() + b'"}\n\n'],
        ),
        KEYS["openai"],
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_in_this_place_is_not_kept(place):
    make, secret = PLACES[place]
    text = make()
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text
    assert MARK in text or place in {"fragment", "user in the URL"} or "header" in place or secret == PLAIN


@pytest.mark.parametrize("secret", [KEYS["openai"], KEYS["aws"], KEYS["jwt"]])
def test_a_secret_told_in_several_deltas_is_not_kept(secret):
    for content in (deltas(f"It is {secret}, yes."), arguments(json.dumps({"x": secret}))):
        document = json.loads(kept(response_headers=SSE, content=content))
        assert MARK in json.dumps(document)
        events = document["response"]["events"]
        parts = [str(event.get("data", {}).get("choices", [{}])[0].get("delta", "")) for event in events]
        said = re.sub(r"\{'content': '|\{'tool_calls'.*?'arguments': '|'\}+\]?\}?", "", "".join(parts))
        assert secret not in said
        assert not any(secret[:8] in part for part in parts)


def test_arguments_whose_field_is_secret_are_redacted_across_deltas():
    document = json.loads(kept(response_headers=SSE, content=arguments(json.dumps({"password": PLAIN}), 3)))
    events = [event["data"] for event in document["response"]["events"][:-1]]
    said = [one["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] for one in events]
    assert json.loads("".join(said)) == {"password": MARK}
    assert said[0] == '{"p'


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([*KEYS.values(), "api_key", "Bearer ", "password=", "sk-"]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["api_key", "password", "type"]), inner)
    ),
    max_leaves=15,
)
TEXTS = st.lists(
    st.text() | st.sampled_from([*KEYS.values(), "sk-", "Bearer ", "password: ", "://a:b@", "{", '"', MARK, "1"])
).map("".join)


@given(VALUES)
def test_redaction_is_total_and_idempotent(value):
    redaction = Redaction()
    once = redaction.value(value, NOTHING)
    assert redaction.value(once, NOTHING) == once


@given(TEXTS, st.lists(st.text(min_size=8), max_size=3))
def test_redaction_of_text_is_idempotent(text, literals):
    redaction, secrets = Redaction(patterns=(r"T-\d+",)), Secrets(tuple(one for one in literals if one not in MARK))
    once = redaction.text(text, secrets)
    assert redaction.text(once, secrets) == once
    assert not secrets_in(once)


@given(TEXTS)
def test_redaction_of_a_url_is_total_and_idempotent(text):
    redaction = Redaction()
    for url in (text, f"https://a.test/{text}", f"https://a.test/?{text}"):
        once = redaction.url(url, NOTHING)
        assert redaction.url(once, NOTHING) == once


@given(VALUES, TEXTS)
def test_a_redacted_take_is_found_clean_and_stays_as_it_is(value, text):
    body = {"messages": [{"role": "user", "content": text}], "extra": value}
    written = kept(body=body, content=json.dumps({"a": value, "b": text}).encode()).encode()
    take = read_take(written, "x")
    assert secrets_of("x", take) == []
    assert write_take(redacted_take(take, Redaction(), NOTHING)) == written


@pytest.mark.parametrize(
    "text",
    [
        "Basic Understanding of bearer authentication is required.",
        "The password: required. Set api_key in the settings, then the secret is safe.",
        "task-force sk-learn risk-averse-investments eyJ AKIA",
        "https://example.com/a@b max_tokens=100 tokens: 12345678",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert replace_secrets(text) == text


def test_a_schema_that_describes_a_secret_field_is_left_alone():
    schema = {
        "type": "object",
        "properties": {"password": {"type": "string", "description": "the password"}},
        "required": ["password"],
    }
    assert Redaction().value(schema, NOTHING) == schema


def test_an_answer_without_secrets_is_kept_to_the_byte():
    content = sse(
        {"choices": [{"index": 0, "delta": {"content": "sk"}}]},
        {"choices": [{"index": 0, "delta": {"content": "-learn"}}]},
    )
    take = read_take(kept(response_headers=SSE, content=content).encode(), "x")
    assert content_of(take.response) == content


def test_users_say_what_else_is_secret():
    def hook(document):
        document["request"]["body"]["messages"] = []
        if "response" in document:
            document["response"]["body"] = {"a": 1}
        return document

    redaction = Redaction(
        fields=("ssn",), patterns=(r"T-\d+", re.compile("Ada")), keep_headers=("x-mine",), keep_query=("q",), hook=hook
    )
    written = kept(
        url=f"{URL}?q=1&p=2",
        headers=[("X-Mine", "yes")],
        body={**message("Ada"), "x": "T-1234", "ssn": 12},
        redaction=redaction,
    )
    assert "Ada" not in written
    assert "T-1234" not in written
    request = json.loads(written)["request"]
    assert request["body"] == {"model": "m", "messages": [], "x": MARK, "ssn": MARK}
    assert request["headers"]["x-mine"] == "yes"
    assert request["url"].endswith("?q=1&p=[redacted]")
    assert json.loads(written)["response"]["body"] == {"a": 1}


@pytest.mark.parametrize(
    "options",
    [{"patterns": ("(",)}, {"patterns": ("",)}, {"patterns": ("(a+)+$",)}, {"patterns": (b"x",)}, {"hook": 3}],
)
def test_a_redaction_that_cannot_be_used_is_refused(options):
    with pytest.raises(SettingsError):
        Redaction(**options)


def test_a_hook_that_returns_something_else_is_named():
    with pytest.raises(SettingsError, match="hook"):
        kept(redaction=Redaction(hook=lambda document: {}))


def test_a_scan_says_where_a_secret_is_and_never_what_it_is():
    take = read_take(kept(body=message("hello")).encode(), "x")
    dirty = take.model_copy(
        update={"request": take.request.model_copy(update={"body": message(f"my {KEYS['openai']}")})}
    )
    (found,) = secrets_of("001-x.json", dirty)
    assert str(found) == "001-x.json: request.body.messages[0].content: sk- key"


def test_an_address_without_an_end_is_read_once():
    begin = time.process_time()
    kept(response_headers=[*JSON, ("location", "a" * 60_000)])
    assert time.process_time() - begin < 5


def test_redaction_of_a_long_text_is_fast():
    for text in (
        "a" * 200_000,
        "Bearer " * 20_000,
        "sk-" * 60_000,
        "eyJ" * 60_000,
        "/tmp/" * 40_000,
        "-----BEGIN PRIVATE KEY-----" * 300,
        "password:" * 20_000,
    ):
        begin = time.process_time()
        kept(body=message(text))
        assert time.process_time() - begin < 5, text[:20]


@given(st.lists(st.text(max_size=6) | st.sampled_from(["a b", MARK, "", " "]), min_size=1, max_size=6), st.data())
def test_what_is_cut_again_says_the_redacted_whole(pieces, data):
    """Whatever is replaced in it: no piece is added or lost, and together they say what is left."""
    whole = "".join(pieces)
    at = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=2, max_size=2)))
    clean = whole[: at[0]] + MARK + whole[at[1] :]
    cut = cut_as(whole, clean, [len(piece) for piece in pieces])
    assert "".join(cut) == clean
    assert len(cut) == len(pieces)


@given(
    st.lists(TEXTS, min_size=1, max_size=5),
    st.sampled_from(["data: {}\n\n", "data: {}\r\n\r\n", "event: x\ndata: {}\nid: 1\n\n", "{}\n", ": {}\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=examples(40))
def test_redaction_of_events_and_lines_is_total_and_idempotent(texts, frame, is_json):
    """JSON or not, one line or several, as a stream of events and as any other body."""
    said = [json.dumps({"a": [{"b": text}], "index": 0}) if is_json else text for text in texts]
    text = "".join(frame.format(one) for one in said)
    events = tuple(Event(gap_ms=0, text=frame.format(one)) for one in said)
    redactor = Redactor()
    once = redacted_events(events, redactor, EVENTS)
    assert redacted_events(once, redactor, EVENTS) == once
    assert len(once) == len(events)
    body = redacted_text(text, redactor)
    assert redacted_text(body, redactor) == body


PATTERNS = [r"(?<=id=).", r"(?<=\]).", r".", r"..", r"...", r"\[", r"red.*", r"(?=x)x|\B", r"\S+", r"\b", r"(?<=a)", r"acted", r"[^\[]", r"(?<!x)\]"]  # fmt: skip


@given(st.lists(st.sampled_from(PATTERNS), max_size=3), st.text("idx=[]red a", max_size=30), st.booleans())
def test_no_pattern_of_a_user_goes_on_for_ever_and_what_is_redacted_stays_as_it_is(patterns, text, has_mark):
    given_text = text.replace("x", MARK) if has_mark else text
    redaction = Redaction(patterns=tuple(one for one in patterns if re.search(one, "") is None))
    clean = redaction.text(given_text, NOTHING)
    assert redaction.text(clean, NOTHING) == clean
    assert len(clean) <= len(MARK) * (len(given_text) + 1)


def test_a_pattern_with_context_marks_what_stands_in_it():
    redaction = Redaction(patterns=(r"(?<=id=)\d", r"(?<=name:)\w+"))
    assert redaction.text("id=1 name:Ada id=x", NOTHING) == f"id={MARK} name:{MARK} id=x"


def test_a_text_that_a_pattern_takes_apart_for_ever_is_redacted_whole():
    redaction = Redaction(patterns=(r"(?<=\]).",))
    assert redaction.text(f"{MARK}{'abc ' * 10_000}", NOTHING) == MARK


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", r"(\w+\s?)*x", r"(.*,)*y", "([a-zA-Z]+)*1", "(x+x+)+y", r"^(\d+)*-$", "(a|a)*b", r"id=(\w+|\w+\s)*!", r"(\S+\s*)+;"],
)  # fmt: skip
def test_a_pattern_that_runs_away_is_refused_at_once_with_a_text_that_it_does_so_on(pattern):
    with pytest.raises(SettingsError, match="takes for ever on texts such as"):
        Redaction(patterns=(pattern,))


@pytest.mark.parametrize(
    "pattern",
    [r"ACME-\d+", r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b", r"\d{3}-\d{2}-\d{4}", r"(?:\w+-)+x", r"(?:[A-Z][a-z]+ ){2,}", "(?s)BEGIN.*?END"],
)  # fmt: skip
def test_a_pattern_that_does_not_is_taken(pattern):
    assert Redaction(patterns=(pattern,)).patterns == (pattern,)


@pytest.mark.parametrize("text", ["12." * 60, "ab " * 60, "a-" * 90, "Ab1-" * 45, "a" + "_" * 190])
def test_a_value_that_can_be_read_in_many_ways_is_read_in_one(text):
    """Its last letter shows that it is neither words nor code; to try all ways took longer than anybody lives."""
    begin = time.process_time()
    for last in ("", "#", "!"):
        kept(body={"password": f"{text}{last}", **message(f"key={text}{last} token: {text}{last}")})
    assert time.process_time() - begin < 5


SURE = {
    Holds.PASSWORD: "password pwd user_pass dbPassword db_password_hash PASSWD_2",
    Holds.KEY: "secret client_secret api_key apiKey API_KEY_2 access_keys ssh-key access_token github-token connectionString dsn",
    Holds.LIKELY: "pass key keys my_key token my_token auth user_auth api_auth bearer session_id sid pin salt key_value",
    Holds.NOTHING: "cache_key sort-key idempotencyKey page_token next_token string text 2 tokens max_tokens monkey id",
}


@pytest.mark.parametrize("sure", SURE)
def test_a_name_tells_how_sure_its_value_is_a_secret(sure):
    """By its last words: a token of an API's is one, a page's is none, and of others their value tells."""
    told = {name: holds(name) for name in SURE[sure].split()}
    assert told == dict.fromkeys(told, sure)


@pytest.mark.parametrize("after", ["", "\n", "\r\n", "\nnext: 1", " is long", ", I think", " or so\n"])
@pytest.mark.parametrize("before", ["", "host: h\n", "my old ", "is it, "])
@pytest.mark.parametrize(("name", "sep"), [("password", ": "), ("password", "="), ("api_key", ": ")])
def test_a_word_is_a_password_where_it_is_assigned_or_has_a_line_for_itself(before, name, sep, after):
    """As in a file of settings; in a sentence it is a word, and a key of words is none."""
    is_line = before in {"", "host: h\n"} and after.rstrip("\r\n") in {"", "\nnext: 1"}
    is_secret = name == "password" and (sep == "=" or is_line)
    text = f"{before}{name}{sep}dragonfly{after}"
    assert replace_secrets(text) == (text.replace("dragonfly", MARK) if is_secret else text)


def test_a_lone_surrogate_hides_no_secret():
    """It is nothing that a quick look can read, and what JSON may say."""
    for secret in KEYS.values():
        for text in (f"\ud800 {secret}", f"{secret} \udcff", f"naïve {secret}"):
            assert secret not in replace_secrets(text)
    assert replace_secrets("\ud800 nothing") == "\ud800 nothing"
    assert MARK in kept(response_headers=[*JSON, ("x-request-id", f"\udcff {KEYS['openai']}")])


def test_what_a_cookie_says_in_words_may_be_said_elsewhere():
    """It is seldom a credential; what a header of a credential has always is, unless it is words."""
    for said in ("letmein99", "team_prod_7", "12345678"):
        assert credentials("", [("cookie", f"theme={said}")]) == NOTHING
        assert said in credentials("", [("x-api-key", said)]).literals
    assert PLAIN in credentials("", [("cookie", f"theme=dark-mode-2; s={PLAIN}; path=/Zx81-hunter2Qq9w")]).literals
    assert credentials("", [("x-api-key", "lm-studio-words")]) == NOTHING
