"""What Anthropic refuses of a request that can be read, at its own hosts: the laws that no type tells.

Held against every recorded request that was answered (tests/test_validation.py). Where a source is not said, it is
Anthropic's reference, "Create a Message".

Knows: the request's JSON. Must not know: replies.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.json import items, mapping
from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.anthropic_messages.source_rules import check_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

FRACTIONS = ("temperature", "top_p")
DATED = r"(?:[-@]\d{8}|-latest|-0)?$"
"""What the name of a model ends in: another number is another model, of which nothing is known."""
ONE_OF_THEM = re.compile(rf"claude-(?:opus-4-1|sonnet-4-5|haiku-4-5){DATED}")
"""Models that take one of temperature and `top_p` (Anthropic's guide "Migrating to Claude 4.5")."""
ADAPTIVE_ALONE = re.compile(rf"claude-opus-(?:4-[78]|5){DATED}")
"""Models that decide how much they think (issues of 2026)."""
ADAPTS = (
    '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" '
    "to control thinking behavior."
)
NEVER_ADAPTIVE = re.compile(rf"claude-(?:opus-4-[15]|sonnet-4-5|haiku-4-5){DATED}")
"""Models that think only as much as they are told (issues of 2026)."""
UNBEGUN = re.compile(rf"claude-(?:opus-(?:4-[678]|5|5-5)|sonnet-4-6|fable-5){DATED}")
"""Models that do not go on with an answer that is begun for them: Anthropic's release notes of 2026-02-05, issues, and
two public measurements of 2026, whatever the request says of thinking."""
PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."
UNSAMPLED = re.compile(rf"claude-(?:opus-(?:4-[78]|5|5-5)|sonnet-5|fable-5(?:-1)?){DATED}")
"""Models that choose themselves how they sample: they take a `temperature` of 1 alone, and neither `top_p` nor `top_k`
(public measurements of 2026-09 with controls, of six models; Opus 5.5 by another)."""
SAMPLING = ("temperature", "top_p", "top_k")
THINKING = (
    "`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
    "#important-considerations-when-using-extended-thinking"
)


MOST = {
    re.compile(name + DATED): most
    for name, most in {
        "claude-3-(?:opus|sonnet|haiku)": 4096,
        "claude-3-5-(?:sonnet|haiku)": 8192,
        "claude-3-7-sonnet": 64_000,
        "claude-opus-4(?:-1)?": 32_000,
        "claude-sonnet-4": 64_000,
        "claude-(?:opus|sonnet|haiku)-4-5": 64_000,
    }.items()
}
"""The most tokens of an answer (Anthropic's "Models overview", and refusals seen in issues of 2024 to 2026), by the
names of models; newer ones may say more by and by."""
LONGER = "output-"
"""How betas are called in which an answer may have more tokens (`output-128k-2025-02-19`)."""


def check_most(body: Mapping[str, Any], model: str, headers: Mapping[str, Any]) -> None:
    """Refuse a limit above what a model can say; one that is not known may say anything.

    Raises:
        BadRequestError: Anthropic would refuse it.

    """
    limit = body.get("max_tokens")
    most = _most(model)
    if most is None or not is_int(limit) or limit <= most or LONGER in str(headers.get("anthropic-beta", "")):
        return
    told = f"max_tokens: {limit} > {most}, which is the maximum allowed number of output tokens for {model}"
    raise refused(told, hint=f"Give {most} at the most.")


@lru_cache(maxsize=256)
def _most(model: str) -> int | None:
    return next((most for name, most in MOST.items() if name.match(model)), None)


def check_bounds(body: Mapping[str, Any], model: str) -> None:
    """Refuse what Anthropic refuses.

    Raises:
        BadRequestError: It does.

    """
    if "temperature" in body and body["temperature"] is None:  # measured in 2026-09: left out is not the same
        raise refused("temperature: Input should be a valid number")
    for name in FRACTIONS:
        _check_fraction(body, name)
    if not isinstance(body.get("stream"), bool | None):
        raise refused("stream: Input should be a valid boolean")
    if all(body.get(name) is not None for name in FRACTIONS) and ONE_OF_THEM.match(model):
        raise refused("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    if mapping(body.get("thinking")).get("type") == "enabled" and body.get("temperature") not in (None, 1):
        raise refused(THINKING)
    _check_endings([mapping(one) for one in items(body.get("messages"))])
    check_sources(body)


def _check_endings(messages: list[Mapping[str, Any]]) -> None:
    """Refuse a turn of the model's that ends in a thought (issues of 2025 and 2026, one of an answer cut short)."""
    for number, message in enumerate(messages):
        last = mapping(next(reversed(items(message.get("content"))), None))
        is_going_on = number + 1 < len(messages) and messages[number + 1].get("role") == "assistant"
        if message.get("role") == "assistant" and last.get("type") == "thinking" and not is_going_on:
            raise refused(f"messages.{number}: The final block in an assistant message cannot be `thinking`.")


def _check_fraction(body: Mapping[str, Any], name: str) -> None:
    value = body.get(name)
    if value is None:
        return
    if not is_number(value):
        raise refused(f"{name}: Input should be a valid number")
    if value == -1 and name == "temperature":
        raise refused("`temperature` cannot be set to -1 for this model")
    if not 0 <= value <= 1:
        raise refused(f"{name}: range: 0..1")


def check_generation(body: Mapping[str, Any], model: str) -> None:
    """Refuse what a generation of models does not do any more, or not yet; one that is not known may do anything.

    Raises:
        BadRequestError: Anthropic would refuse it.

    """
    for name in SAMPLING if UNSAMPLED.match(model) else ():
        if body.get(name) is not None and not (name == "temperature" and body[name] == 1):
            raise refused(f"`{name}` is deprecated for this model.", hint=f"Leave {name!r} out.")
    kind = mapping(body.get("thinking")).get("type")
    if kind == "enabled" and ADAPTIVE_ALONE.match(model):
        raise refused(ADAPTS)
    if kind == "adaptive" and NEVER_ADAPTIVE.match(model):
        raise refused("adaptive thinking is not supported on this model")
    if UNBEGUN.match(model) and not mapping(body.get("thread")) and _is_text(items(body.get("messages"))[-1:]):
        raise refused(PREFILL)


def _is_text(last: list[Any]) -> bool:
    """Whether the last message is an assistant's, of nothing but text."""
    message = mapping(last[0] if last else None)
    content = message.get("content")
    blocks = items(content)
    said = isinstance(content, str) or (bool(blocks) and all(mapping(one).get("type") == "text" for one in blocks))
    return message.get("role") == "assistant" and said
