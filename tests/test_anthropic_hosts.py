"""Hosts that have Anthropic's API and other errors: their words, shapes and ids, as they were seen in public."""

from __future__ import annotations

import re
from typing import Any

import anthropic
import httpx
import pytest

from llm_intercept import api_error, intercept
from tests.support import VERTEX

KIMI, MINIMAX = "https://api.moonshot.ai/anthropic", "https://api.minimax.io/anthropic"
ZAI, UNKNOWN = "https://api.z.ai/api/anthropic", "https://claude.test"
ASKED: dict[str, Any] = {"model": "kimi-k2", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
SEEN: list[tuple[str, Any, int, Any]] = [
    (KIMI, 401, 401, {"error": {"message": "Incorrect API key provided", "type": "incorrect_api_key_error"}}),
    (
        KIMI,
        429,
        429,
        {
            "error": {
                "message": "Organization Rate limit exceeded, please try again after 1 seconds",
                "type": "rate_limit_reached_error",
            }
        },
    ),
    (ZAI, 401, 401, {"error": {"message": "Authorization Failure", "type": "1000"}}),
    (
        ZAI,
        "insufficient_quota",
        429,
        {"error": {"message": "Insufficient balance or no resource package. Please recharge.", "type": "1113"}},
    ),
    (
        MINIMAX,
        401,
        401,
        {
            "error": {
                "message": "login fail: Please carry the API secret key in the 'X-Api-Key' field of the request header",
                "type": "authentication_error",
            }
        },
    ),
]
IDS = {KIMI: r"[0-9a-f]{32}", MINIMAX: r"[0-9a-f]{32}", ZAI: r"20\d{12}[0-9a-f]{16}", UNKNOWN: r"req_01\w{22}"}


@pytest.mark.parametrize(("base", "given", "status", "body"), SEEN)
def test_a_host_tells_an_error_as_it_was_seen(base: str, given: Any, status: int, body: Any) -> None:
    """The SDK reads it, whichever shape it has."""
    client = anthropic.Anthropic(base_url=base, api_key="k", max_retries=0)
    with intercept(api_error(given)), pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(**ASKED)
    assert caught.value.status_code == status
    told = caught.value.response.json()
    assert told["error"] == body["error"]
    assert ("request_id" in told) == (told.get("type") == "error")


@pytest.mark.parametrize("base", IDS)
def test_what_was_not_seen_is_told_as_anthropic_tells_it(base: str) -> None:
    """With the host's own id of the request; so is what the user says of an error's kind."""
    for error, kind in ((api_error(400), "invalid_request_error"), (api_error(401, type="mine"), "mine")):
        with intercept(error):
            told = httpx.post(f"{base}/v1/messages", json=ASKED).json()
        assert (told["type"], told["error"]["type"]) == ("error", kind)
        assert re.fullmatch(IDS[base], told["request_id"])


@pytest.mark.parametrize(
    ("status", "word", "said"),
    [
        (401, "UNAUTHENTICATED", "Expected OAuth 2 access token"),
        (403, "PERMISSION_DENIED", "aiplatform.endpoints.predict"),
        (
            404,
            "NOT_FOUND",
            "Publisher Model `projects/p/locations/l/publishers/anthropic/models/claude-opus-4@20250514`",
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "with base model: anthropic-claude-opus-4. Please submit a quota increase request.",
        ),
    ],
)
def test_vertex_tells_what_its_front_end_refuses(status: int, word: str, said: str) -> None:
    """In Google's shape; what Anthropic refuses there is in Anthropic's, with an id that says the place."""
    url = VERTEX.replace("models/m:", "models/claude-opus-4@20250514:")
    body = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": ASKED["messages"]}
    with intercept(api_error(status)):
        told = httpx.post(url, json=body).json()["error"]
    assert (told["code"], told["status"]) == (status, word)
    assert said in told["message"]
    with intercept(api_error(529)):
        assert httpx.post(url, json=body).json()["request_id"].startswith("req_vrtx_01")
