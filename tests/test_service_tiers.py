"""The tier of service that is asked for is the one that is answered in, as JSON and in every chunk and event."""

from __future__ import annotations

import re

import httpx
import pytest

from llm_intercept import intercept
from tests.support import MESSAGES, RESPONSES, URL, chat, message, respond

OPENAI = {"chat": (URL, chat), "responses": (RESPONSES, respond)}
TIERS = {
    "priority": "priority",
    "flex": "flex",
    "scale": "scale",
    "default": "default",
    "auto": "default",
    None: "default",
}


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("asked", TIERS, ids=str)
@pytest.mark.parametrize("api", OPENAI)
def test_openai_answers_in_the_tier_that_is_asked_for(api: str, asked: str | None, *, stream: bool) -> None:
    url, body = OPENAI[api]
    with intercept("hello"), httpx.Client() as client:
        answer = client.post(url, json={**body(stream=stream), "service_tier": asked})
    told = re.findall(r'"service_tier": ?"(\w+)"', answer.text)
    begun = (
        [asked or "auto"] * 2 if api == "responses" and stream else []
    )  # until it ends a response tells what was asked
    assert told[: len(begun)] == begun
    assert set(told[len(begun) :]) == {TIERS[asked]}


@pytest.mark.parametrize("asked", ["auto", "standard_only"])
def test_anthropic_answers_in_the_standard_tier(asked: str) -> None:
    """Of an organization without a priority tier both mean the same (`standard_only`: 5 of 5 recorded answers)."""
    with intercept("hello"), httpx.Client() as client:
        answer = client.post(MESSAGES, json={**message(), "service_tier": asked})
    assert answer.json()["usage"]["service_tier"] == "standard"
