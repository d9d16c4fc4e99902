"""litellm asks Ollama, Cohere and Bedrock by its own clients, unmodified; Bedrock's frames it reads by botocore."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

pytest.importorskip("litellm")

import litellm

from llm_intercept import intercept

# pydantic warns of litellm's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is no current event loop:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "api_key": "none"}
AWS = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "aws_region_name": "us-east-1"}


@pytest.mark.parametrize(
    ("model", "api", "more"),
    [
        ("ollama/llama3.2", "ollama.generate", {}),
        ("ollama_chat/llama3.2", "ollama.chat", {}),
        ("cohere_chat/command-a-03-2025", "cohere.chat", {}),
        ("bedrock/converse/anthropic.claude-3-5-sonnet-20240620-v1:0", "bedrock.converse", AWS),
    ],
)
def test_whole_and_streamed(model: str, api: str, more: dict[str, Any]) -> None:
    """What it asks of Ollama's models beside that is listed apart."""
    asked = {**ASKED, **more} if not more else {"messages": ASKED["messages"], **more}
    with intercept("Hello there") as llm:
        whole: Any = litellm.completion(model=model, **asked)
        assert whole.choices[0].message.content == "Hello there"
        assert whole.usage.completion_tokens == 2
        stream: Any = litellm.completion(model=model, stream=True, **asked)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Hello there"
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(api, False), (api, True)]
