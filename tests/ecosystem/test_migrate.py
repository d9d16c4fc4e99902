"""The test files of docs/migrate with the libraries that they come from, before and after (`nox -s migrate`)."""

from __future__ import annotations

import os

import pytest
from tests import migrations
from tests.amounts import PATIENCE

OPTIONS = ("-p", "no:cacheprovider")


@pytest.mark.parametrize("side", migrations.SIDES)
@pytest.mark.parametrize("page", migrations.PAGES)
def test_what_is_shown(page: str, side: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test files of a page pass, before and after, without a key or a network."""
    for name in [name for name in os.environ if name.startswith(("LLM_INTERCEPT", "PYTEST_"))]:
        monkeypatch.delenv(name)
    pytester.makeini("[pytest]\n")  # nox has its temporary folder in this project, whose settings are not theirs
    tests = migrations.write(page, side, pytester.path)
    pytester.runpytest_subprocess(*OPTIONS, timeout=PATIENCE).assert_outcomes(passed=sum(tests.values()))
