"""Each host that speaks as OpenAI does is the oracle of its row: our answer is its answer, byte for byte.

`tests/host_exchanges` is made by hand after what was recorded of each host (docs/wire.md 7.3); ids, times, costs and paddings
are masked, and their forms looked at apart.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, api_error, tool_call
from llm_intercept.dialects.openai_chat.grammar import kind
from llm_intercept.dialects.openai_chat.raw import replies
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Usage
from tests.recorded import needs_recordings, recorded

FILES = {
    path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).parent.glob("host_exchanges/*.json"))
}
EXCHANGES = [
    pytest.param(one, exchange, id=f"{name}-{number}")
    for name, one in FILES.items()
    for number, exchange in enumerate(one["exchanges"])
]
HI = [{"role": "user", "content": "hi"}]
MASKED = re.compile(
    r'"(id|request_id|generationId|system_fingerprint|provider|p|marketCost)":"[^"]*"'
    r'|"(created|\w+_time|\w*cost|\w+_cost|cost_in_usd_ticks|seed)":[\d.e-]+|"(cost)":"[^"]*"'
)


def masked(text: str) -> str:
    """The text without what is another each time; how long a padding is, too."""
    return MASKED.sub(lambda found: f'"{found[1] or found[2] or found[3]}":~', text)


def as_reply(says: dict[str, Any], told: str) -> Reply:
    """What the host says, as a user would give it, with the tokens that it reports."""
    calls = [tool_call(says["call"]["name"], says["call"]["arguments"])] if "call" in says else []
    texts = says.get("text", [])
    usage = usage_in(told, says)
    more: dict[str, Any] = {"reasoning": says["reasoning"]} if "reasoning" in says else {}
    return Reply(*calls, deltas=texts, usage=usage, **more) if texts else Reply(*calls, usage=usage, **more)


def usage_in(told: str, says: dict[str, Any]) -> Usage:
    """The tokens of an answer, of which some hosts do not count what is reasoned."""
    found = {name: int(count) for name, count in re.findall(r'"((?:prompt|total)_tokens)":(\d+)', told)}
    cached = re.findall(r'"cached_tokens":(\d+)', told)
    return Usage(
        input_tokens=found["prompt_tokens"],
        output_tokens=found["total_tokens"] - found["prompt_tokens"],
        cache_read_tokens=int(cached[-1]) if cached else 0,
        reasoning_tokens=says.get("reasoned", 2 if "reasoning" in says else 0),
    )


def text_of(one: dict[str, Any], exchange: dict[str, Any]) -> str:
    if "body" in exchange:
        return exchange["body"] + one["tail"]
    return one["newline"].join([*exchange["lines"], ""])


def answered(one: dict[str, Any], exchange: dict[str, Any]) -> httpx.Response:
    body: dict[str, Any] = {"model": one["model"], "messages": [{"role": "user", "content": "weather?"}]}
    if "lines" in exchange:
        body["stream"] = True
        if exchange["asks_usage"]:
            body["stream_options"] = {"include_usage": True}
    reply = as_reply(exchange["says"], text_of(one, exchange))
    if ":cerebras" in one["model"]:  # the provider's own name for it
        reply = Reply(*reply.parts, usage=reply.usage, model="qwen-3-coder-480b")
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(one["url"], json=body)


@pytest.mark.parametrize(("one", "exchange"), EXCHANGES)
def test_an_answer_is_the_hosts(one: dict[str, Any], exchange: dict[str, Any]) -> None:
    """Keys and their order, what is null and what is not there, framing, comments and the end; and no header of OpenAI's."""
    response = answered(one, exchange)
    assert masked(response.content.decode()) == masked(text_of(one, exchange))
    assert response.headers["content-type"] == one["stream_type" if "lines" in exchange else "json_type"]
    assert not [name for name in response.headers if name.startswith("openai-")]


@pytest.mark.parametrize(("one", "exchange"), EXCHANGES)
def test_ids_have_the_hosts_forms(one: dict[str, Any], exchange: dict[str, Any]) -> None:
    """The id, the fingerprint and the ids of calls, each as the host makes them."""
    content = answered(one, exchange).content
    whole = stream_data(content)[0] if "lines" in exchange else json.loads(content)
    for name in {"id", "system_fingerprint"} & one["ids"].keys() & whole.keys():
        assert re.fullmatch(one["ids"][name], whole[name])
    calls = [
        call.id
        for reply in replies(stream_data(content) if "lines" in exchange else [whole])
        for call in reply.tool_calls
    ]
    assert all(re.fullmatch(one["ids"].get("call", ".+"), call) for call in calls)


@pytest.mark.parametrize(
    ("one", "error"),
    [pytest.param(one, error, id=f"{name}-{error['name']}") for name, one in FILES.items() for error in one["errors"]],
)
def test_an_error_is_the_hosts(one: dict[str, Any], error: dict[str, Any]) -> None:
    """Status, keys and words are the host's, also where a stream was asked for."""
    for stream in (False, True):
        body = {"model": one["model"], "messages": [{"role": "user", "content": "weather?"}], "stream": stream}
        with httpx.Client(transport=InterceptTransport(api_error(error["name"]))) as client:
            response = client.post(one["url"], json=body)
        assert response.status_code == error["status"]
        assert masked(response.text) == masked(json.dumps(error["body"], separators=(",", ":")))


@pytest.mark.parametrize(("one", "exchange"), [one for one in EXCHANGES if "lines" in one.values[1]])
def test_faults_know_the_hosts_chunks(one: dict[str, Any], exchange: dict[str, Any]) -> None:
    """Which chunk says something, and which is the end, whatever stands beside it and wherever the role is."""
    says, events = exchange["says"], text_of(one, exchange).split(one["newline"] * 2)
    kinds = [kind(event.encode()) for event in events if event.startswith("data:")]
    reasoned = len(says["reasoning"].split()) if "reasoning" in says else 0
    assert kinds.count("content") == len(says.get("text", ())) + reasoned
    assert kinds.count("finish") == 1
    assert kinds.count("done") == int("data: [DONE]" in exchange["lines"])


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://openrouter.ai/api/v1/responses", {"model": "m", "input": "hi"}),
        ("https://api.groq.com/openai/v1/embeddings", {"model": "m", "input": "hi"}),
        ("https://api.fireworks.ai/inference/v1/completions", {"model": "m", "prompt": "hi"}),
        ("https://api.deepseek.com/anthropic/v1/messages", {"model": "m", "max_tokens": 9, "messages": HI}),
        ("https://api.z.ai/api/anthropic/v1/messages", {"model": "m", "max_tokens": 9, "messages": HI}),
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_other_apis_have_no_header_of_their_makers(url: str, body: dict[str, Any], status: int) -> None:
    """Whoever speaks an API of OpenAI's or Anthropic's is not OpenAI or Anthropic."""
    makers = ("openai-", "anthropic-", "x-envoy", "request-id")
    reply = "ok" if status == 200 else api_error(status)
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        response = client.post(url, json=body)
    assert response.status_code == status
    assert not [name for name in response.headers if name.startswith(makers)]


@needs_recordings
def test_the_recorded_stream_of_a_host_has_our_frames() -> None:
    """A stream that was recorded of OpenRouter has the comment, the provider and the reasons that ours has."""
    found = [one for one in recorded() if "openrouter.ai" in one.url]
    assert found
    for exchange in found:
        assert exchange.text.startswith(f": {FILES['openrouter']['exchanges'][2]['lines'][0].removeprefix(': ')}\n\n")
        chunk = exchange.chunks[0]
        assert {"id", "provider", "model", "object", "created", "choices"} == chunk.keys()
        assert {"role", "content", "reasoning", "reasoning_details"} == chunk["choices"][0]["delta"].keys()
        assert "native_finish_reason" in chunk["choices"][0]
