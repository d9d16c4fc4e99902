"""What a refusal says in `llm.calls`: the API's words, what to change, and how to do without.

The texts are in `__snapshots__/test_validation_messages`; write them anew with `pytest tests/test_validation_messages.py
--snapshot-update`, and read the difference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import intercept
from tests import test_validation as makers_words
from tests.test_messages import Text
from tests.test_validation_makers import BASE, REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syrupy.assertion import SnapshotAssertion

CHAT = {"model": "gpt-4o", "messages": [makers_words.USER]}


def asked() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the requests that are refused, with the fields that make them so."""
    yield from ((makers_words.CHAT, {**CHAT, **body}) for body, *_ in makers_words.REFUSED)
    yield from (
        (makers_words.RESPONSES, {"model": "gpt-4o", "input": "hi", **body}) for body, *_ in makers_words.OF_RESPONSES
    )
    yield from ((makers_words.MESSAGES, {**CHAT, "max_tokens": 9, **body}) for body, _ in makers_words.OF_ANTHROPIC)
    yield from ((makers_words.GEMINI, {"contents": [makers_words.SAID], **body}) for body, _ in makers_words.OF_GOOGLE)
    yield from (
        (url, {**CHAT, "max_tokens": 9, "contents": [makers_words.SAID]}) for url, _ in makers_words.OTHER_PATHS
    )
    yield from ((url, {**BASE[url], **body}) for url, body, _ in REFUSED)


def test_every_refusal_says_what_to_do(snapshot: SnapshotAssertion) -> None:
    """The whole of it, so that a changed word is seen."""
    texts: list[str] = []
    with intercept("never mind") as llm, httpx.Client(headers=makers_words.KEYS) as client:
        for url, body in asked():
            client.post(url, json=body)
            texts.append(f"{llm.calls.last.status} POST {url}\n    {llm.calls.last.error}")
    assert json.dumps(texts).count("With validate='off' it is answered.") == len(texts)
    assert "\n".join((*texts, "")) == snapshot(extension_class=Text)
