"""With `validate="off"` whatever can be answered is answered: any field of any API may be anything."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, auto
from tests.amounts import amount

ODD: tuple[Any, ...] = (
    {"type": [], "name": []},
    [{"type": {}, "name": []}],
    -1,
    "x",
    10**9,
    [5],
    [[]],
    [{}],
    {"type": "x"},
    True,
    ["", 3],
    [],
    {},
    None,
    0.5,
)
SAID = [{"role": "user", "content": "hi"}]
AWS = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
ASKED: list[tuple[str, dict[str, Any], str]] = [
    # where, the body, and which of its fields may be odd; of the others nothing could be answered
    (
        "https://api.openai.com/v1/chat/completions",
        {"model": "m", "messages": SAID},
        "model n tools tool_choice max_tokens top_logprobs stop response_format temperature stream stream_options",
    ),
    (
        "https://api.openai.com/v1/responses",
        {"model": "m", "input": "hi"},
        "model input tools max_output_tokens text instructions reasoning stream include store",
    ),
    (
        "https://api.anthropic.com/v1/messages",
        {"model": "m", "max_tokens": 9, "messages": SAID},
        "model max_tokens tools tool_choice thinking stop_sequences system temperature stream output_config",
    ),
    (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
        {"contents": [{"parts": [{"text": "hi"}]}]},
        "contents tools generationConfig systemInstruction toolConfig",
    ),
    ("https://api.openai.com/v1/embeddings", {"model": "m", "input": "hi"}, "model input dimensions encoding_format"),
    (
        "https://api.openai.com/v1/completions",
        {"model": "m", "prompt": "hi"},
        "model prompt n best_of logprobs max_tokens stop stream echo",
    ),
    ("https://api.openai.com/v1/moderations", {"input": "hi"}, "input model"),
    (
        "https://api.cohere.com/v2/chat",
        {"model": "m", "messages": SAID},
        "model messages tools tool_choice max_tokens stop_sequences response_format stream",
    ),
    ("https://api.cohere.com/v2/embed", {"model": "m", "texts": ["hi"]}, "texts model output_dimension"),
    ("https://api.cohere.com/v2/rerank", {"model": "m", "query": "a", "documents": ["b"]}, "query documents top_n"),
    ("http://localhost:11434/api/chat", {"model": "m", "messages": SAID}, "messages model options tools stream think"),
    ("http://localhost:11434/api/generate", {"model": "m", "prompt": "hi"}, "prompt model options stream images"),
    ("http://localhost:11434/api/embed", {"model": "m", "input": "hi"}, "input model dimensions"),
    (
        f"{AWS}/m/converse",
        {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
        "messages toolConfig inferenceConfig system outputConfig",
    ),
    (
        f"{AWS}/anthropic.claude-3/invoke",
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": SAID},
        "anthropic_version max_tokens tools",
    ),
    (f"{AWS}/amazon.titan-embed-text-v2:0/invoke", {"inputText": "hi"}, "dimensions embeddingTypes"),
]


@pytest.mark.parametrize(("url", "body", "odd"), ASKED, ids=[url.partition("//")[2] for url, *_ in ASKED])
def test_what_can_be_answered_is_answered(url: str, body: dict[str, Any], odd: str) -> None:
    """Whatever a field is, and without it; what an answer is made from is read as far as it can be."""
    says: Any = auto() if "embed" in url or "rerank" in url or "moderations" in url else "never mind"
    with httpx.Client(transport=InterceptTransport(says, validate="off")) as client:
        for name in odd.split():
            asked = [{**body, name: one} for one in ODD[: amount(len(ODD), 9)]]
            asked.append({other: value for other, value in body.items() if other != name})
            found = [(one, answer.text) for one in asked if (answer := client.post(url, json=one)).status_code != 200]
            assert not found


@pytest.mark.parametrize("messages", [None, 5, {}])
@pytest.mark.parametrize("url", [url for url, body, _ in ASKED[:3] if "messages" in body])
def test_without_a_conversation_there_is_nothing_to_answer(url: str, messages: Any) -> None:
    """The API's own words say so."""
    with httpx.Client(transport=InterceptTransport("never mind", validate="off")) as client:
        response = client.post(url, json={"model": "m", "max_tokens": 9, "messages": messages})
    assert response.status_code == 400
    assert "messages" in response.json()["error"]["message"]
