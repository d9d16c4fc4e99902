"""What an answer cost, as Gemini reports it.

Knows: the keys, in the order of each API's messages (docs/wire.md 10.2). Must not know: what frames the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google_gemini.gemini_costs import MEDIA_TOKENS, MODALITIES, media_tokens, text_tokens
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.google_gemini.generations import Generation
    from llm_intercept.model.request import LLMRequest

API = "google.gemini"
KEY = "usageMetadata"
NAMES = frozenset(
    {
        "promptTokenCount",
        "candidatesTokenCount",
        "totalTokenCount",
        "cachedContentTokenCount",
        "thoughtsTokenCount",
        "toolUsePromptTokenCount",
        "promptTokensDetails",
        "candidatesTokensDetails",
        "cacheTokensDetails",
        "toolUsePromptTokensDetails",
        "trafficType",
        "serviceTier",
    }
)
SAID_TOKENS = {**MEDIA_TOKENS, "image": 1290}
"""What a medium costs that is answered (the API's guide, "Image generation")."""
TRAFFIC = {"trafficType": "ON_DEMAND"}
TIER = {"serviceTier": "standard"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a prompt costs: how many tokens of text, and how many of what else there is."""

    text: int
    media: tuple[tuple[str, int], ...]

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.text + sum(tokens for _, tokens in self.media)

    def details(self, tokens: int) -> list[dict[str, Any]]:
        """Tell so many tokens by their kinds."""
        return detailed(tokens, self.media, tells_text=True)


def detailed(tokens: int, media: Iterable[tuple[str, int]], *, tells_text: bool) -> list[dict[str, Any]]:
    """Tell tokens by their kinds: those of media, as far as they go, and of text what is left."""
    found: list[tuple[str, int]] = []
    for kind, count in media:
        found.append((kind, min(count, tokens)))
        tokens -= found[-1][1]
    told = [("TEXT", tokens), *found] if tells_text else found
    return [{"modality": kind, "tokenCount": count} for kind, count in told if count]


def media_of(parts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count what the media among the parts of an answer cost, by their kinds."""
    found: dict[str, int] = {}
    for part in parts:
        mime = text(mapping(part.get("inlineData")).get("mimeType"))
        if mime:
            kind = mime.partition("/")[0] if mime.partition("/")[0] in MODALITIES else "file"
            found[MODALITIES[kind]] = found.get(MODALITIES[kind], 0) + SAID_TOKENS[kind]
    return found


def prompt_of(request: LLMRequest, tokenizer: Tokenizer) -> Prompt:
    """Estimate what a prompt costs: its texts, the calls in it, the tools that are offered, and its media."""
    return Prompt(text_tokens(request, tokenizer), tuple(media_tokens(request).items()))


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer cost, what of it the API's own tools read, and what of it is for media that are answered."""

    used: Usage
    prompt: Prompt
    by_tools: int = 0
    media: tuple[tuple[str, int], ...] = ()

    @property
    def asked(self) -> int:
        """The tokens of the prompt itself."""
        return self.used.input_tokens - self.by_tools

    @property
    def said(self) -> int:
        """The tokens of the candidates; thoughts are counted apart."""
        return max(0, self.used.output_tokens - self.used.reasoning_tokens)

    def whole(self, manner: Generation) -> dict[str, Any]:
        """Write the usage of an answer that is complete."""
        used = self.used
        reported = used.told_by(API)
        if reported is not None:
            return reported
        told: dict[str, Any] = {
            "promptTokenCount": self.asked,
            "candidatesTokenCount": self.said,
            "totalTokenCount": self.asked + self.by_tools + self.said + used.reasoning_tokens,
            "cachedContentTokenCount": used.cache_read_tokens,
            **(TRAFFIC if manner.is_vertex else {}),
            "promptTokensDetails": self.prompt.details(self.asked),
            "cacheTokensDetails": _of_text(used.cache_read_tokens),
            "candidatesTokensDetails": detailed(self.said, self.media, tells_text=manner.details_output),
            **self._by_tools(manner),
            "thoughtsTokenCount": used.reasoning_tokens,
            **(TIER if manner.tells_tier else {}),
        }
        return {name: value for name, value in told.items() if value}

    def so_far(self, said: int, manner: Generation) -> dict[str, Any]:
        """Write the usage within a stream, when so many tokens were said."""
        if manner.is_vertex:
            return TRAFFIC
        thought = self.used.reasoning_tokens if manner.counts_along else 0
        candidates = min(said, self.said) if manner.counts_along else 0
        by_tools = self.by_tools if manner.grounds_along else 0
        told: dict[str, Any] = {
            "promptTokenCount": self.asked,
            "candidatesTokenCount": candidates,
            "totalTokenCount": self.asked + by_tools + candidates + thought,
            "promptTokensDetails": self.prompt.details(self.asked),
            **(self._by_tools(manner) if by_tools else {}),
            "thoughtsTokenCount": thought,
            **(TIER if manner.tells_tier else {}),
        }
        return {name: value for name, value in told.items() if value}

    def _by_tools(self, manner: Generation) -> dict[str, Any]:
        told = {"toolUsePromptTokenCount": self.by_tools, "toolUsePromptTokensDetails": _of_text(self.by_tools)}
        return dict(reversed(told.items())) if manner.is_vertex else told


def cost_of(used: Usage, prompt: Prompt, media: Mapping[str, int], *, is_grounded: bool) -> Cost:
    """Share a usage that is given between the prompt and what the API's own tools read, if they did."""
    by_tools = max(1, used.input_tokens - prompt.tokens) if is_grounded and used.input_tokens > 1 else 0
    return Cost(used, prompt, by_tools, tuple(media.items()))


def _of_text(tokens: int) -> list[dict[str, Any]]:
    return [{"modality": "TEXT", "tokenCount": tokens}] if tokens else []


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports, the last time that it tells those of the prompt; None if it never does."""
    reported = (mapping(got(value, KEY)) for value in reversed(values))
    found = next((one for one in reported if _count(one, "promptTokenCount")), None)
    if found is None:
        return None
    thought = _count(found, "thoughtsTokenCount")
    return Usage(
        input_tokens=_count(found, "promptTokenCount") + _count(found, "toolUsePromptTokenCount"),
        output_tokens=_count(found, "candidatesTokenCount") + thought,
        cache_read_tokens=_count(found, "cachedContentTokenCount"),
        reasoning_tokens=thought,
    )


def _count(reported: Mapping[str, Any], name: str) -> int:
    found = got(reported, name)
    return found if is_int(found, 0) else 0
