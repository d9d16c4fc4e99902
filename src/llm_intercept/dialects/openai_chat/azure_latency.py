"""How long Azure says an answer took it, step by step, in its JSON and at the end of its streams since 2026.

Knows: digits, counts of tokens. Must not know: how long anything takes here.
"""

from __future__ import annotations

from llm_intercept.dialects.shared.hashed_ids import derived


def latency(identity: str, tokens: int) -> dict[str, int]:
    """Measure an answer of so many tokens, in milliseconds; the same for the same identity.

    The sums are those of the recorded ones (docs/wire.md 4), and each part lies where theirs do.
    """
    drawn = bytes.fromhex(derived(identity, "latency"))
    between, first, before, seen = 10 + drawn[0] % 5, 33 + drawn[1] % 35, 127 + drawn[2] % 133, 78 + drawn[3] * 3 // 2
    last = first + between * tokens + 150 + drawn[4] * 2
    whole = last + seen - min(first, seen)
    return {
        "engine_tbt_ms": between,
        "engine_ttft_ms": first,
        "engine_ttlt_ms": last,
        "pre_inference_ms": before,
        "service_tbt_ms": between,
        "service_ttft_ms": seen + before,
        "service_ttlt_ms": whole + before - 6 - drawn[5] % 5,
        "total_duration_ms": whole,
        "user_visible_ttft_ms": seen,
    }
