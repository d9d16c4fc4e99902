"""The tests are the same in each process: pytest-xdist runs nothing where two of its workers have found different ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.amounts import WHOLE


@pytest.mark.skipif(not WHOLE, reason="it takes the time of two collections: make whole")
def test_tests_have_the_same_names_in_each_process_and_at_each_time() -> None:
    """A name is often made of a parameter's value: not of one that holds the time, an address or a set in its order."""
    first, second = (_collected(seed) for seed in ("1", "2"))
    assert len(first) > 1000
    assert first == second


def _collected(hash_seed: str) -> list[str]:
    options = ["--collect-only", "-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:syrupy"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("tests/")]
