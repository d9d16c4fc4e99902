"""A keyword that a function does not have is refused, and the one that was meant is named."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

import llm_intercept
from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Pace,
    Recordings,
    api_error,
    custom_tool_call,
    errors,
    faults,
    passthrough,
    raw,
    tool_call,
    wrap,
)
from llm_intercept.base.spelling import spelt
from llm_intercept.model import Usage
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


USED = {"per", "shared", "cycle", "repeat_last", "pace", "optional", "reply"}
"""The methods of a rule that users call; the others are between us."""
LATER = {"faults.Fault", "Client.follow", "Interceptor.expect_unmatched"}
"""What nobody makes, and what says it when it is entered or read."""
CALLED = [
    pytest.param(function, id=name)
    for name, function in public()
    if name not in NOT_CALLED | LATER and (name[:5] != "Rule." or name[5:] in USED)
]


@pytest.mark.parametrize("function", CALLED)
def test_a_call_that_cannot_be_made_is_answered_with_ours(function):
    """With too many arguments, and with one that nobody has: what is wrong, and how it is called."""
    for args, given in ((object() for _ in range(9)), {}), ((), {"zz_zz": []}):
        with pytest.raises(errors.LLMInterceptError):
            function(*args, **given)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: tool_call(name="weather", city="Rome"), "Give it without its name: tool_call(name, "),
        (lambda: tool_call(city="Rome"), "'name': write tool_call(name, "),
        (lambda: custom_tool_call(name="f", input="x"), "without its name: custom_tool_call(name, input, *, id=None)"),
        (lambda: raw("no", 404), "Too many positional arguments: write raw(body, *, status=200, "),
        (lambda: raw(json={}), "The body is the first argument"),
        (lambda: raw({}, status_code=404), "It is status= here"),
        (lambda: api_error(status_code=429), "api_error(429)"),
        (lambda: passthrough(1), "write passthrough()."),
        (lambda: passthrough(host="x"), "Write passthrough()."),
        (lambda: Pace(delay=1), "ttft="),
        (lambda: Pace(tps=1), "tokens_per_second="),
        (lambda: Usage(prompt_tokens=1), "Its names are input_tokens (what was asked)"),
        (lambda: Interceptor("one", "two"), "Answers in turn: llm.reply('one', 'two')"),
        (lambda: InterceptTransport("one", "two"), "Answers in turn: llm.reply('one', 'two')"),
        (wrap, "wrap(client, 'text')"),
        (lambda: faults.crlf(1), "write crlf()."),
        (lambda: Interceptor().on("x").per(), "Missing a required argument: 'key': write per(key)."),
        (lambda: Interceptor().on("x").cycle(3), "write cycle()."),
        (lambda: Interceptor().calls.one("x"), "write one()."),
        (lambda: Interceptor().rate_limit(10), "write rate_limit(*, requests_per_minute=None, "),
        (lambda: Interceptor().assert_all_used("x"), "write assert_all_used()."),
    ],
)
def test_how_it_is_called_is_told(call, told):
    with pytest.raises(errors.LLMInterceptError) as caught:
        call()
    assert told in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_an_error_from_within_stays():
    """A TypeError of a function that was called as it is to be is its own."""

    @spelt
    def broken(one: object) -> None:
        raise TypeError(f"{one} is wrong")

    with pytest.raises(TypeError, match=r"^x is wrong$"):
        broken("x")


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
