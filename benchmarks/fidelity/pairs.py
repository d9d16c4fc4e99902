"""Pairs of a recorded answer and ours to the same request, given the same reply at the same time.

Knows: the oracles, a client. Must not know: how the two are compared.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from fidelity.oracles import ORACLES, Oracle, told, undivided
from llm_intercept import InterceptTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.recorded import Exchange

JSON, DELTAS, TEXT = "JSON", "stream, given its deltas", "stream, given its text"
MASKS = (
    (re.compile(r'("(?:created|created_at|completed_at|createTime)": ?)"?[\d.TZ:-]+"?'), r"\1 0"),
    (re.compile(r'("(?:responseId|system_fingerprint|obfuscation|p)": ?)(?:"(?:[^"\\]|\\.)*"|null)'), r'\1"…"'),
    (re.compile(r'("(?:\w+_ms)": ?)\d+'), r"\1 0"),
    (re.compile(r'("avgLogprobs": ?)-?[\d.e-]+'), r"\1 0"),
    (re.compile(r"\b(chatcmpl-|call_|fp_|resp_|msg_|rs_|fc_|toolu_|srvtoolu_|req_|ws_|ci_|ig_|mcp_)\w+"), r"\1…"),
)
"""What is made up anew for each answer: times, ids, fingerprints, paddings, what the model thought likely, what Azure
measured."""


@dataclass(frozen=True)
class Pair:
    """A recorded answer and ours, as texts, and the headers of both."""

    oracle: Oracle
    exchange: Exchange
    form: str
    theirs: str
    ours: str
    headers: tuple[tuple[str, str], ...]

    @property
    def day(self) -> str:
        """The day of the recording, whose fingerprints and times its answers share."""
        return str(int((self.oracle.made(self.exchange) or 0) // 86_400))

    @property
    def is_of_today(self) -> bool:
        """Whether nothing came to the API since: then even the layout is compared."""
        mine = told(self.ours, self.exchange, self.oracle.api)
        return bool(self.oracle.as_of(mine, self.exchange) == mine)

    def comparable(self) -> tuple[str, str]:
        """Return both texts; if fields came to the API since, without these, and both laid out alike."""
        if self.is_of_today:
            return self.theirs, self.ours
        mine = self.oracle.as_of(told(self.ours, self.exchange, self.oracle.api), self.exchange)
        return _laid_out(told(self.theirs, self.exchange, self.oracle.api)), _laid_out(mine)

    def seen(self) -> tuple[Any, Any]:
        """Return what a program sees of both through the SDK."""
        mine = self.oracle.as_of(told(self.ours, self.exchange, self.oracle.api), self.exchange)
        other = told(self.theirs, self.exchange, self.oracle.api)
        return self.oracle.seen(other, self.exchange), self.oracle.seen(mine, self.exchange)


def masked(text: str) -> str:
    """Write a text without what is made up anew for each answer."""
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def pairs() -> Iterator[Pair]:
    """Ask for every recorded answer, a stream's also as a text in one piece.

    Each is asked with another seed: several recordings have the same request, and a program that asks twice gets two
    ids.
    """
    for oracle in ORACLES:
        for seed, exchange in enumerate(oracle.exchanges()):
            yield _asked(oracle, exchange, DELTAS if exchange.is_sse else JSON, seed)
            if exchange.is_sse:
                yield _asked(oracle, exchange, TEXT, seed)


def _asked(oracle: Oracle, exchange: Exchange, form: str, seed: int) -> Pair:
    reply = oracle.reply(exchange)
    made = oracle.made(exchange)
    moment = int(made) if made else None
    transport = InterceptTransport(undivided(reply) if form == TEXT else reply, created=moment, seed=seed)
    with httpx.Client(transport=transport) as client:
        response = client.post(exchange.url, json=exchange.request)
    return Pair(oracle, exchange, form, exchange.text, response.text, tuple(response.headers.multi_items()))


def _laid_out(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(json.dumps(one, ensure_ascii=False) for one in value)
    return json.dumps(value, ensure_ascii=False)
