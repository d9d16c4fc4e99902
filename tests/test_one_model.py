"""Servers of one model, at hosts that nobody knows: a request needs no model there, and other applications' go their way."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, intercept
from llm_intercept.base.questions import body_asks_a_model
from llm_intercept.errors import UnmatchedRequestError

HOST = "http://models.invalid:8080"
USER = {"role": "user", "content": "hi"}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": [USER]}),
    ("/v1/completions", {"prompt": "hi"}),
    ("/v1/embeddings", {"input": ["hi", "you"]}),
    ("/v1/embeddings", {"input": [[1, 2], [3]]}),
    ("/v1/responses", {"input": [USER]}),
    ("/v1/responses", {"input": [{"type": "function_call_output", "call_id": "call_1", "output": "{}"}, USER]}),
    ("/api/v1/responses", {"input": "hi"}),
]
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("/embeddings", {"input": "hi"}),
    ("/v1/embeddings", {"input": {"id": 3}}),
    ("/v1/completions", {"prompt": 5}),
    ("/v1/completions", {"answer": "hi"}),
    ("/v1/responses", {"input": [{"question": 3, "answer": "hi"}]}),
    ("/v1/responses", {"input": [{"type": "checkbox", "id": "q1"}]}),
    ("/v1/responses", {"input": ["yes", "no"]}),
    ("/v1/responses", {"input": [3, 4, 1]}),
    ("/v1/responses", {"input": ""}),
    ("/v1/embeddings", {"input": [{"type": "video"}]}),
    ("/v1/completions", {"prompt": [True, False]}),
    ("/api/responses", {"input": "hi"}),
]


@pytest.mark.parametrize(("path", "body"), ASKED)
def test_a_server_of_one_model_is_asked_without_one(path: str, body: dict[str, Any]) -> None:
    """Where the version in the path and the API's own question say it; strictly, OpenAI's words say that it is missing."""
    with httpx.Client(transport=InterceptTransport("never mind", unmatched="error")) as client:
        assert client.post(HOST + path, json=body).status_code == 200
    with httpx.Client(transport=InterceptTransport("never mind", validate="strict")) as client:
        answer = client.post(HOST + path, json=body)
    assert answer.status_code == 400
    assert "model" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("path", "body"), OTHERS)
def test_what_is_not_like_it_is_nobodys(path: str, body: dict[str, Any]) -> None:
    """It goes its way, untouched."""
    assert not body_asks_a_model(path, json.dumps(body).encode())
    with intercept("ours") as llm, httpx.Client() as client:
        with pytest.raises(httpx.ConnectError):
            client.post(HOST + path, json=body)
        assert not llm.calls


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/embeddings", {"model": "m"}, "Missing required parameter: 'input'."),
        ("/v1/completions", {"model": "m", "prompt": {}}, "'$.prompt' is invalid."),
        ("/v1/responses", {"model": "m", "input": 5}, "Invalid type for 'input'"),
    ],
)
def test_what_names_a_model_and_cannot_be_answered_says_why(path: str, body: dict[str, Any], told: str) -> None:
    """It is not sent out, and the maker's own words say what is wrong."""
    with pytest.raises(UnmatchedRequestError) as raised, intercept("ours"), httpx.Client() as client:
        assert client.post(HOST + path, json=body).status_code == 404
    assert f"OpenAI would refuse it, and nothing says that it is asked: {told}" in str(raised.value)


TAKEN: list[tuple[str, dict[str, Any]]] = [
    # what OpenAI refuses, and other hosts take: each said in their own documentation
    ("/v1/embeddings", {"input": [{"image": "https://x.org/y.png"}, {"text": "hi"}], "embedding_type": "ubinary"}),
    ("/v1/embeddings", {"input": ["hi"], "encoding_format": "int8"}),
    ("/v1/embeddings", {"input": ["hi"] * 2049, "dimensions": 1}),
    ("/v1/completions", {"prompt": "hi", "logprobs": 20, "stop": list("abcde")}),
]


@pytest.mark.parametrize("host", ["https://api.jina.ai", "https://api.together.xyz", "http://localhost:8000"])
@pytest.mark.parametrize(("path", "body"), TAKEN)
def test_other_hosts_are_not_held_to_openais_own_laws(host: str, path: str, body: dict[str, Any]) -> None:
    """Strictly they are, and OpenAI's host is."""
    body = {"model": "m", **body}
    transport = InterceptTransport("never mind", unmatched="error")
    with httpx.Client(transport=transport) as client:
        answer = client.post(host + path, json=body)
        assert answer.status_code == 200, answer.text
        if "input" in body:
            assert len(answer.json()["data"]) == len(body["input"])
        assert client.post("https://api.openai.com" + path, json=body).status_code == 400
