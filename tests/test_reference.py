"""The reference has every public name, field, error, fixture, marker and option."""

from __future__ import annotations

import dataclasses
import inspect
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import llm_intercept
from llm_intercept import errors, faults, model, pytest_plugin, server
from llm_intercept.journal.kept_response import Response
from llm_intercept.model.request import LLMRequest

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
TEXT = {page.name: page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.md"))}
ENTRIES = re.findall(
    r"^\.\. auto(?:class|function|exception|data):: (\S+?)(?:\(\))?$", "\n".join(TEXT.values()), re.MULTILINE
)
ERRORS = [
    name
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, Exception) and one.__module__ == errors.__name__
]
ELSEWHERE = {"errors", "faults", "model", "LLMInterceptError", *faults.__all__, "LLMRequest"}
"""Names of the package that have their entry under the module that they are of, and these modules."""


def public() -> list[str]:
    """Return the full name of all that users import."""
    own = [name for name in llm_intercept.__all__ if name not in ELSEWHERE] + ["LLMRequest"]
    return [
        *(f"llm_intercept.{name}" for name in own),
        *(f"llm_intercept.faults.{name}" for name in faults.__all__),
        *(f"llm_intercept.model.{name}" for name in model.__all__ if name != "LLMRequest"),
        *(f"llm_intercept.server.{name}" for name in server.__all__),
        *(f"llm_intercept.errors.{name}" for name in ERRORS),
    ]


def test_each_public_name_has_one_entry() -> None:
    """By the name that users write."""
    assert sorted(set(public()) - set(ENTRIES)) == []
    assert sorted(one for one in set(ENTRIES) if ENTRIES.count(one) > 1) == []


RECORDS = [
    llm_intercept.Call,
    *(one for name in model.__all__ if dataclasses.is_dataclass(one := getattr(model, name))),
]


@pytest.mark.parametrize("kind", RECORDS)
def test_each_field_is_explained(kind: Any) -> None:
    """What is shown of a value is said under its class's attributes."""
    said = re.findall(r"^ {4}(\w+):", (inspect.getdoc(kind) or "").partition("Attributes:")[2], re.MULTILINE)
    fields = [one.name for one in dataclasses.fields(kind) if one.repr and not one.name.startswith("_")]
    assert [name for name in fields if name not in said] == []


def test_each_field_of_a_request_is_explained() -> None:
    """Those it was sent with under its attributes, those that follow by themselves."""
    said = re.findall(r"^ {4}(\w+):", inspect.getdoc(LLMRequest) or "", re.MULTILINE)
    derived = re.search(r"LLMRequest\n   :members: (.*)", TEXT["calls.md"])
    assert derived
    shown = {name for name, one in vars(LLMRequest).items() if isinstance(one, cached_property)}
    assert shown == (set(said) & shown) | set(derived[1].split(", "))
    assert {*LLMRequest.FIELDS, *LLMRequest.SENT} <= set(said)


def test_each_property_of_a_call_is_shown() -> None:
    """And of what was answered."""
    for kind in (llm_intercept.Call, Response):
        shown = re.search(rf"\.{kind.__name__}\n   :members: (.*)", TEXT["calls.md"])
        assert shown
        properties = {
            name for name, one in vars(kind).items() if isinstance(one, property) and not name.startswith("_")
        }
        assert properties <= set(shown[1].split(", "))


def test_each_error_says_what_to_do() -> None:
    """But the bases."""
    blocks = TEXT["errors.md"].split(".. autoexception:: llm_intercept.errors.")[1:]
    silent = [block.partition("\n")[0] for block in blocks if "What to do: " not in block]
    assert silent == ["LLMInterceptError", "LLMInterceptWarning"]


def test_what_pytest_knows_is_explained(pytestconfig: pytest.Config) -> None:
    """Flags that are no settings, markers, fixtures."""
    from llm_intercept.settings import said_in

    text = TEXT["pytest.md"]
    settings = {setting.pytest_flag for setting in said_in("pytest")}
    group = next(one for one in pytestconfig._parser._groups if one.name == "llm-intercept")
    flags = {name for option in group.options for name in option.names()} - settings
    markers = {
        one.partition("(")[0].partition(":")[0] for one in pytestconfig.getini("markers") if one.startswith("llm_")
    }
    assert flags
    fixtures = {name for name in vars(pytest_plugin) if name.startswith("llm_mock")}
    assert [one for one in sorted(fixtures) if f"llm_intercept.pytest_plugin.{one}()" not in text] == []
    assert [one for one in sorted(flags) if f"`{one}`" not in text] == []
    assert [one for one in sorted(markers) if f"`@pytest.mark.{one}" not in text] == []
