"""A few inputs for each of the fuzzer's targets; `make fuzz` tries many more."""

from __future__ import annotations

import signal

import pytest

from tests.amounts import DRAWN_ALIKE, PATIENCE
from tests.fuzz.__main__ import targets
from tests.fuzz.target import Target, TooLongError, hunt

TARGETS = {one.name: one for one in targets()}
FEW = 6


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the time of an input is bounded by an alarm")
@pytest.mark.parametrize("name", TARGETS)
def test_a_few_inputs_keep_the_law(name):
    found = hunt(TARGETS[name], examples=FEW, first_seed=1 if DRAWN_ALIKE else None)
    assert [f"{one.what} at {one.where}, seed {one.seed}\n{one.trace}" for one in found.findings.values()] == []


def test_every_law_is_one_sentence_and_every_kind_has_one():
    assert len({name.partition(".")[0] for name in TARGETS}) == 10
    for one in TARGETS.values():
        assert one.law.__doc__
        assert one.law.__doc__.count("\n") == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the time of an input is bounded by an alarm")
def test_what_breaks_a_law_is_found_made_small_and_found_again_by_its_seed(monkeypatch):
    from hypothesis import strategies as st

    monkeypatch.setattr("tests.fuzz.target.BOUND", 0.03)
    monkeypatch.setattr("tests.fuzz.target.SHRINKING", PATIENCE)

    def law(value):
        """Nothing is large, and nothing takes long."""
        while value == 2_000:
            pass
        if value > 999:
            raise ValueError("large")
        if value > 99:
            raise TypeError("quite large")

    one = Target(law, st.sampled_from([2_000]) | st.integers(0, 1_999))
    found = hunt(one, examples=300, first_seed=1)
    assert {kind for kind, _ in found.findings} == {"ValueError", "TypeError", TooLongError.__name__}
    assert {finding.input for finding in found.findings.values()} >= {"1000", "100"}
    seed = next(finding.seed for finding in found.findings.values() if finding.input == "100")
    assert "TypeError" in {kind for kind, _ in hunt(one, examples=300, first_seed=seed).findings}
