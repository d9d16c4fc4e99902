"""The tokens of an answer as a host's row tells them.

Knows: the names that rows have for counts. Must not know: how they are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.hosts.templates import ABSENT, filled_object

if TYPE_CHECKING:
    from llm_intercept.dialects.openai.hosts.profile import Host
    from llm_intercept.model.usage import Usage


def usage_of(host: Host, used: Usage, *, in_stream: bool) -> dict[str, Any]:
    """Write the usage as `host` does, in a body or in a stream."""
    template = host.stream_usage if in_stream and host.stream_usage is not None else host.usage
    return filled_object(template, counts(used))


def counts(used: Usage) -> dict[str, Any]:
    """Name the counts as rows do: `reasoned` and what follows from it are not there where nothing was reasoned."""
    return {
        "prompt": used.input_tokens,
        "completion": used.output_tokens,
        "answered": used.output_tokens - used.reasoning_tokens,
        "total": used.total_tokens,
        "cached": used.cache_read_tokens,
        "uncached": used.input_tokens - used.cache_read_tokens,
        "cache_written": used.cache_write_tokens,
        "reasoning": used.reasoning_tokens,
        "reasoned": used.reasoning_tokens or ABSENT,
    }
