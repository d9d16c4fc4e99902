"""Errors in the words of the maker that is asked: on paths that nobody answers, within streams, by one name."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors

from llm_intercept import InterceptTransport, Reply, api_error, intercept, raw
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.faults import stream_error
from tests.apis import APIS

AT = {
    "https://api.openai.com/v1/nothing": ("error", "message"),
    "https://api.anthropic.com/v1/files": ("error", "message"),
    "https://generativelanguage.googleapis.com/v1beta/files": ("error", "message"),
    "https://api.cohere.com/v1/datasets": ("message",),
    "https://ollama.com/api/web_search": ("error",),
    "https://bedrock-runtime.us-east-1.amazonaws.com/guardrail/g/version/1/apply": ("message",),
    "https://api.mistral.ai/v1/nothing": ("error", "message"),
}
"""Paths that nobody answers, and where each maker's errors say what went wrong."""


def said(body: Any, place: tuple[str, ...]) -> str:
    for name in place:
        body = body[name]
    return str(body)


@pytest.mark.parametrize("url", AT)
def test_a_path_that_nobody_answers_is_refused_as_its_maker_does(url: str) -> None:
    with httpx.Client(transport=InterceptTransport(raw({}), unmatched="error")) as client:
        answer = client.post(url, json={})
    assert answer.status_code == 404
    assert "nobody here knows" in said(answer.json(), AT[url]) or "llm.on(" in said(answer.json(), AT[url])


def test_a_makers_own_fields_are_there() -> None:
    """Its type or status, by which its clients tell errors; an error that a rule gives, too."""
    with httpx.Client(transport=InterceptTransport(unmatched="error")) as client:
        anthropics = client.get("https://api.anthropic.com/v1/files").json()
        googles = client.get("https://generativelanguage.googleapis.com/v1beta/files").json()
        amazons = client.get("https://bedrock-runtime.us-east-1.amazonaws.com/async-invoke").headers
        openais = client.get(
            "https://generativelanguage.googleapis.com/files", headers={"user-agent": "OpenAI/Python 3"}
        )
    assert (anthropics["type"], anthropics["error"]["type"]) == ("error", "not_found_error")
    assert (googles["error"]["code"], googles["error"]["status"]) == (404, "NOT_FOUND")
    assert amazons["x-amzn-errortype"] == "ResourceNotFoundException"
    assert openais.json()["error"].keys() == {"message", "type", "param", "code"}
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="*/v1/files").reply(api_error(429))
        assert client.get("https://api.anthropic.com/v1/files").json()["error"]["type"] == "rate_limit_error"


def test_googles_client_shows_why() -> None:
    """It reads an error in Google's shape alone."""
    client = genai.Client(api_key="none")
    told: list[str] = []
    with pytest.raises(UnmatchedRequestError), intercept():
        try:
            list(client.files.list())
        except errors.ClientError as error:
            told.append(f"{error.code} {error.status} {error.message}")
    assert told[0].startswith("404 NOT_FOUND ")
    assert "llm.on(" in told[0]


WORDS = {
    "openai.chat": ("The server had an error while processing", "Rate limit reached"),
    "openai.responses": ("The server had an error while processing", "Rate limit reached"),
    "anthropic.messages": ("Internal server error", "exceed your organization's rate limit"),
    "google.gemini": ("An internal error has occurred", "You exceeded your current quota"),
    "ollama.chat": ("an error was encountered while running the model", "hourly usage limit"),
    "cohere.chat": ("internal server error, this has been reported", "You are using a Trial key"),
    "bedrock.converse": ("The system encountered an unexpected error", "Too many requests"),
    "bedrock.invoke": ("The system encountered an unexpected error", "Too many requests"),
}


@pytest.mark.parametrize("api", WORDS)
def test_an_error_in_a_stream_says_what_its_api_says(api: str) -> None:
    """By default, and of a kind that is named; a message of the user's is said to the letter."""
    whole, url, body = APIS[api]
    asked = body if whole != url else {**body, "stream": True}
    for fault, wanted in (
        (stream_error(), WORDS[api][0]),
        (stream_error(type="rate_limit_exceeded"), WORDS[api][1]),
        (stream_error("mine"), '"mine"'),
    ):
        with httpx.Client(transport=InterceptTransport(Reply("one two three", fault=fault))) as client:
            told = client.post(url, json=asked).content.decode("latin-1")
        assert wanted in told
        assert "{model}" not in told
        assert "Sorry about that" not in told or api.startswith("openai.")


@pytest.mark.parametrize("api", WORDS)
def test_overloaded_is_what_each_api_calls_it(api: str) -> None:
    """Only Anthropic has a status of its own for it."""
    url, _, body = APIS[api]
    with httpx.Client(transport=InterceptTransport(api_error("overloaded"))) as client:
        answer = client.post(url, json=body)
    assert answer.status_code == (529 if api == "anthropic.messages" else 503)
    assert json.loads(answer.content)
