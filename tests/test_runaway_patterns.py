"""A rule's regular expression that takes for ever on a short text is told when the rule is made, at its line."""

from __future__ import annotations

import re
import time
import warnings

import pytest

from llm_intercept import Interceptor, intercept, when
from llm_intercept.errors import RunawayPatternWarning
from llm_intercept.secrets.user_patterns import runaway

RUNAWAY = re.compile(r"^(\w+\s?)*$")
PLACES = {
    "positional": lambda llm, pattern: llm.on(pattern),
    "headers": lambda llm, pattern: llm.on(headers={"x-team": pattern}),
    "json": lambda llm, pattern: llm.on(json={"metadata": {"a": [pattern]}}),
    "model": lambda llm, pattern: llm.on("a", model=pattern),
    "url": lambda llm, pattern: llm.on(url=pattern),
    "combined": lambda llm, pattern: llm.on(when("a") & ~(when("b") | when(system=pattern))),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_pattern_that_runs_away_is_told_at_the_rules_line(place):
    """Wherever in the conditions it stands; others are not."""
    with intercept("hi") as llm:
        with pytest.warns(
            RunawayPatternWarning, match=r"a request may hang in .*It takes for ever on texts such as"
        ) as told:
            PLACES[place](llm, RUNAWAY).reply("x").optional()
        assert told[0].filename.endswith("test_runaway_patterns.py")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for pattern in (r"^retry", r"(?i)please\s+(summari[sz]e|translate)\b", r".*foo.*bar", r"\d+-\d+-\d+"):
                PLACES[place](llm, re.compile(pattern)).reply("x").optional()


def test_a_file_of_rules_is_looked_at_too(tmp_path):
    """When its rules are made."""
    path = tmp_path / "rules.toml"
    path.write_text('[[rules]]\nuser = {regex = "(a+)+$"}\nreply = "x"\n')
    with pytest.warns(RunawayPatternWarning, match=r"rules\.toml"):
        Interceptor("hi", rules=path)


@pytest.mark.parametrize(
    "pattern", [r"(?:\d?,?){40}$", r"(?:\w?\s?){50}end", r"^(?:[A-Z]?[a-z]?){30}$", "(" * 9 + "a" + "+)" * 9 + "+$"]
)
def test_a_pattern_that_runs_away_at_once_is_told_soon(pattern):
    """Eight characters keep these going for minutes or more: looking for the text that does must not."""
    begin = time.thread_time()
    assert runaway(re.compile(pattern))
    assert time.thread_time() - begin < 2
