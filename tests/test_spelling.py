"""A keyword that a function does not have is refused, and the one that was meant is named."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

import llm_intercept
from llm_intercept import Interceptor, Recordings, errors, faults
from llm_intercept.rules.rule import Rule
from llm_intercept.server import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give what users call with keywords."""
    for name in llm_intercept.__all__:
        yield name, getattr(llm_intercept, name)
    for name in faults.__all__:
        yield f"faults.{name}", getattr(faults, name)
    for owner in (Interceptor("x"), Rule((), "reply", "here"), Client("http://localhost:1")):
        for name in dir(type(owner)):
            if not name.startswith("_") and callable(found := getattr(owner, name, None)):
                yield f"{type(owner).__name__}.{name}", found


def keywords(function: Callable[..., Any]) -> list[str]:
    """Give the keywords that a function has; none of one that takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return []
    return [
        one.name
        for one in parameters
        if one.kind in {one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD} and one.default is not one.empty
    ]


NOT_CALLED = {
    "Rule.facts",
    "errors",
    "model",
    "faults",
    "Call",
    "LLMRequest",
    "LLMInterceptError",
    "completion",
    "acompletion",
}
"""Modules, what we make, and functions whose signature is another library's."""
CASES = [
    pytest.param(function, keyword, id=f"{name}-{keyword}")
    for name, function in public()
    if name not in NOT_CALLED
    for keyword in keywords(function)[:1]
]


@pytest.mark.parametrize(("function", "keyword"), CASES)
def test_a_misspelt_keyword_is_told_with_what_was_meant(function, keyword):
    """Whatever Python says of it in its version; it stays a TypeError, as callers expect."""
    with pytest.raises(
        errors.UnknownArgumentError, match=rf"_x=…\)=1 cannot be used\. Did you mean '{keyword}'"
    ) as caught:
        function(**{f"{keyword}_x": 1})
    assert isinstance(caught.value, TypeError)


def test_the_message_names_the_function_as_it_is_written():
    """A method by its name, a class by its own, a fault as users write it."""
    for call, said in [
        (
            lambda: Interceptor().budget(call=5),
            "budget(call=…)=5 cannot be used. Did you mean 'calls'?",
        ),
        (lambda: Recordings("x", max_age=1), "Recordings(max_age=…)=1 cannot be used. It is a setting"),
        (lambda: faults.cut_off(aftr=1), "cut_off(aftr=…)=1 cannot be used. Did you mean 'after'?"),
    ]:
        with pytest.raises(errors.UnknownArgumentError) as caught:
            call()
        assert said in str(caught.value)


def test_help_shows_the_parameters_there_are():
    """Also of what is checked."""
    assert "repeat_last" in inspect.signature(Recordings).parameters
    assert list(inspect.signature(Interceptor.budget).parameters) == ["self", "calls", "tokens", "cost"]
