"""The side requests at model APIs, as one table: which they are, who makes them, and what the API answers.

Knows: paths, and the shapes of these answers (the SDKs' models, the APIs' references). Must not know: rules, tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class SideRequest:
    """One kind of side request.

    Attributes:
        api: `side.tokens` asks how many tokens a request has, on whatever host; `side.telemetry` reports what a program
            does, to a known model host.
        path: What the path of its POST ends with.
        who: Who makes it.
        status: The status the API answers with.
        answer: Makes the body that the API answers with, of a number of tokens; None where it has none.

    """

    api: Literal["side.tokens", "side.telemetry"]
    path: str
    who: str
    status: int = 200
    answer: Callable[[int], Mapping[str, Any]] | None = None


TABLE = (
    SideRequest(
        "side.tokens",
        "/responses/input_tokens",
        "OpenAI's responses.input_tokens.count: CrewAI before each call",
        answer=lambda tokens: {"object": "response.input_tokens", "input_tokens": tokens},
    ),
    SideRequest(
        "side.tokens",
        "/messages/count_tokens",
        "Anthropic's messages.count_tokens: CrewAI before each call",
        answer=lambda tokens: {"input_tokens": tokens},
    ),
    SideRequest("side.telemetry", "/traces/ingest", "openai-agents: traces, from a thread, every five seconds", 204),
)
