"""Files of rules, as people mistype them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport
from tests.fuzz.events import WHOLE
from tests.fuzz.odd import altered, changed, dumped, folder
from tests.fuzz.requests import CHAT, told
from tests.fuzz.takes import commanded
from tests.fuzz.target import clear, target
from tests.test_rulefiles import ALL_TOML

CALL = {"name": "f", "arguments": {"a": 1}}
RULES: dict[str, Any] = {"$schema": "./schema.json", "rules": [
    {"user": "hi", "reply": "a"}, {"match": {"regex": "^h", "flags": "i"}, "replies": ["a", {"text": "b"}], "then": "cycle"},
    {"model": "gpt-4o*", "reply": {"text": "a", "tool_calls": [CALL], "finish_reason": "stop", "usage": {"input_tokens": 1}}},
    {"json": {"temperature": 0, "n": [1]}, "times": 2, "reply": {"raw": WHOLE}}, {"headers": {"x-a": {"regex": "^a"}}, "reply": {"error": 429}},
    {"turn": [1, 2], "stream": False, "reply": {"structured": {"a": 1}}}, {"tool_result": "f", "reply": {"refusal": "no"}},
    {"tool": "f", "url": "/v1", "api": "openai.*", "last": "x", "system": "s", "response_format": "P", "optional": False, "key": "model", "reply": {"auto": True}},
    {"reply": "anything"},
]}  # fmt: skip
TOML = b'"$schema" = "./schema.json"\n[[rules]]\nuser = "hi"\nreply = "a"\n[[rules]]\nturn = [1, 2]\nreply = { text = "b", error = 429 }\n'
FILE = (
    st.tuples(st.just(".json"), changed([RULES]).map(dumped) | altered(changed([RULES]).map(dumped)))
    | st.tuples(st.just(".toml"), altered(st.sampled_from([TOML, ALL_TOML.encode()])))
    | st.tuples(st.sampled_from([".yaml", ".txt", ""]), altered(st.just(json.dumps(RULES).encode())))
)


@target(FILE)
def a_file_of_rules_is_used_or_refused(given: Any) -> None:
    """A file of rules answers requests, or is refused in words; `llm-intercept check` says the same and steers no terminal."""
    suffix, content = given
    with folder() as place:
        file = Path(place, f"rules{suffix}")
        file.write_bytes(content)
        with clear():
            llm = Interceptor(rules=file)
            for body in ({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}, CHAT):
                with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client, clear():
                    _ = client.post("https://api.openai.com/v1/chat/completions", json=body).text
            told(llm)
        commanded("check", str(file))
