"""Usage as it is estimated comes near the recorded one; docs/tokens.md has the figures."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.amounts import amount
from tests.recorded import needs_recordings
from tests.support import SHARED

if TYPE_CHECKING:
    from types import ModuleType

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "tokens.py"
# The estimate's median error at the most, by API and kind; what is not here is not promised.
PROMISED = {
    ("openai.chat", "prompt", "text"): 0.03,
    ("openai.chat", "prompt", "tools"): 0.05,
    ("openai.chat", "prompt", "tools, later turns"): 0.06,
    ("openai.chat", "answer", "text"): 0.03,
    ("openai.chat", "answer", "one call"): 0.15,
    ("openai.chat", "answer", "several calls"): 0.05,
    ("openai.responses", "prompt", "text"): 0.03,
    ("openai.responses", "prompt", "tools"): 0.05,
    ("openai.responses", "prompt", "schema"): 0.1,
    ("openai.responses", "answer", "text"): 0.03,
    ("openai.responses", "answer", "one call"): 0.1,
}


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_tokens", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    spec.loader.exec_module(module)
    return module


@cache
def errors() -> dict[tuple[str, str, str], list[float]]:
    """Measure some of the recordings, all with `make whole`."""
    tool: Any = benchmark()
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    rows = [row for name in ("recordings.jsonl", "recordings-apis.jsonl") for row in tool.rows(SHARED / name)]
    for row in rows[:: amount(1, 2)]:
        for error in tool.errors(row, "estimate"):
            found[error.kind].append(error.relative)
    return found


@needs_recordings
@pytest.mark.parametrize("kind", PROMISED, ids=" ".join)
def test_the_estimate_is_near_at_the_median(kind):
    """For each API and kind of prompt and answer."""
    assert statistics.median(errors()[kind]) <= PROMISED[kind]
