"""Each fault on the installed SDKs: sync and async, on each HTTP library, JSON and stream, as docs/faults.md says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fault_list import faults, kept, key, observe
from fault_table import PAGE, TABLES, installed, render
from tests.amounts import amount

if TYPE_CHECKING:
    from types import ModuleType

# aiohttp warns of google-genai's own code.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

CASES = [(sdk, fault, point) for sdk in installed() for fault in sdk.FAULTS for point in sdk.POINTS]
PART = 7
"""Of a part each seventh is looked at, so that each point of an SDK, of which there are 8, 6 or 10, has its turn."""


@pytest.mark.parametrize(
    ("sdk", "fault", "point"), CASES[:: amount(1, PART)], ids=lambda one: getattr(one, "KEY", None)
)
def test_an_sdk_does_what_the_page_says(sdk: ModuleType, fault: Any, point: tuple[str, str, str]) -> None:
    """What is written down for its generation, HTTP library, way and shape is what happens."""
    assert observe(sdk, fault, *point) == kept(sdk.KEY)["observed"][repr(fault)][key(*point)]


def test_the_page_is_written_from_what_was_observed() -> None:
    """docs/faults.md is what `fault_table.py` makes of the observations, for every SDK, generation and fault."""
    assert PAGE.read_text() == render()
    for name, columns in TABLES.items():
        for column in columns:
            assert list(kept(column.key)["observed"]) == [repr(fault) for fault in faults(name)]
    assert "not observed" not in PAGE.read_text()
