"""What is looked at at a glance has the key, and is redacted, as what is looked at field by field."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Redaction
from llm_intercept.base.json import decode
from llm_intercept.recording import volatile
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.fingerprint import Match
from llm_intercept.recording.known_secrets import Known
from llm_intercept.recording.lookup_key import MOST, FingerprintCache
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response
from llm_intercept.recording.volatile import VOLATILE
from llm_intercept.replies.schema.pattern import matching
from llm_intercept.replies.schema.steps import Steps
from llm_intercept.secrets import replace
from llm_intercept.secrets.credentials import NOTHING, Secrets
from llm_intercept.secrets.fieldnames import holds
from llm_intercept.secrets.prefilter import Prefilter
from llm_intercept.secrets.replace import may_hold_secret, replace_secrets, secrets_in
from llm_intercept.secrets.seen import Seen
from llm_intercept.secrets.shapes import shapes
from tests.support import URL
from tests.test_recording_redaction import KEYS, PLAIN

UUID = "0b8f7b3e-7f4e-4a53-8f0d-0f8a0d6c1e11"
SIGNS = [
    *KEYS.values(),
    *("sk-", "-----BEGIN PRIVATE KEY-----", "://me:hunter2@", ":\\/\\/me:hunter2@", "Bearer ", "Basic ", "Basic\t"),
    *(
        "dXNlcjpwYXNzd29yZA==",
        "pa\u017f\u017fword",
        "api_\u212aey",
        "ap\u0131_key",
        "api-key",
        "=",
        ": ",
        '"',
        "\\",
        "/",
    ),
    *("\\u0070assword", "\\u0073k-", "password", "secret", "hunter2x9", "[redacted]", "\u2028", "\x1c", "\n", "\ud83d"),
    *(UUID, UUID[:20], "2026-11-22T18:42:59Z", "2026-11-22", " 18:42", "2026-1\u0661-2\u0662T1\u0663:42", "\U0001d7d0"),
    *("Wed, 25 November 2026 07:16", "May 2nd, 2027 at 1:06 am", "Wed Nov 25 07:16:12 2026", UUID.replace("-", "")),
    *("25/11/2026, 07:16", "2026/1/5 7:16", "25.11.2026 07:16", "May", " 7:16", "Nov "),
    *("call_abcdefgh12345678", "call_", "toolu_abcdefgh1", "chatcmpl-abcdefgh1", "/tmp/", "tmpab12cd34", "null"),
    *("C:\\Users\\me\\Temp\\x", "\\Temp\\", "é", "你好", "1", "-", "{", "}", " ", "@", PLAIN),
]
TEXTS = st.lists(st.sampled_from(SIGNS) | st.text(max_size=4), max_size=6).map("".join)
NAMES = st.sampled_from(
    ["model", "stream", "seed", "id", "tool_calls", "tool_call_id", "call_id", "type", "password", "api_Key", "x"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS


def containers(inner):
    return st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=4)


PLAIN_VALUES = st.recursive(SCALARS, containers, max_leaves=8)
NESTED = st.builds(lambda value, ascii_: json.dumps(value, ensure_ascii=ascii_), PLAIN_VALUES, st.booleans())
VALUES = st.recursive(SCALARS | NESTED, containers, max_leaves=12)
BODIES = st.fixed_dictionaries(
    {"model": TEXTS, "messages": st.lists(st.fixed_dictionaries({"role": TEXTS, "content": VALUES}), max_size=3)},
    optional={"extra": VALUES, "password": VALUES, "stream": VALUES, "tool_calls": VALUES},
)
URLS = st.sampled_from(
    [
        URL,
        f"{URL}?api-version=2&key={PLAIN}",
        f"https://me:{PLAIN}@gateway.test/{KEYS['openai']}/chat/completions",
        f"http://127.0.0.1:8000/{PLAIN}/{UUID}/chat/completions/",
        "https://gateway.test/2026-11-22T18:42/tmp/x",
    ]
)
HEADERS = st.fixed_dictionaries(
    {"content-type": st.just("application/json")},
    optional={
        "Authorization": st.sampled_from([f"Bearer {PLAIN}", 'Bearer with"quote\\x', "Bearer grün-lich-key"]),
        "Cookie": st.just(f"a={PLAIN}; b=2"),
        "x-api-key": TEXTS,
    },
)


@contextmanager
def no_glance():
    """Let every glance at a text or a document say that it cannot tell."""
    glances = [volatile._CHANGED, volatile._CHANGING, *replace._likely()]
    real = Prefilter.may_find
    told = patch.object(Prefilter, "may_find", lambda self, text: self in glances or real(self, text))
    with told, patch.object(replace, "_SEEN", Seen(0)):  # what was seen so is not for who looks again
        yield


@contextmanager
def no_look():
    """Look for every shape in every text."""
    with patch.object(Prefilter, "may_find", lambda self, text: True), patch.object(replace, "_SEEN", Seen(0)):
        yield


def key_at_length(method, url, headers, body, redaction, known):
    with no_glance():
        return sanitize_request(method, url, headers, body, redaction, known).key


def knowing(*secrets):
    """Make what a tape knows that has had these in its answers."""
    known = Known()
    known.learn(secrets)
    return known


@given(BODIES, URLS, HEADERS, st.booleans(), st.booleans(), st.sampled_from([(), (PLAIN,)]))
def test_the_key_at_a_glance_is_the_key_of_the_redacted_request(body, url, headers, is_ascii, has_more, told):
    content = json.dumps(body, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    redaction = Redaction(fields=("role",), patterns=(r"T-\d+", "hunter")) if has_more else Redaction()
    sent = decode(content)
    known = knowing(*told)
    keys = FingerprintCache(redaction, known)
    expected = key_at_length("POST", url, headers, sent, redaction, known)
    assert keys.of("POST", url, headers, sent, content) == expected
    assert keys.of("POST", url, headers, sent, content) == expected
    assert keys.of("POST", url, headers, sent, b"") == expected
    assert sanitize_request("POST", url, headers, sent, redaction, known).key == expected


def test_a_key_that_is_remembered_is_made_anew_where_an_answer_has_told_a_secret():
    known = Known()
    keys = FingerprintCache(Redaction(), known)
    asked = ("POST", URL, {}, {"a": PLAIN}, json.dumps({"a": PLAIN}).encode())
    before = keys.of(*asked)
    known.learn([PLAIN])
    after = keys.of(*asked)
    assert after == sanitize_request(*asked[:4], Redaction(), known).key != before


def test_remembered_keys_are_those_of_the_same_method_place_headers_and_content():
    keys = FingerprintCache(Redaction(), Known())

    def key(method="POST", url=URL, content=b'{"a":"hunter2-Zx81-canary"}', **headers):
        return keys.of(method, url, headers, json.loads(content), content)

    made = [key(), key("PUT"), key(url="https://b.test/x"), key(authorization=f"Bearer {PLAIN}"), key(content=b"{}")]
    assert len({one.fingerprint for one in made}) == 5
    assert [key(), key(x="1").fingerprint] == [made[0], made[0].fingerprint]


def test_no_more_keys_are_remembered_than_so_many():
    keys = FingerprintCache(Redaction(), Known())
    for number in range(MOST + 2):
        keys.of("POST", URL, {}, {"n": number}, b"%d" % number)
    assert len(keys._known) == 2


@given(TEXTS)
def test_a_glance_at_a_text_misses_no_secret(text):
    with no_look():
        expected = replace_secrets(text)
    assert replace_secrets(text) == expected


@given(VALUES, st.lists(st.sampled_from([PLAIN, 'with"quote\\x', "ünïcödes", "hunter2x9"]), max_size=2))
def test_what_a_glance_finds_clean_is_left_as_it_is_by_redaction(value, literals):
    redaction, secrets = Redaction(), Secrets(tuple(literals))
    with no_glance():
        expected = redaction.value(value, secrets)
    assert redaction.of(secrets).whole(value) == expected


@st.composite
def streams(draw):
    """Make the events of a stream whose deltas say texts together, of several choices in turn."""
    said = [(index, piece) for index in (0, 1) for piece in pieces(draw(TEXTS), draw(st.integers(1, 9)))]
    name = draw(st.sampled_from(["content", "arguments", "other"]))
    inner = draw(st.sampled_from([lambda part: part, lambda part: [{"index": {}, "function": part}]]))
    chunks = [{"choices": [{"index": n, "delta": inner({name: piece})}]} for n, piece in draw(st.permutations(said))]
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    ascii_ = draw(st.booleans())
    chunks.append(draw(VALUES))
    frames = [f"data: {json.dumps(one, ensure_ascii=ascii_, separators=separators)}\n\n" for one in chunks]
    return "".join([*frames, draw(st.sampled_from(["data: [DONE]\n\n", f": {draw(TEXTS)}\n\n"]))])


def pieces(text, size):
    return [text[begin : begin + size] for begin in range(0, len(text), size)]


@settings(deadline=None)
@given(streams(), HEADERS)
def test_a_glance_at_a_stream_misses_no_secret_and_changes_nothing(text, headers):
    request = sanitize_request("POST", URL, headers, {}, Redaction())
    sse, chunks = [("content-type", "text/event-stream")], [Chunk(text.encode(errors="replace"), 1.0)]
    found = sanitize_response(request, 200, sse, chunks, Redaction())
    with no_glance():
        assert sanitize_response(request, 200, sse, chunks, Redaction()) == found


@given(VALUES)
def test_a_glance_at_what_changes_from_run_to_run_misses_nothing(value):
    body = {"messages": value}
    with no_glance():
        expected = Match().canonical("POST", URL, body)
    assert Match().canonical("POST", URL, body) == expected


@pytest.mark.parametrize("wrapped", [lambda text: text, json.dumps, lambda text: json.dumps(json.dumps([text]))])
def test_every_shape_of_secret_is_seen_in_json_and_in_json_in_json(wrapped):
    """The shortest text that a shape's pattern matches, gitleaks' rules included."""
    for shape in shapes():
        found = matching(shape.pattern, 0, Steps())
        if found is None:  # a pattern that looks at what stands around
            assert "(?=" in shape.pattern or "(?!" in shape.pattern, shape.name
            continue
        matched = [text for text in (f"see {found} here", f"see {found}") if re.search(shape.pattern, text)]
        assert matched, (shape.name, found)
        for text in matched:  # of some the beginning is enough, where a text ends with it
            assert may_hold_secret(json.dumps({"text": wrapped(text)})), (shape.name, text)
    assert not may_hold_secret(json.dumps({"text": wrapped("nothing to see here")}))


def test_the_volatile_values_are_all_glanced_for():
    assert set(VOLATILE) == {"uuid", "time", "call", "tmp"}


@given(st.text())
def test_the_name_of_a_field_is_judged_alone(name):
    assert holds(name) == holds.__wrapped__(name)
    assert Redaction().value({name: 1}, NOTHING) is not None


@pytest.mark.parametrize("text", ["\ud800 {}", "{} \udfff", "grün \ud83d\n{}"], ids=ascii)
def test_a_lone_surrogate_hides_no_secret(text):
    """Half a character, which no encoding can write, may stand in JSON beside a secret of any kind."""
    for secret in KEYS.values():
        held = text.format(secret)
        assert secret not in replace_secrets(held)
        assert secrets_in(held)
