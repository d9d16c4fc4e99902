"""What an answer shows of the family of the model that gave it: its dated name, its fingerprint, its id, its tier."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport
from tests.support import URL, chat

SYSTEM = r"fp_[0-9a-f]{10}"
OWN = r"chatcmpl-[0-9A-Za-z]{29}"
UUID4 = r"chatcmpl-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NOW = 1_800_000_000


def answered(model: str, user: str = "hi", created: int = NOW) -> dict[str, Any]:
    transport = InterceptTransport("hi", created=created)
    body: dict[str, Any] = httpx.Client(transport=transport).post(URL, json=chat(user, model=model)).json()
    return body


@pytest.mark.parametrize(
    ("asked", "answers", "system", "name", "tier"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", SYSTEM, OWN, "default"),
        ("gpt-5.4", "gpt-5.4-2026-03-05", None, OWN, "default"),
        ("o3-mini", "o3-mini-2025-01-31", SYSTEM, OWN, "default"),
        ("o4-mini", "o4-mini-2025-04-16", None, OWN, "default"),
        ("gpt-audio-mini", "gpt-audio-mini-2025-10-06", SYSTEM, OWN, "default"),
        ("gpt-4o-mini-search-preview", "gpt-4o-mini-search-preview-2025-03-11", "", UUID4, None),
    ],
)
def test_a_model_answers_as_its_family(
    asked: str, answers: str, system: str | None, name: str, tier: str | None
) -> None:
    """The name has a date; what else there is follows from the family (docs/wire.md 2.1.6)."""
    body = answered(asked)
    assert body["model"] == answers
    found = body["system_fingerprint"]
    assert found is None if system is None else re.fullmatch(system, found)
    assert re.fullmatch(name, body["id"])
    assert body.get("service_tier") == tier


def test_a_model_runs_on_one_system_for_a_day() -> None:
    """Whatever is asked, the fingerprint is the model's and the day's."""
    first, other = answered("gpt-4o", "a"), answered("gpt-4o", "b", NOW + 3600)
    assert first["system_fingerprint"] == other["system_fingerprint"]
    others = answered("gpt-4o-mini"), answered("gpt-4o", created=NOW + 86_400)
    assert first["system_fingerprint"] not in {one["system_fingerprint"] for one in others}
