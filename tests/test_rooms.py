"""The folder of an API is loaded when it is asked, and what is known of it before is true."""

from __future__ import annotations

import os
from itertools import product

import pytest

from llm_intercept.dialects import OPAQUE, all_dialects, api_names, claimed_by
from llm_intercept.dialects.rooms import ROOMS, rooms_at
from llm_intercept.model.wire import WireRequest

VERTEX = "/v1/projects/p/locations/l/publishers"
PATHS = [
    *("/v1/chat/completions", "/v1/chat/completions/c", "/v1/chat/completions/c/messages", "/v1/fim/completions"),
    *("/v1/completions", "/v1/embeddings", "/v1/models", "/v1/models/m", "/models", "/v1/moderations", "/v1/files"),
    *("/v1/responses", "/v1/responses/r", "/v1/responses/r/cancel", "/v1/responses/r/input_items"),
    *("/v1/responses/compact", "/v1/responses/input_tokens", "/v1/conversations", "/v1/conversations/c/items/i"),
    *(
        "/v1/messages",
        "/messages",
        "/v1/messages/count_tokens",
        "/v1/messages/batches",
        "/v1/messages/batches/b/cancel",
    ),
    *(f"{VERTEX}/anthropic/models/claude:rawPredict", f"{VERTEX}/anthropic/models/count-tokens:rawPredict"),
    *(f"/v1beta/models/m{colon}{method}" for colon in (":", "%3A") for method in ("generateContent", "countTokens")),
    *("/v1beta/models/m:streamGenerateContent", "/v1beta/models/m:embedContent", "/v1beta/models/m:batchEmbedContents"),
    *(f"{VERTEX}/google/models/text-embedding-005:predict", f"{VERTEX}/google/models", "/v1beta/models/m"),
    *(f"/api/{asked}" for asked in ("chat", "generate", "embed", "embeddings", "show", "tags", "ps", "version")),
    *(
        "/v2/chat",
        "/v2/embed",
        "/v1/embed",
        "/v2/rerank",
        "/v1/rerank",
        "/model/m/converse",
        "/model/m/converse-stream",
    ),
    *(f"/model/{made}/invoke" for made in ("anthropic.claude-3", "amazon.nova-pro", "openai.gpt-oss", "meta.llama3")),
    *(
        f"/model/{made}/invoke"
        for made in ("mistral.mixtral", "deepseek.r1", "amazon.titan-text", "us.amazon.titan-embed")
    ),
    *("/model/cohere.embed-v4:0/invoke-with-response-stream", "/v1/traces/ingest", "/", ""),
    *(f"/v1/images/{made}" for made in ("generations", "edits", "variations")),
]
BEGINS = ("", "//gateway/openai%2Fv1/models")
ENDS = ("", "//", "/x")
ASKERS = (
    ("api.openai.com", {}),
    ("api.anthropic.com", {}),
    ("generativelanguage.googleapis.com", {}),
    ("ollama.com", {}),
    ("api.cohere.com", {}),
    ("other", {}),
    ("other", {"user-agent": "OpenAI/Python 3.0"}),
    ("other", {"anthropic-version": "2023-06-01"}),
)


def head(method: str, host: str, path: str, headers: dict[str, str]) -> WireRequest:
    """A request's head."""
    return WireRequest(method, f"https://{host}{path}", host, path, headers)


def test_a_folder_is_found_by_the_path_of_whatever_it_claims():
    """So what claims a request is what would if all were asked; the paths are of all APIs, so that none is left out."""
    every, claimed = all_dialects()[:-1], set[object]()
    for method, begin, path, end, (host, headers) in product(("GET", "POST"), BEGINS, PATHS, ENDS, ASKERS):
        asked = head(method, host, begin + path + end, headers)
        wanted = next((one for one in every if one.claims(asked)), None)
        assert claimed_by(asked) is wanted, asked
        claimed.add(wanted)
    assert [one for one in every if one not in claimed] == [], "PATHS has none of theirs"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.names[0])
def test_the_names_that_are_known_before_are_its_dialects(room):
    """In their order: conditions and messages have them without the folder."""
    assert room.names == tuple(dict.fromkeys(one.name for one in room.loaded.get()))


def test_all_apis_have_their_names_in_messages():
    """Those that are answered first, then those that are only read."""
    assert set(api_names()) == {one.name for one in all_dialects() if one is not OPAQUE} | set(OPAQUE.names)


def test_the_paths_that_are_kept_are_bounded():
    """A program may ask as many as it has ids."""
    for number in range(300):
        rooms_at(f"/v1/responses/resp_{number}")
    assert rooms_at.cache_info().currsize <= 256


ASKED = """
import atexit, os, sys, threading
from unittest import mock

import httpx

from llm_intercept import intercept

OURS = "llm_intercept.dialects."
CHAT = "https://api.openai.com/v1/chat/completions"
MESSAGES = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
OLLAMA = "http://localhost:11434/api/chat"
COHERE = "https://api.cohere.com/v2/chat"
SAID = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
PARTS = {"contents": [{"parts": [{"text": "hi"}]}]}


def ask(url, key="x-api-key"):
    return httpx.post(url, json=PARTS if url is GEMINI else SAID, headers={key: "k"}).status_code


def loaded():
    names = [name.removeprefix(OURS) for name in sys.modules if name not in before and name.startswith(OURS)]
    return sorted({name.split(".")[0] for name in names})


def at_once(url):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(url, "authorization"))) for _ in range(8)]
    for one in threads: one.start()
    for one in threads: one.join()
    return set(answers)


block = intercept("hi", validate="off")
block.__enter__()
before = set(sys.modules)
print([name for name in before if name.startswith(OURS) and name.endswith(".dialect")])
print(at_once(CHAT), loaded())
with mock.patch.dict(sys.modules):  # which forgets what was imported within
    print(ask(MESSAGES), loaded())
print(ask(MESSAGES))
print(ask(GEMINI, "x-goog-api-key"), loaded())
if os.fork() == 0:
    print(ask(COHERE, "authorization"), [name for name in loaded() if "ohere" in name], flush=True)
    os._exit(0)
os.wait()
atexit.register(lambda: print(ask(OLLAMA), [name for name in loaded() if name in ("ollama", "bedrock")]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_a_block_loads_the_apis_that_are_asked_and_no_other(run_python):
    """From several threads at once, while modules are patched, in a forked process, and when the program ends."""
    done = run_python(ASKED)
    assert done.stdout.splitlines() == [
        "[]",
        f"{{200}} {['openai', 'openai_chat', 'shared']}",
        f"200 {['anthropic', 'anthropic_messages', 'openai', 'openai_chat', 'shared']}",
        "200",
        f"200 {['google', 'google_gemini', 'openai', 'openai_chat', 'shared']}",
        "200 ['cohere']",
        "200 ['ollama']",
    ], done.stderr
