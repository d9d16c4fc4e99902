"""A limit of tokens, over all APIs and in both shapes: what it cuts, what it leaves alone, and what it counts.

Knows: where each API says its text. Must not know: how many tokens a word has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Reply, intercept, reasoning, tool_call
from tests.support import GEMINI, MESSAGES, RESPONSES, URL, chat, contents, message, respond

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = "internationalization of characterizations"
"""Some words that the estimate counts for more tokens than a vocabulary would."""
WORDS = tuple(f"{one} " for one in LONG.split() * 7)
LIMIT = len(WORDS)


@dataclass(frozen=True)
class Api:
    """An API: where and how it is asked with a limit, and where its text is, in JSON and in a stream."""

    body: Callable[..., dict[str, Any]]
    url: str
    limited: Callable[[int], dict[str, Any]]
    said: str
    streamed: str = ""
    stream_url: str = ""
    thinks: bool = True
    calls: bool = True

    def ask(self, reply: Reply, limit: int, *, stream: bool) -> tuple[str, Any]:
        """Ask with a limit; returns the text of the answer, and the usage that is noted."""
        url = self.stream_url if stream and self.stream_url else self.url
        shape = {} if self.stream_url else {"stream": stream}
        with intercept(reply) as llm, httpx.Client() as client:
            answer = client.post(url, json={**self.body(), **self.limited(limit), **shape})
            assert answer.status_code == 200, answer.text
            found = re.findall(
                self.streamed if stream and self.streamed else self.said, answer.content.decode("latin-1")
            )
        return "".join(found), llm.calls[-1].usage


def _config(limit: int) -> dict[str, Any]:
    return {"generationConfig": {"maxOutputTokens": limit, "thinkingConfig": {"thinkingBudget": 0}}}


def _of_chat(model: str) -> Callable[[], dict[str, Any]]:
    return lambda: chat(model=model)


TEXT, CONTENT = r'"text": ?"([^"]*)"', r'"content": ?"([^"]*)"'
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1%3A0/converse"
OLLAMA = "http://localhost:11434/api/"
TURNS = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
APIS = {
    "chat": Api(chat, URL, lambda limit: {"max_completion_tokens": limit}, CONTENT),
    "chat, hidden tokens": Api(
        _of_chat("gpt-5"), URL, lambda limit: {"max_completion_tokens": limit}, CONTENT
    ),
    "completions": Api(
        lambda: {"model": "gpt-3.5-turbo-instruct", "prompt": "hi"},
        "https://api.openai.com/v1/completions",
        lambda limit: {"max_tokens": limit},
        TEXT,
        thinks=False,
        calls=False,
    ),
    "responses": Api(
        respond,
        RESPONSES,
        lambda limit: {"max_output_tokens": limit},
        r'"logprobs": ?\[\],\s*"text": ?"([^"]*)"',
        r'output_text.delta".*"delta": ?"([^"]*)"',
    ),
    "messages": Api(message, MESSAGES, lambda limit: {"max_tokens": limit}, TEXT),
    "gemini": Api(contents, f"{GEMINI}:generateContent", _config, TEXT, stream_url=f"{GEMINI}:streamGenerateContent?alt=sse"),
    "ollama chat": Api(
        _of_chat("llama3.2"), f"{OLLAMA}chat", lambda limit: {"options": {"num_predict": limit}}, CONTENT
    ),
    "ollama generate": Api(
        lambda: {"model": "llama3.2", "prompt": "hi"},
        f"{OLLAMA}generate",
        lambda limit: {"options": {"num_predict": limit}},
        r'"response": ?"([^"]*)"',
        calls=False,
    ),
    "cohere": Api(_of_chat("command-a-03-2025"), "https://api.cohere.com/v2/chat", lambda limit: {"max_tokens": limit}, TEXT),
    "converse": Api(
        lambda: TURNS,
        CONVERSE,
        lambda limit: {"inferenceConfig": {"maxTokens": limit}},
        r'(?:\[|,|"delta": ?)\{"text": ?"([^"]*)"',
        stream_url=f"{CONVERSE}-stream",
    ),
}  # fmt: skip
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
EACH = pytest.mark.parametrize("name", APIS)


@BOTH
@EACH
@pytest.mark.parametrize(
    "told",
    [{"usage": {"input_tokens": 1, "output_tokens": LIMIT}}, {"finish_reason": "stop"}, {"finish_reason": "length"}],
    ids=["usage", "stop", "length"],
)
def test_what_a_reply_says_itself_wins_over_the_estimate(name: str, *, stream: bool, told: dict[str, Any]) -> None:
    """Where a reply says why it ended, or how many tokens it has, and they fit, nothing of it is cut."""
    for given in (Reply("".join(WORDS), **told), Reply(deltas=WORDS, **told)):
        said, used = APIS[name].ask(given, LIMIT, stream=stream)
        assert said == "".join(WORDS)
        assert "usage" not in told or used.output_tokens == LIMIT


@BOTH
@EACH
def test_a_reply_that_has_more_tokens_than_the_limit_by_its_own_count_is_cut(name: str, *, stream: bool) -> None:
    given = Reply("".join(WORDS), usage={"input_tokens": 1, "output_tokens": LIMIT + 1})
    said, _ = APIS[name].ask(given, LIMIT, stream=stream)
    assert said != "".join(WORDS)
    assert "".join(WORDS).startswith(said)


@BOTH
@EACH
def test_a_delta_is_one_token(name: str, *, stream: bool) -> None:
    whole, used = APIS[name].ask(Reply(deltas=WORDS), LIMIT + 9, stream=stream)
    assert (whole, used.output_tokens >= LIMIT) == ("".join(WORDS), True)
    fits, _ = APIS[name].ask(Reply(deltas=WORDS), LIMIT, stream=stream)
    assert fits == "".join(WORDS)
    cut, used = APIS[name].ask(Reply(deltas=WORDS), LIMIT - 2, stream=stream)
    assert (cut, used.output_tokens) == ("".join(WORDS[:-2]), LIMIT - 2)


@BOTH
@EACH
def test_a_text_that_is_cut_has_the_tokens_of_the_limit(name: str, *, stream: bool) -> None:
    said, used = APIS[name].ask(Reply("".join(WORDS)), LIMIT, stream=stream)
    assert "".join(WORDS).startswith(said)
    assert 0 < len(said) < len("".join(WORDS))
    assert used.output_tokens == LIMIT


@BOTH
@pytest.mark.parametrize("name", [name for name, api in APIS.items() if api.thinks])
def test_thoughts_are_of_the_limit_as_all_that_is_said(name: str, *, stream: bool) -> None:
    given = Reply(reasoning("one two three " * 6), "four five six seven")
    said, used = APIS[name].ask(given, 20, stream=stream)
    assert (said, used.output_tokens) == ("four five six seven"[: len(said)], 20)
    assert 0 < len(said) < len("four five six seven")
    said, used = APIS[name].ask(given, 16, stream=stream)
    assert (said, used.output_tokens) == ("", 16)


@BOTH
@pytest.mark.parametrize("name", [name for name, api in APIS.items() if api.calls])
def test_a_call_that_is_cut_has_the_tokens_of_the_limit(name: str, *, stream: bool) -> None:
    given = Reply(tool_call("look_up", {"words": "".join(WORDS)}))
    _, used = APIS[name].ask(given, LIMIT, stream=stream)
    assert used.output_tokens == LIMIT
    _, used = APIS[name].ask(given, 1000, stream=stream)
    assert LIMIT < used.output_tokens < 1000


@BOTH
def test_gemini_says_no_half_of_a_call(*, stream: bool) -> None:
    """Arguments are an object there, so that a call which does not fit is not told."""
    api = APIS["gemini"]
    with intercept(Reply(tool_call("look_up", {"words": "".join(WORDS)}))), httpx.Client() as client:
        answer = client.post(api.stream_url if stream else api.url, json={**contents(), **_config(5)})
    assert "functionCall" not in answer.text
    assert "MAX_TOKENS" in answer.text
