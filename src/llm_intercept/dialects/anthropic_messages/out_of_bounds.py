"""What Anthropic refuses of a request that can be read, at its own hosts: the laws that no type tells.

Held against every recorded request that was answered (tests/test_validation.py). Where a source is not said, it is
Anthropic's reference, "Create a Message".

Knows: the request's JSON. Must not know: replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.anthropic.wording import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FRACTIONS = ("temperature", "top_p")
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
ONE_OF_THEM = re.compile(r"claude-(?:opus-4-1|sonnet-4-5|haiku-4-5)")
"""Models that take one of temperature and `top_p` (Anthropic's guide "Migrating to Claude 4.5")."""
THINKING = (
    "`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
    "#important-considerations-when-using-extended-thinking"
)


MOST = {
    "claude-3-opus": 4096,
    "claude-3-sonnet": 4096,
    "claude-3-haiku": 4096,
    "claude-3-5-": 8192,
    "claude-3-7-": 64_000,
    "claude-opus-4-1": 32_000,
    "claude-opus-4-2025": 32_000,
    "claude-opus-4-0": 32_000,
    "claude-sonnet-4-0": 64_000,
    "claude-sonnet-4-2025": 64_000,
    "claude-opus-4-5": 64_000,
    "claude-sonnet-4-5": 64_000,
    "claude-haiku-4-5": 64_000,
}
"""The most tokens of an answer (Anthropic's "Models overview", and refusals seen in issues of 2024 to 2026), by how the
names of models begin; newer ones may say more by and by."""
LONGER = "output-"
"""How betas are called in which an answer may have more tokens (`output-128k-2025-02-19`)."""


def check_most(body: Mapping[str, Any], model: str, headers: Mapping[str, Any]) -> None:
    """Refuse a limit above what a model can say; one that is not known may say anything.

    Raises:
        BadRequestError: Anthropic would refuse it.

    """
    limit = body.get("max_tokens")
    most = next((most for name, most in MOST.items() if model.startswith(name)), None)
    if most is None or not is_int(limit) or limit <= most or LONGER in str(headers.get("anthropic-beta", "")):
        return
    told = f"max_tokens: {limit} > {most}, which is the maximum allowed number of output tokens for {model}"
    raise refused(told, hint=f"Give {most} at the most.")


def check_bounds(body: Mapping[str, Any], model: str) -> None:
    """Refuse what Anthropic refuses.

    Raises:
        BadRequestError: It does.

    """
    for name in FRACTIONS:
        _check_fraction(body, name)
    if not isinstance(body.get("stream"), bool | None):
        raise refused("stream: Input should be a valid boolean")
    if all(body.get(name) is not None for name in FRACTIONS) and ONE_OF_THEM.match(model):
        raise refused("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    if mapping(body.get("thinking")).get("type") == "enabled" and body.get("temperature") not in (None, 1):
        raise refused(THINKING)
    for place, source in _images(body):
        if source.get("media_type") not in IMAGES:
            shown = ", ".join(f"'{one}'" for one in IMAGES[:-1])
            raise refused(f"{place}.image.source.base64.media_type: Input should be {shown} or '{IMAGES[-1]}'")


def _check_fraction(body: Mapping[str, Any], name: str) -> None:
    value = body.get(name)
    if value is None:
        return
    if not is_number(value):
        raise refused(f"{name}: Input should be a valid number")
    if not 0 <= value <= 1:
        bound = "greater than or equal to 0" if value < 0 else "less than or equal to 1"
        raise refused(f"{name}: Input should be {bound}")


def _images(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the images of messages that are in the request itself, with their places."""
    for number, message in enumerate(items(body.get("messages"))):
        for place, block in enumerate(items(mapping(message).get("content"))):
            source = mapping(mapping(block).get("source"))
            if mapping(block).get("type") == "image" and text(source.get("type")) == "base64":
                yield f"messages.{number}.content.{place}", source
