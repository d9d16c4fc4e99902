"""What docs/migrate says of other mocks: each test file after its change, run as it is shown.

The files before it need those libraries, in environments of their own: `nox -s migrate` (tests/ecosystem/test_migrate.py).
"""

from __future__ import annotations

import importlib
import importlib.util
import os

import pytest

from tests import migrations

OPTIONS = ("-p", "no:cacheprovider", "-p", "llm_intercept", "-p", "respx.plugin", "-W", "error")
for _name in ("openai.resources.chat", "openai.resources.responses", "openai.types.chat"):
    importlib.import_module(_name)  # a run in this process forgets what is imported in it
NEEDS = {"test_review.py": "litellm"}


@pytest.mark.parametrize("page", migrations.PAGES)
def test_what_is_shown_after(page: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test files of a page pass with llm-intercept, without a key or a network."""
    for name in [
        name for name in os.environ if name.startswith(("LLM_INTERCEPT", "PYTEST_")) or name.endswith("_API_KEY")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    tests = migrations.write(page, "after", pytester.path)
    left = [name for name in tests if name in NEEDS and not importlib.util.find_spec(NEEDS[name])]
    told = sum(count for name, count in tests.items() if name not in left)
    pytester.runpytest_inprocess(*OPTIONS, *(f"--ignore={name}" for name in left)).assert_outcomes(passed=told)


def test_all_files_are_shown_before_and_after() -> None:
    """Each test file that a page shows before, it shows after too."""
    shown = {
        side: {(page, name) for page in migrations.PAGES for name in migrations.files(page, side) if "test_" in name}
        for side in migrations.SIDES
    }
    assert shown["before"] <= shown["after"]
    assert sum(name.endswith(".py") for _, name in shown["before"]) == len(migrations.PAGES) * 2
