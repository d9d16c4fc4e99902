"""What is easily forgotten: to enter what `intercept(…)` returns, and that its block has ended."""

from __future__ import annotations

import warnings

import httpx
import pytest

from llm_intercept import LLMInterceptError, intercept
from llm_intercept.errors import BlockEndedError, NeverUsedWarning
from tests.support import ask, collecting


def warned(make) -> list[warnings.WarningMessage]:
    """Return the warnings of what `make` makes and keeps nowhere."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with collecting():
            make()
    return [one for one in found if issubclass(one.category, NeverUsedWarning)]


def test_what_is_made_and_never_entered_warns_with_its_place():
    """As a coroutine that was never awaited does."""
    (one,) = warned(lambda: intercept("hi"))
    assert (one.filename, one.lineno > 0) == ("tests/test_forgotten.py", True)
    assert "test_forgotten.py:" in str(one.message)
    assert "was never entered" in str(one.message)


def enter() -> None:
    with intercept("hi"):
        pass


def decorate() -> None:
    intercept("hi")(enter)


def fail() -> None:
    with pytest.raises(LLMInterceptError):
        intercept("hi", mode="nonsense")


def fail_to_decorate() -> None:
    with pytest.raises(LLMInterceptError):
        intercept("hi")(int)


@pytest.mark.parametrize("make", [enter, decorate, fail, fail_to_decorate])
def test_what_is_used_or_could_not_be_made_does_not_warn(make):
    """Nor what a user has been told of."""
    assert warned(make) == []


AT_THE_END = """
import sys
from llm_intercept import intercept
kept = intercept("kept")
used = intercept("used")
with used:
    pass
"""


def test_a_program_that_keeps_one_and_never_uses_it_is_told_at_its_end(run_python):
    """A script's `llm = intercept(…)` lives until then; a test run keeps what the tests that are left out would use."""
    done = run_python(AT_THE_END)
    assert (done.returncode, done.stderr.count("NeverUsedWarning")) == (0, 1)
    assert "program.py:4: NeverUsedWarning" in done.stderr
    for keeper in ("pytest", "unittest"):
        assert run_python(f"import {keeper}{AT_THE_END}").stderr == ""


INTERCEPTORS = """
import httpx
from llm_intercept import Interceptor, InterceptTransport, LLMInterceptError, intercept, wrap
from llm_intercept.server import app
kept = Interceptor("kept")
def made():
    llm = Interceptor()
    llm.on("x").reply("gone")
made()
empty, looked_at = Interceptor(), [Interceptor().calls]
client = wrap(httpx.Client(), "wrapped")
served = app(Interceptor("served"))
given = InterceptTransport("given"), InterceptTransport(interceptor=Interceptor("given too"))
inside = Interceptor("inside").as_side_effect()
with intercept("hi") as llm:
    llm.on("x").reply("y")
def failed(make, *given):
    try:
        make(*given)
    except LLMInterceptError:
        return
    raise AssertionError
failed(lambda: Interceptor(object()))
failed(lambda: Interceptor("x", log="/no/such/folder/log"))
failed(wrap, object(), "x")
"""


def test_an_interceptor_with_answers_and_no_client_is_told_of(run_python):
    """When it is gone, or the program ends; what is used in any way, has no answers, cannot be made or is a test's is not."""
    done = run_python(INTERCEPTORS)
    told = [line for line in done.stderr.splitlines() if "NeverUsedWarning" in line]
    assert done.returncode == 0
    assert [line.split()[0] for line in told] == ["program.py:7:", "program.py:5:"]
    assert "llm.wrap(client)" in told[0]
    assert run_python("import pytest" + INTERCEPTORS).stderr == ""


@pytest.mark.parametrize("name", ["on", "reply", "calls", "unmatched"])
def test_what_only_a_block_gives_is_told(name):
    """With what to write; any other name is Python's own error, so that `hasattr` and copies work."""
    block = intercept("hi")
    with pytest.raises(AttributeError, match=rf"use `with intercept\(…\) as llm:` and llm\.{name}"):
        getattr(block, name)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = block.nonsense
    with block:
        pass


CHANGES = {
    "on(…)": lambda llm: llm.on("x"),
    "reply(…)": lambda llm: llm.reply("x"),
    "chaos(…)": lambda llm: llm.chaos(),
    "rate_limit(…)": lambda llm: llm.rate_limit(requests_per_minute=1),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_added_after_the_block_is_an_error(what):
    """It could have no effect."""
    with intercept("hi") as llm:
        pass
    with pytest.raises(BlockEndedError, match=r"has no effect: the block .* has ended"):
        CHANGES[what](llm)


def test_a_client_that_is_wrapped_is_answered_after_the_block_and_so_may_have_more_rules():
    """What was handed out to another mock, too."""
    with httpx.Client() as client:
        with intercept() as llm:
            llm.wrap(client)
        llm.on("hi").reply("later")
        assert ask(client) == "later"
        llm.unwrap(client)
    with intercept() as llm:
        llm.as_side_effect()
    llm.reply("later")


SPAWNS = """
import multiprocessing
import httpx
from llm_intercept import Interceptor, intercept
llm, block = Interceptor("hi"), intercept("hi")
def work():
    print("worked", flush=True)
if __name__ == "__main__":
    client = llm.wrap(httpx.Client())
    with block:
        pass
    one = multiprocessing.get_context("spawn").Process(target=work)
    one.start()
    one.join()
"""


def test_a_spawned_process_that_imports_the_program_is_not_told(run_python):
    """It makes all that the program makes, to call one function of it."""
    done = run_python(SPAWNS)
    assert (done.stdout.split(), done.stderr) == (["worked"], "")
