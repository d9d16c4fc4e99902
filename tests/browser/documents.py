"""Reports made by hand, one of each kind that the page has to show: few calls, hostile texts, a difference, ten thousand."""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from typing import Any

from llm_intercept.report.document import Detail, Head, Report
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page

SYSTEM = {
    "role": "system",
    "parts": [{"kind": "text", "text": "You are a careful travel assistant. Answer in one sentence."}],
}
TOOL = {
    "name": "get_weather",
    "type": "function",
    "description": "The weather of a city, now.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}}},
}
RULES: list[dict[str, Any]] = [
    {"number": 1, "text": "on('weather', tool_result=None)", "where": "tests/test_trip.py:14", "used": 3},
    {"number": 2, "text": "on(tool_result='get_weather')", "where": "tests/test_trip.py:15", "used": 2},
    {"number": 3, "text": "on('passport').reply(structured(…))", "where": "tests/test_trip.py:21", "used": 1},
    {"number": 4, "text": "on('visa', model='gpt-5*')", "where": "tests/test_trip.py:30"},
    {"number": 5, "text": "on('anything')", "where": "tests/conftest.py:9", "optional": True},
]


def text(value: str) -> dict[str, Any]:
    """A part that is a text."""
    return {"kind": "text", "text": value}


def user(*parts: dict[str, Any] | str) -> dict[str, Any]:
    """A message of the user's."""
    return {"role": "user", "parts": [text(one) if isinstance(one, str) else one for one in parts]}


def picture(width: int = 96, height: int = 48) -> str:
    """A PNG of a few colours as a data URL."""
    lines = b"".join(b"\0" + bytes(v for x in range(width) for v in (x * 2, y * 4, 160)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{b64encode(png).decode()}"


def report(head: dict[str, Any], details: list[dict[str, Any]]) -> Report:
    """A report of plain values: what a row and a head have to say is filled in."""
    rows = [{"attempt": 1, "turn": 1, **row} for row in head.pop("rows")]
    given = {
        "version": 1,
        "tool": "llm-intercept 0.1",
        "made_at": "2026-01-01T12:00:00Z",
        "kind": "calls",
        "per_chunk": 50,
    }
    head = given | head | {"rows": rows}
    return Report(head=Head(**head), details=tuple(Detail(**one) for one in details))


def html(given: Report, *, live: bool = False) -> str:
    """The page of a report."""
    return page(packed(given), live=live)


def events(answer: str, first: float, each: float) -> list[dict[str, Any]]:
    """The events of a stream, a word each."""
    words = answer.split(" ")
    return [
        {"at": first + each * at, "text": "data: " + json.dumps({"choices": [{"delta": {"content": f"{word} "}}]})}
        for at, word in enumerate(words)
    ] + [{"at": first + each * len(words), "text": "data: [DONE]"}]


def request(body: dict[str, Any], path: str = "/v1/chat/completions") -> dict[str, Any]:
    """A request as it was sent."""
    headers = [
        ["content-type", "application/json"],
        ["authorization", "Bearer [redacted]"],
        ["user-agent", "OpenAI/Python 3.1"],
    ]
    return {"method": "POST", "url": f"https://api.openai.com{path}", "headers": headers, "body": json.dumps(body)}


def response(status: int, body: str, kind: str = "application/json") -> dict[str, Any]:
    """An answer as it came."""
    return {
        "status": status,
        "headers": [["content-type", kind], ["date", "Thu, 01 Jan 2026 00:00:00 GMT"]],
        "body": body,
    }


def trip() -> Report:
    """An agent's tests: a tool that is called, retries, parallel calls, structured output, a request without an answer."""
    call = {"kind": "tool_call", "name": "get_weather", "id": "call_1", "arguments": '{"city":"Paris","unit":"C"}'}
    result = {"kind": "tool_result", "name": "get_weather", "id": "call_1", "text": '{"sky":"clear","degrees":21.0}'}
    asked = [SYSTEM, user("What is the weather in Paris?")]
    sunny = "It is sunny in Paris: 21 °C, and no cloud in sight until the evening."
    passport = '{"number": "X4RTBPFW4", "valid": true, "names": ["Ada", "King"]}'
    plain = {
        "api": "openai.chat",
        "model": "gpt-5-mini",
        "url": "https://api.openai.com/v1/chat/completions",
        "method": "POST",
    }
    test = {"test": "tests/test_trip.py::test_weather_is_looked_up"}
    first = {"rule": RULES[0]["text"], "where": RULES[0]["where"], "source": "rule"}
    second = {"rule": RULES[1]["text"], "where": RULES[1]["where"], "source": "rule"}
    rows: list[dict[str, Any]] = [
        {
            **plain,
            **test,
            **first,
            "question": "What is the weather in Paris?",
            "status": 429,
            "outcome": "429",
            "failed": True,
            "faults": ["429, retry after 1 s"],
            "started": 0.0,
            "duration": 0.2,
            "real_duration": 0.0031,
            "first": 0.2,
        },
        {
            **plain,
            **test,
            **first,
            "question": "What is the weather in Paris?",
            "status": 503,
            "outcome": "503",
            "failed": True,
            "faults": ["503"],
            "attempt": 2,
            "retry_of": 0,
            "started": 1.2,
            "duration": 0.4,
            "first": 0.4,
            "real_duration": 0.002,
        },
        {
            **plain,
            **test,
            **first,
            "question": "What is the weather in Paris?",
            "answer": "get_weather(city='Paris', unit='C')",
            "status": 200,
            "attempt": 3,
            "retry_of": 1,
            "started": 2.4,
            "duration": 1.1,
            "first": 0.8,
            "input_tokens": 86,
            "output_tokens": 21,
            "cost": 0.00006,
            "real_duration": 0.004,
        },
        {
            **plain,
            **test,
            **second,
            "question": "What is the weather in Paris?",
            "answer": sunny,
            "status": 200,
            "turn": 2,
            "stream": True,
            "started": 3.6,
            "duration": 2.3,
            "first": 0.8,
            "chunks": 15,
            "input_tokens": 131,
            "output_tokens": 19,
            "cost": 0.00007,
            "real_duration": 0.006,
        },
        {
            **plain,
            "test": "tests/test_trip.py::test_passport",
            "model": "gpt-5",
            "rule": RULES[2]["text"],
            "where": RULES[2]["where"],
            "source": "rule",
            "question": "Read my passport.",
            "answer": passport,
            "status": 200,
            "started": 6.0,
            "duration": 3.1,
            "first": 1.9,
            "input_tokens": 912,
            "output_tokens": 60,
            "cost": 0.0017,
            "real_duration": 0.002,
        },
        {
            **plain,
            "test": "tests/test_trip.py::test_visa",
            "question": "Do I need a visum for Japan?",
            "status": 404,
            "outcome": "unmatched",
            "source": "unmatched",
            "failed": True,
            "started": 6.2,
            "duration": 0.01,
            "real_duration": 0.001,
        },
    ]
    for lane in range(6):
        rows.append(
            {
                **plain,
                "test": "tests/test_trip.py::test_many_at_once",
                "api": "anthropic.messages" if lane % 2 else "openai.responses",
                "model": "claude-sonnet-5" if lane % 2 else "gpt-5",
                "source": "default" if lane == 5 else "recording",
                "question": f"Which sights are in district {lane + 1}?",
                "answer": "The river, the tower and a small museum of clocks.",
                "status": 200,
                "stream": lane % 3 > 0,
                "started": 7.0 + 0.15 * lane,
                "duration": 2.0 + lane * 0.4,
                "first": 0.6 + 0.1 * lane,
                "chunks": 12,
                "input_tokens": 40 + lane,
                "output_tokens": 12,
                "cost": 0.0002,
                "real_duration": 0.01,
            }
        )
    rows.append(
        {
            **plain,
            "test": "tests/test_trip.py::test_broken_stream",
            "source": "rule",
            "rule": RULES[1]["text"],
            "where": RULES[1]["where"],
            "question": "Tell me of the tower.",
            "answer": "The tower was built in",
            "status": 200,
            "outcome": "200, disconnected",
            "failed": True,
            "faults": ["disconnect after 5"],
            "stream": True,
            "started": 11.0,
            "duration": 1.4,
            "first": 0.7,
            "chunks": 5,
            "input_tokens": 30,
            "output_tokens": 5,
            "real_duration": 0.003,
        }
    )
    rows = [{"n": number, **row} for number, row in enumerate(rows)]
    body = {
        "model": "gpt-5-mini",
        "temperature": 0.2,
        "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
    }
    error = '{"error": {"message": "Rate limit reached.", "type": "requests", "code": "rate_limit_exceeded"}}'
    base = {
        "tools": [TOOL],
        "params": {"temperature": 0.2, "max_completion_tokens": 200},
        "request": request(body),
        "timeout": {"connect": 5.0, "read": 600.0},
    }
    unmatched_text = "llm-intercept: no rule answers this request.\n  POST https://api.openai.com/v1/chat/completions\n    last user: 'Do I need a visum for Japan?'"
    details: list[dict[str, Any]] = [
        {
            **base,
            "messages": asked,
            "error": "RateLimitError: 429 Rate limit reached.",
            "retry_after": 1.0,
            "response": response(429, error),
        },
        {**base, "messages": asked, "error": "503 Service unavailable", "response": response(503, "")},
        {
            **base,
            "messages": asked,
            "answer": {
                "parts": [
                    {"kind": "reasoning", "text": "The user asks for the weather.\nThere is a tool for it."},
                    call,
                ],
                "finish_reason": "tool_calls",
                "usage": {"input_tokens": 86, "output_tokens": 21, "reasoning_tokens": 8},
            },
            "response": response(200, json.dumps({"choices": [{"index": 0}]})),
        },
        {
            **base,
            "messages": [*asked, {"role": "assistant", "parts": [call]}, {"role": "tool", "parts": [result]}],
            "known": 3,
            "continues": 2,
            "answer": {
                "parts": [
                    text(sunny),
                    {"kind": "citation", "url": "https://weather.example/paris", "title": "Paris today"},
                ],
                "finish_reason": "stop",
                "usage": {"input_tokens": 131, "output_tokens": 19},
            },
            "events": events(sunny, 0.8, 0.1),
            "response": response(200, "\n\n".join(one["text"] for one in events(sunny, 0.8, 0.1)), "text/event-stream"),
        },
        {
            **base,
            "messages": [
                SYSTEM,
                user(
                    "Read my passport.",
                    {"kind": "media", "media": "image", "mime": "image/png", "name": "passport.png", "data": picture()},
                ),
                {"role": "assistant", "parts": [call]},
                {
                    "role": "tool",
                    "parts": [{**result, "is_error": True, "text": "the weather station does not answer"}],
                },
            ],
            "answer": {
                "parts": [text(passport)],
                "finish_reason": "stop",
                "usage": {"input_tokens": 912, "output_tokens": 60},
            },
            "response": response(200, passport),
        },
        {
            **base,
            "messages": [SYSTEM, user("Do I need a visum for Japan?")],
            "error": "404: no rule answers",
            "unmatched": {
                "text": unmatched_text,
                "rules": [
                    {
                        "rule": RULES[3]["text"],
                        "where": RULES[3]["where"],
                        "held": 1,
                        "failed": [
                            {
                                "condition": "the last user message",
                                "expected": "'visa' in it",
                                "got": "'Do I need a visum for Japan?'",
                                "hint": "'visum' is near",
                            }
                        ],
                    },
                    {
                        "rule": RULES[0]["text"],
                        "where": RULES[0]["where"],
                        "failed": [
                            {
                                "condition": "the last user message",
                                "expected": "'weather' in it",
                                "got": "'Do I need a visum for Japan?'",
                            }
                        ],
                    },
                ],
            },
            "response": response(404, '{"error": {"message": "no rule answers this request"}}'),
        },
    ]
    for row in rows[6:]:
        said = row["answer"]
        details.append(
            {
                **base,
                "messages": [user(row["question"])],
                "answer": {
                    "parts": [text(said)],
                    "finish_reason": None if row["failed" if "failed" in row else "n"] is True else "stop",
                    "usage": {"input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"]},
                },
                "events": events(said, row["first"], 0.1) if row.get("stream") else None,
                "error": "RemoteProtocolError: peer closed connection" if row.get("failed") else None,
                "response": response(200, said),
            }
        )
    details = [{"n": number, **one} for number, one in enumerate(details)]
    return report({"title": "pytest tests/test_trip.py", "rows": rows, "rules": RULES}, details)


def one_call() -> Report:
    """A single call."""
    whole = trip()
    head = whole.head.model_copy(update={"rows": whole.head.rows[:1], "rules": (), "title": "one call"})
    return Report(head=head, details=whole.details[:1])


def empty(kind: str = "calls") -> Report:
    """A report of nothing."""
    return report({"title": "an empty run", "rows": [], "kind": kind}, [])


def difference() -> Report:
    """Two tapes: a conversation that differs in some words, one that is alike, one on either side alone."""
    says = [
        ("What is the capital of France?", "The capital of France is Paris, on the river Seine."),
        ("And of Italy?", "Rome."),
        ("Count to three.", "1, 2, 3"),
        (
            "What is the capital of France, please?",
            "Paris is the capital of France; it lies on the Seine, and has two million inhabitants.",
        ),
        ("And of Italy?", "Rome."),
        ("Sing.", "La la la."),
    ]
    plain = {
        "api": "openai.chat",
        "source": "take",
        "status": 200,
        "method": "POST",
        "url": "https://api.openai.com/v1/chat/completions",
    }
    rows = [
        {
            **plain,
            "n": n,
            "side": n // 3,
            "model": "gpt-5" if n < 3 else "gpt-5.1",
            "name": f"{n:03d}.json",
            "question": asked,
            "answer": answer,
            "started": 1.0 * (n % 3),
            "duration": 0.8,
            "recorded_at": "2026-01-01T00:00:00Z",
        }
        for n, (asked, answer) in enumerate(says)
    ]
    details = [
        {
            "n": n,
            "messages": [SYSTEM, user(asked)],
            "params": {"temperature": 0 if n < 3 else 1},
            "answer": {
                "parts": [text(answer)],
                "finish_reason": "stop",
                "usage": {"input_tokens": 20, "output_tokens": len(answer)},
            },
            "request": request({"model": "gpt-5"}),
            "response": response(200, answer),
        }
        for n, (asked, answer) in enumerate(says)
    ]
    pairs = [
        {"left": 0, "right": 3, "what": ["messages", "answer", "params"]},
        {"left": 1, "right": 4, "same": True},
        {"left": 2, "right": None, "what": ["missing"]},
        {"left": None, "right": 5, "what": ["new"]},
    ]
    sides = [{"name": "recordings/before", "note": "3 takes"}, {"name": "recordings/after", "note": "3 takes"}]
    problems = [{"name": "007.json", "why": "is damaged: it ends in the middle of a text"}]
    head = {
        "title": "recordings/before and recordings/after",
        "kind": "difference",
        "sides": sides,
        "rows": rows,
        "pairs": pairs,
        "problems": problems,
    }
    return report(head, details)


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(3)>",
    "<svg onload=alert(4)>",
    "\"><iframe src='javascript:alert(5)'></iframe>",
    "javascript:alert(6)",
    "data:text/html,<script>alert(7)</script>",
    "http://127.0.0.1:9/ping?<>",
    "<style>*{display:none}</style><link rel=stylesheet href=//127.0.0.1:9/x>",
    "{{policy}} {{script}} ${alert(8)} $& $' \\u003c",
    "\u202eevil\u202c \u2066isolate\u2069 \u200bzero \u200e\u200f marks",
    "\x1b[31mred\x1b[0m \x07 \x00 \x08 \r over \x7f \x9b31m",
    "\ufeff\ufff9\ufffa\ufffb \U000e0041",
    "\ud800 lone \udfff",
    "__proto__",
    "constructor",
    "&lt;b&gt; &amp; &#x3c;",
    "]]> <?xml ?> <![CDATA[",
    "a" * 30_000,
    "\n" * 40 + "far down",
    '{"a": "<b>", "__proto__": {"x": 1}, "n": 12345678901234567890, "f": 1.0}',
    "[" * 20_000 + "]" * 20_000,
]


def hostile() -> Report:
    """Every text of others in every place where the page shows one."""
    rows, details = [], []
    for n, evil in enumerate(HOSTILE):
        said = evil.encode(errors="backslashreplace").decode()
        part = {
            "text": evil,
            "name": evil,
            "id": evil,
            "arguments": evil,
            "mime": evil,
            "url": evil,
            "title": evil,
            "raw": evil,
        }
        kinds = ["text", "reasoning", "tool_call", "tool_result", "refusal", "citation", "other"]
        parts = [{"kind": kind, **part} for kind in kinds]
        media = [
            {"kind": "media", "media": "image", "data": data, "name": evil, "mime": evil}
            for data in (
                f"data:image/png;base64,{evil}",
                evil,
                "data:image/svg+xml;base64,"
                + b64encode(
                    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(9)'><script>alert(10)</script><image href='http://127.0.0.1:9/i'/></svg>"
                ).decode(),
            )
        ]
        rows.append(
            {
                "n": n,
                "test": evil,
                "name": evil,
                "api": evil,
                "model": evil,
                "question": evil[:200],
                "answer": evil[:200],
                "source": "unmatched" if n % 2 else said[:50],
                "rule": evil,
                "where": evil,
                "outcome": evil,
                "faults": [evil[:80]],
                "url": evil,
                "method": evil[:20],
                "recorded_at": evil,
                "status": 404,
                "failed": True,
                "side": n % 2,
            }
        )
        details.append(
            {
                "n": n,
                "messages": [{"role": evil, "name": evil, "parts": [*parts, *media]}],
                "tools": [{"name": evil, "type": evil, "description": evil, "parameters": {said: said}}],
                "params": {said: said},
                "answer": {"parts": [*parts, *media], "finish_reason": evil, "more": [{"parts": parts}]},
                "events": [{"at": 0.1, "text": evil}],
                "request": {"method": evil, "url": evil, "headers": [[evil, evil]], "body": evil},
                "response": {"status": 404, "headers": [[evil, evil]], "body": evil},
                "error": evil,
                "partial": evil,
                "unmatched": {
                    "text": evil,
                    "problem": evil,
                    "advice": evil,
                    "rules": [
                        {
                            "rule": evil,
                            "where": evil,
                            "reason": evil,
                            "failed": [{"condition": evil, "expected": evil, "got": evil, "hint": evil}],
                        }
                    ],
                    "takes": [{"name": evil, "reason": evil, "differences": [evil]}],
                },
            }
        )
    rules = [{"number": n, "text": evil, "where": evil, "test": evil} for n, evil in enumerate(HOSTILE, 1)]
    pairs = [{"left": n, "right": n + 1, "what": [HOSTILE[n][:60]]} for n in range(0, len(HOSTILE) - 1, 2)]
    sides = [{"name": HOSTILE[0], "note": HOSTILE[3]}, {"name": HOSTILE[1], "note": HOSTILE[11]}]
    problems = [{"name": evil[:90], "why": evil[:90]} for evil in HOSTILE]
    return report(
        {
            "title": HOSTILE[1],
            "rows": rows,
            "rules": rules,
            "pairs": pairs,
            "sides": sides,
            "problems": problems,
            "kind": "difference",
            "tool": HOSTILE[0],
            "made_at": HOSTILE[0],
        },
        details,
    )


def many(number: int = 10_000) -> Report:
    """As many calls as a large suite makes, some at once, some failed."""
    tests, models = 400, ("gpt-5", "gpt-5-mini", "claude-sonnet-5", "gemini-3-pro")
    rows, details = [], []
    for n in range(number):
        failed = n % 37 == 0
        question, answer = (
            f"Question {n}: what follows from {n * 7919 % 1000}?",
            f"The answer to {n} is {n * 31 % 977}, as far as anybody knows.",
        )
        rows.append(
            {
                "n": n,
                "test": f"tests/test_suite.py::test_{n % tests}",
                "api": ("openai.chat", "anthropic.messages", "gemini")[n % 3],
                "model": models[n % 4],
                "question": question,
                "answer": "" if failed else answer,
                "source": "rule",
                "rule": f"on('{n % 25}')",
                "where": f"tests/test_suite.py:{n % 25}",
                "status": 429 if failed else 200,
                "failed": failed,
                "started": n * 0.05,
                "duration": 0.3 + (n % 11) * 0.07,
                "first": 0.2,
                "input_tokens": 40,
                "output_tokens": 20,
                "cost": 0.0001,
            }
        )
        details.append(
            {
                "n": n,
                "messages": [SYSTEM, user(question)],
                "answer": None if failed else {"parts": [text(answer)], "finish_reason": "stop"},
                "request": request({"model": models[n % 4], "messages": [{"role": "user", "content": question}]}),
                "response": response(200, json.dumps({"id": f"x-{n}", "choices": [{"message": {"content": answer}}]})),
            }
        )
    rules = [
        {"number": n + 1, "text": f"on('{n}')", "where": f"tests/test_suite.py:{n}", "used": number // 25}
        for n in range(25)
    ]
    return report({"title": f"{number:,} calls", "rows": rows, "rules": rules}, details)
