"""No secret of a known shape is kept, in whichever place of an exchange it stands and in how many pieces it is said.

Secrets and texts are generated (`secret_cases.py`). They are recorded by the recorder that programs use, and the tape's
files are searched: as they are, decoded, and joined. `make test` records some of each place; all of them, and every
place where a secret can be cut in two, with `make secrets`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest

from llm_intercept import InterceptTransport, Recordings, Reply, reasoning, tool_call
from llm_intercept.base.framings import SSE as EVENTS
from llm_intercept.recording.events_redaction import redacted_events
from llm_intercept.recording.take import Event
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.replace import replace_secrets
from tests.secret_cases import FORMS, NAMES, drawn, legitimate, secrets

WHOLE = os.environ.get("LLM_INTERCEPT_ALL_SECRETS") == "1"
SECRETS = secrets()
PART = 12  # consecutive characters of a secret that are too many
AT_ONCE = 44  # exchanges in one tape
HOST = "https://gateway.test"
CHAT, RESPONSES, MESSAGES = (f"{HOST}/v1/{path}" for path in ("chat/completions", "responses", "messages"))
GEMINI = f"{HOST}/v1beta/models/gemini:streamGenerateContent"
JSON, SSE, TEXT = "application/json", "text/event-stream", "text/plain"


class Exchange:
    """A request and its answer, most of both as they usually are."""

    def __init__(
        self, *, url=CHAT, body=None, headers=(), kind=JSON, answer=b"{}", status=200, answer_headers=(), breaks=False
    ):
        self.url, self.headers = url, dict(headers)
        self.body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]} if body is None else body
        self.kind, self.status, self.answer_headers, self.breaks = kind, status, list(answer_headers), breaks
        self.chunks = answer if isinstance(answer, list) else [answer]

    def respond(self, request):
        del request
        headers = [("content-type", self.kind), *self.answer_headers]
        return httpx.Response(self.status, headers=headers, stream=_Stream(self.chunks, breaks=self.breaks))


class _Stream(httpx.SyncByteStream):
    def __init__(self, chunks, *, breaks):
        self.chunks, self.breaks = chunks, breaks

    def __iter__(self):
        yield from self.chunks
        if self.breaks:
            raise httpx.ReadError("broke off")


def asked(content, **more):
    return Exchange(body={"model": "m", "messages": [{"role": "user", "content": content}], **more})


def answered(value, **more):
    return Exchange(answer=json.dumps(value, indent=2).encode(), **more)


def sse(values, end="\n", names=False):
    frames = [
        (f"event: {value['type']}{end}" if names else "") + f"data: {json.dumps(value)}{end}{end}" for value in values
    ]
    return "".join([*frames, f"data: [DONE]{end}{end}"]).encode()


def streamed(values, **more):
    return Exchange(kind=SSE, answer=sse(values, **more))


def deltas(pieces, field="content", **more):
    return streamed([{"choices": [{"index": 0, "delta": {field: piece}}]} for piece in pieces], **more)


def called(pieces):
    return [
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}}]} for piece in pieces
    ]


def in_two(text, source):
    at = source.randrange(1, len(text))
    return [text[:at], text[at:]]


def by(text, count):
    return [text[at : at + count] for at in range(0, len(text), count)]


def tokens(text):
    return [
        {
            "token": one,
            "logprob": -0.1,
            "bytes": list(one.encode()),
            "top_logprobs": [{"token": one, "bytes": list(one.encode())}],
        }
        for one in by(text, 4)
    ]


def gemini(pieces):
    return [{"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}}]} for piece in pieces]


def multi_line(text):
    one = json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}, indent=1)
    return "".join(f"data: {line}\n" for line in one.split("\n")).encode() + b"\n"


def nested(value, depth=3):
    for _ in range(depth):
        value = json.dumps({"inner": value, "n": 1})
    return value


def thought(pieces):
    events = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": one}}
        for one in pieces
    ]
    return Exchange(url=MESSAGES, kind=SSE, answer=sse(events, names=True))


def anthropic(pieces):
    events = [
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": one}} for one in pieces
    ]
    return Exchange(url=MESSAGES, kind=SSE, answer=sse(events, names=True))


def responses(pieces):
    events = [
        {"type": "response.output_text.delta", "item_id": "m1", "output_index": 0, "delta": one} for one in pieces
    ]
    return Exchange(url=RESPONSES, kind=SSE, answer=sse(events, names=True))


def whole_responses(reply):
    """A stream of Responses as it is sent, from the first event to the last."""
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        sent = client.post(RESPONSES, json={"model": "m", "input": "hi", "stream": True})
    return Exchange(url=RESPONSES, kind=SSE, answer=sent.content, body={"model": "m", "input": "hi", "stream": True})


def summaries(pieces):
    details = [[{"type": "reasoning.summary", "summary": piece, "index": 0}] for piece in pieces]
    return streamed([{"choices": [{"index": 0, "delta": {"reasoning_details": one}}]} for one in details])


def spoken(pieces):
    return streamed([{"choices": [{"index": 0, "delta": {"audio": {"transcript": piece}}}]} for piece in pieces])


def one_line(text):
    return text.replace("\n", " ")


PLACES = {
    "prompt": lambda s, r: asked(s),
    "code block": lambda s, r: asked(f"```python\nkey = '{s}'\n```"),
    "content parts": lambda s, r: asked([{"type": "text", "text": "Look:"}, {"type": "text", "text": s}]),
    "metadata": lambda s, r: asked("hi", metadata={"a": [{"b": {"c": s}}]}),
    "key of an object": lambda s, r: asked("hi", metadata={s: 1}),
    "model": lambda s, r: Exchange(body={"model": s, "messages": []}),
    "user": lambda s, r: asked("hi", user=s),
    "field api_key": lambda s, r: asked("hi", api_key=s),
    "field token": lambda s, r: asked("hi", token=s),
    "system prompt": lambda s, r: Exchange(body={"messages": [{"role": "system", "content": s}]}),
    "tool arguments": lambda s, r: asked("hi", tool_calls=[{"function": {"arguments": json.dumps({"q": s})}}]),
    "tool's answer": lambda s, r: Exchange(body={"messages": [{"role": "tool", "content": json.dumps({"out": [s]})}]}),
    "JSON in JSON in JSON": lambda s, r: asked(nested(s)),
    "Responses' input": lambda s, r: Exchange(url=RESPONSES, body={"model": "m", "input": s}),
    "Anthropic's system": lambda s, r: Exchange(url=MESSAGES, body={"model": "m", "system": [{"text": s}]}),
    "Gemini's contents": lambda s, r: Exchange(url=GEMINI, body={"contents": [{"parts": [{"text": s}]}]}),
    "percent-encoded": lambda s, r: asked(f"see https://x.test/?q={quote(s, safe='')}"),
    "path": lambda s, r: Exchange(url=f"{HOST}/{quote(one_line(s), safe='')}/v1/chat/completions"),
    "query": lambda s, r: Exchange(url=f"{CHAT}?custom={quote(one_line(s), safe='')}"),
    "kept query": lambda s, r: Exchange(url=f"{CHAT}?alt={quote(one_line(s), safe='')}"),
    "fragment": lambda s, r: Exchange(url=f"{CHAT}#{quote(one_line(s), safe='')}"),
    "Authorization": lambda s, r: Exchange(headers={"Authorization": f"Bearer {one_line(s)}"}),
    "unknown header": lambda s, r: Exchange(headers={"X-Gateway": one_line(s)}),
    "kept header": lambda s, r: Exchange(headers={"User-Agent": f"me/1 {one_line(s)}"}),
    "answer's header": lambda s, r: Exchange(answer_headers=[("x-other", one_line(s))]),
    "answer's kept header": lambda s, r: Exchange(answer_headers=[("x-request-id", one_line(s))]),
    "header echoed": lambda s, r: answered({"said": one_line(s)}, headers={"AUTHORIZATION": f"Bearer {one_line(s)}"}),
    "cookie echoed": lambda s, r: answered(
        {"said": one_line(s).replace(";", "")},
        answer_headers=[
            ("set-cookie", "a=b1; Path=/"),
            ("Set-Cookie", f"s={one_line(s)}; HttpOnly"),
            ("set-cookie", "c=d"),
        ],
    ),
    "answer": lambda s, r: answered({"choices": [{"message": {"content": s}}]}),
    "answer's call": lambda s, r: answered({"choices": [{"message": {"tool_calls": [{"arguments": nested(s, 1)}]}}]}),
    "answer's parts": lambda s, r: answered(
        {"choices": [{"message": {"content": [{"text": one} for one in in_two(s, r)]}}]}
    ),
    "compact answer": lambda s, r: Exchange(
        answer=json.dumps({"output": [{"text": s}]}, separators=(",", ":")).encode()
    ),
    "logprobs": lambda s, r: answered({"choices": [{"logprobs": {"content": tokens(s)}}]}),
    "error": lambda s, r: answered({"error": {"message": f"bad {s}"}}, status=401),
    "HTML error": lambda s, r: Exchange(kind="text/html", answer=f"<p>{s}</p>".encode(), status=502),
    "plain error": lambda s, r: Exchange(kind=TEXT, answer=s.encode(), status=500),
    "binary": lambda s, r: Exchange(kind="application/octet-stream", answer=b"\xff\x00" + s.encode() + b"\xfe\x01"),
    "SSE, one delta": lambda s, r: deltas([s]),
    "SSE, a character a delta": lambda s, r: deltas(list(s)),
    "SSE, cut in two": lambda s, r: deltas(in_two(s, r)),
    "SSE, large deltas": lambda s, r: deltas(by(s, r.choice([24, 32, 48]))),
    "SSE, CRLF": lambda s, r: deltas(by(s, 7), end="\r\n"),
    "SSE, chunks anyhow": lambda s, r: Exchange(kind=SSE, answer=by(deltas(by(s, 20)).chunks[0], 13)),
    "SSE, data in lines": lambda s, r: Exchange(kind=SSE, answer=b"".join(map(multi_line, by(s, 19)))),
    "SSE, text that is no JSON": lambda s, r: Exchange(
        kind=SSE, answer="".join(f"data: {one}\n\n" for one in by(one_line(s), 9)).encode()
    ),
    "SSE, a comment": lambda s, r: Exchange(kind=SSE, answer=f": {one_line(s)}\n\n".encode() + sse([{"a": 1}])),
    "SSE, two choices": lambda s, r: streamed(
        [{"choices": [{"index": n, "delta": {"content": one}}]} for one in by(s, 5) for n in (0, 1)]
    ),
    "SSE, calls": lambda s, r: streamed(called(by(json.dumps({"q": s}), 6))),
    "SSE, logprobs": lambda s, r: streamed(
        [{"choices": [{"delta": {"content": one["token"]}, "logprobs": {"content": [one]}}]} for one in tokens(s)]
    ),
    "SSE, reasoning": lambda s, r: deltas(by(s, 6), "reasoning_content"),
    "SSE, summaries": lambda s, r: summaries(by(s, 8)),
    "SSE, transcript": lambda s, r: spoken(by(s, 8)),
    "SSE, a field nobody knows": lambda s, r: streamed([{"z": [{"y": {"x": one}}]} for one in in_two(s, r)]),
    "SSE, broken off": lambda s, r: Exchange(
        kind=SSE, breaks=True, answer=deltas(in_two(s, r)).chunks[0].partition(b"data: [DONE")[0][: -r.randrange(3, 8)]
    ),
    "Anthropic's text": lambda s, r: anthropic(in_two(s, r)),
    "Anthropic's thinking": lambda s, r: thought(by(s, 10)),
    "Responses": lambda s, r: responses(by(s, 10)),
    "Responses, whole": lambda s, r: whole_responses(Reply(deltas=by(s, 10))),
    "Responses, calls": lambda s, r: whole_responses(tool_call("f", json.dumps({"q": s}))),
    "Responses, thoughts": lambda s, r: whole_responses([reasoning(s), "done"]),
    "Gemini, SSE": lambda s, r: Exchange(url=GEMINI, kind=SSE, answer=sse(gemini(in_two(s, r)), "\r\n")),
    "Gemini, an array": lambda s, r: Exchange(url=GEMINI, answer=json.dumps(gemini(by(s, 30))).encode()),
    "Gemini, an array that breaks off": lambda s, r: Exchange(
        url=GEMINI, breaks=True, answer=json.dumps(gemini(by(s, 30))).encode()[:-9]
    ),
    "ndjson": lambda s, r: Exchange(
        kind="application/x-ndjson",
        answer="".join(json.dumps({"response": one, "done": False}) + "\n" for one in by(s, 11)).encode(),
    ),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Nobody pulls the plug."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


def record(folder, exchanges):
    """Record exchanges as a program does."""
    for exchange in exchanges:
        transport = InterceptTransport(
            mode="record", recordings=Recordings(folder, keep_errors=True), inner=httpx.MockTransport(exchange.respond)
        )
        with httpx.Client(transport=transport) as client:
            try:
                client.post(exchange.url, json=exchange.body, headers=exchange.headers)
            except httpx.ReadError:
                assert exchange.breaks


def kept(folder):
    """Give the texts of a tape: names and contents, decoded, and what is said in pieces, joined."""
    for path in sorted(Path(folder).rglob("*.json")):
        content = path.read_text(encoding="utf-8")
        joined = defaultdict(list)
        gather(json.loads(content), "", joined)
        yield from (path.name, content, content.replace("\\n", "\n"), unquote(content))
        yield from ("".join(pieces) for pieces in joined.values())


def gather(value, path, joined):
    if isinstance(value, dict):
        for key, item in value.items():
            gather(item, f"{path}[{value.get('index', '')}].{key}", joined)
    elif isinstance(value, list):
        if value and all(isinstance(one, int) and 0 <= one < 256 for one in value):
            joined[f"{path} in numbers"].append(bytes(value).decode("latin-1"))
        for item in value:
            gather(item, path, joined)
    elif isinstance(value, str):
        joined[path].append(base64.b64decode(value).decode("latin-1") if path.endswith(".base64") else value)
        if path.endswith(".text"):
            gather_lines(value, joined)


def gather_lines(text, joined):
    """Add what a text says that was kept as it came: an event's data, lines of JSON."""
    data = [line.partition("data:")[2].strip() for line in text.splitlines() if line.startswith("data:")]
    joined["lines"] += data
    for line in ["".join(data)] if data else text.splitlines():
        with contextlib.suppress(ValueError):
            gather(json.loads(line), "of lines", joined)


def left_of(secret, texts):
    """Find a part of a secret in texts."""
    size = min(PART, len(secret))
    parts = [secret[at : at + size] for at in range(len(secret) - size + 1)]
    return next((part for text in texts for part in parts if part in text), None)


def chosen(place):
    return SECRETS if WHOLE else random.Random(place).sample(SECRETS, 3)


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_kept_in_this_place(place, tmp_path):
    """Neither whole nor 12 characters of it, in a file, its name, or what its pieces say together."""
    source = random.Random(place)
    found = []
    for begin in range(0, len(cases := chosen(place)), AT_ONCE):
        some = cases[begin : begin + AT_ONCE]
        folder = tmp_path / str(begin)
        for number, (shape, secret, core) in enumerate(some):
            record(folder / str(number), [PLACES[place](secret, source)])
            texts = list(kept(folder / str(number)))
            assert texts, "nothing was recorded"
            if left_of(core, texts):
                found.append((shape, secret, left_of(core, texts)))
    assert found == []


def test_a_secret_cut_in_two_at_any_place_is_not_kept():
    """By the deltas of a stream; the text around it stays, each event stays, and redacting again changes nothing."""
    cases = SECRETS if WHOLE else random.Random(1).sample(SECRETS, 4)
    for shape, secret, core in cases:
        for at in range(1, len(secret)):
            pieces = ["Look: ", secret[:at], secret[at:], " is it."]
            events = tuple(
                Event(gap_ms=0, data={"choices": [{"index": 0, "delta": {"content": one}}]}) for one in pieces
            )
            clean = redacted_events(events, Redactor(), EVENTS)
            said = [one.data["choices"][0]["delta"]["content"] for one in clean]
            assert left_of(core, ["".join(said)]) is None, (shape, at)
            assert (len(said), said[0], said[3]) == (4, "Look: ", " is it.")
            assert redacted_events(clean, Redactor(), EVENTS) == clean


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_of_no_shape_is_known_by_its_name(form):
    """However the name is written and given a value, in a text and in JSON."""
    source = random.Random(form)
    for name in NAMES if WHOLE else source.sample(NAMES, 12):
        value = drawn(source, "{a24}")
        assert value not in replace_secrets(form.format(n=name, v=value)), name
        assert value not in json.dumps(Redactor().value({"a": [{name: value}]})), name


def test_texts_without_secrets_are_left_as_they_are():
    """77 of what is often taken for one; 2 may be changed."""
    changed = [text for text in legitimate() if replace_secrets(text) != text]
    assert len(changed) <= 2, changed


@pytest.mark.parametrize("password", ["letmeinplease", "correct horse battery", "Tr0ub4dor,and;3", "hunter2x"])
def test_a_password_is_known_in_quotes_whatever_it_is(password):
    """Letters alone, spaces, commas."""
    assert password not in replace_secrets(f'the config says password = "{password}" and no more')


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            ("set-cookie", "__cf_bm=qW7xk2Lp9Zr4; path=/; domain=.api.openai.com; HttpOnly; Secure; SameSite=None"),
            "Set HttpOnly and SameSite=None; base URL https://eu.api.openai.com/v1",
        ),
        (("cookie", "theme=dark-mode; lang=en-US-x"), "the dark-mode and en-US-x"),
        (("authorization", "Bearer lm-studio"), "lm-studio runs"),
        (("authorization", "Bearer assistant"), "assistant"),
        (("authorization", "Bearer not-a-key"), "it is not-a-key"),
    ],
)
def test_dummies_and_attributes_are_no_credentials(header, said, tmp_path):
    """What an answer says of them stays."""
    name, value = header
    sent = {} if name == "set-cookie" else {name: value}
    record(tmp_path, [answered({"said": said}, headers=sent, answer_headers=[] if sent else [header])])
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text(encoding="utf-8"))["response"]["body"] == {"said": said}


@pytest.mark.parametrize("written", [str, quote, lambda key: base64.b64encode(b"ab" + key.encode()).decode()])
def test_the_requests_own_key_is_known_however_it_is_written(written, tmp_path):
    """A key of no shape, echoed: percent-encoded, in base64 at any place."""
    key = "hunter2/Zx81+canary=9"
    record(tmp_path, [answered({"said": written(key)}, headers={"authorization": f"Bearer {key}"})])
    assert left_of(written(key)[4:-4], list(kept(tmp_path))) is None
