"""The pytest plugin, in projects of its own: fixture, marker, settings, reports and the summary; and its absence."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest

import llm_intercept
from llm_intercept.base import prices
from llm_intercept.clients import activation
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.interceptor.handler import LazyHandler
from llm_intercept.journal.journal import TALLY
from llm_intercept.report.page_read import report_in
from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., pytest.RunResult]

APP = """
import os
import sys

import httpx

if "PRICES" not in os.environ:
    sys.modules["genai_prices"] = None  # it is slow to import

URL = "https://api.openai.com/v1/chat/completions"


def body(text, model):
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def ask(text="hi", model="gpt-4o"):
    return httpx.post(URL, json=body(text, model)).json()["choices"][0]["message"]["content"]


async def ask_async(text="hi", model="gpt-4o"):
    async with httpx.AsyncClient() as client:
        return (await client.post(URL, json=body(text, model))).json()["choices"][0]["message"]["content"]


def swallow(text="hi"):
    try:
        return ask(text)
    except Exception:
        return "sorry"
"""
HEAD = "import pytest\nfrom app import ask, ask_async, swallow\nfrom llm_intercept import intercept, tool_call\n\n"
OPTIONS = [
    "-p",
    "no:cacheprovider",
    "-p",
    "llm_intercept",
    "-W",
    "error",
]  # plugins are not loaded by themselves: it is quicker
needs_xdist = pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="needs pytest-xdist")
for _module in pkgutil.walk_packages(llm_intercept.__path__, "llm_intercept."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)  # a run in this process forgets what is imported in it


@pytest.fixture(autouse=True)
def _prices_are_looked_for_again() -> Iterator[None]:
    """A run in this process says that genai-prices is not installed: what is known of it is forgotten around it."""
    prices._library.cache_clear()
    yield
    prices._library.cache_clear()


SUMMARY = re.compile(
    r"^(?P<rule>\d+) calls? mocked, (?P<recording>\d+) replayed, (?P<live>\d+) live, (?P<unmatched>\d+) unmatched; "
    r"(?P<tokens>[\d,]+) tokens?(?: \(about \$(?P<cost>[\d.,]+)\))? not spent$",
    re.MULTILINE,
)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest over `test_it.py` in a project of its own, which has an `app.py` that asks a model.

    In this process, where a plugin does not need one of its own: an interpreter takes half a second to start.
    """
    import os

    for name in [name for name in os.environ if name.startswith(("LLM_INTERCEPT", "PYTEST_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(pytester.path))  # no test checks a certificate, and reading them takes 25 ms
    for name in ("calls", "input", "output"):
        monkeypatch.setattr(TALLY, name, Counter())
    pytester.makepyfile(app=APP)

    def started(code: str, *options: str, own_process: bool = False, **files: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + code)
        for name, content in files.items():
            (pytester.path / name.replace("__", ".")).write_text(content)
        if own_process:
            return pytester.runpytest_subprocess(*OPTIONS, *options, timeout=PATIENCE)
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # it is this test's own
        return pytester.runpytest_inprocess(*OPTIONS, *options)

    return started


def summary(result: pytest.RunResult) -> dict[str, Any]:
    """Read the summary's line."""
    found = SUMMARY.search(result.stdout.str())
    assert found is not None, result.stdout.str()
    return found.groupdict()


# The fixture and the marker


def test_the_fixture_answers_for_the_test_that_asks_for_it(run):
    """It is an interceptor with rules and calls; each test has one of its own."""
    result = run("""
def test_one(llm_mock):
    llm_mock.on("weather").reply("sunny")
    assert ask("the weather?") == "sunny"
    assert llm_mock.calls[0].request.last_user == "the weather?"


def test_two(llm_mock):
    assert not llm_mock.calls
    llm_mock.reply("other")
    assert ask("the weather?") == "other"
""")
    result.assert_outcomes(passed=2)


def test_the_marker_answers_with_and_without_the_fixture_and_the_nearest_wins(run):
    """On a function, a class or a module."""
    result = run("""
pytestmark = pytest.mark.llm_intercept("of the module", seed=3)


def test_module():
    assert ask() == "of the module"


def test_fixture_too(llm_mock):
    assert ask() == "of the module"
    assert len(llm_mock.calls) == 1


@pytest.mark.llm_intercept("of the function")
def test_function():
    assert ask() == "of the function"


@pytest.mark.llm_intercept("of the class")
class TestClass:
    def test_class(self):
        assert ask() == "of the class"

    @pytest.mark.llm_intercept("of the method")
    def test_method(self, llm_mock):
        assert ask() == "of the method"

    @pytest.mark.llm_intercept(unmatched="raise")
    def test_arguments_are_merged(self):
        assert ask() == "of the class"
""")
    result.assert_outcomes(passed=6)


def test_a_marker_without_arguments_answers_nothing(run):
    """But guards: what the test asks is unmatched."""
    result = run("""
@pytest.mark.llm_intercept
def test_guarded():
    swallow()


@pytest.mark.llm_intercept()
def test_quiet():
    pass
""")
    result.assert_outcomes(passed=2, errors=1)


def test_only_the_params_that_carry_the_marker_are_answered(run):
    """The others are answered by nobody."""
    result = run("""
@pytest.mark.parametrize(
    "expected",
    ["none", pytest.param("a", marks=pytest.mark.llm_intercept("a")), pytest.param("b", marks=pytest.mark.llm_intercept("b"))],
)
def test_it(expected):
    from llm_intercept.clients import activation

    assert bool(activation.active()) is (expected != "none")
    if expected != "none":
        assert ask() == expected
""")
    result.assert_outcomes(passed=3)


def test_a_fixture_of_the_user_may_use_the_fixture(run):
    """And tests then find its rules; what a fixture asks after its yield is answered too."""
    result = run("""
@pytest.fixture
def weather(llm_mock):
    llm_mock.on("weather").reply("sunny").optional()
    yield llm_mock
    assert ask("the weather afterwards") == "sunny"


@pytest.fixture(autouse=True)
def earlier(request):
    if "weather" in request.fixturenames:
        request.getfixturevalue("weather")


def test_it(weather):
    assert ask("the weather?") == "sunny"
""")
    result.assert_outcomes(passed=1)


def test_replies_of_markers_begin_anew_for_each_test(run):
    """A rules file's script, too."""
    result = run(
        """
@pytest.mark.parametrize("number", range(3))
@pytest.mark.llm_intercept(rules="r.toml")
def test_it(number):
    assert [ask(), ask()] == ["a", "b"]
""",
        r__toml='[[rules]]\nreplies = ["a", "b"]\n',
    )
    result.assert_outcomes(passed=3)


CONFTEST = """
import pytest


@pytest.fixture(autouse=True)
def usual(llm_mock):
    llm_mock.on("weather").reply("usual").optional()
    llm_mock.on("once").reply("once")
    llm_mock.reply("anything")
"""


def test_a_tests_rules_come_before_those_of_its_fixtures(run, pytester):
    """Of two that mean a request, the test's answers, and what it answers for need not be used: no warning, no error."""
    pytester.makeconftest(CONFTEST)
    result = run("""
def test_as_usual():
    assert [ask("the weather"), ask("once"), ask()] == ["usual", "once", "anything"]


def test_own(llm_mock):
    llm_mock.on("weather").reply("own")
    llm_mock.reply("own anything")
    llm_mock.on(lambda request: request.last_user == "once").reply("own once")
    assert [ask("the weather"), ask("once"), ask()] == ["own", "own once", "own anything"]
    assert [ask("the weather"), ask()] == ["own", "own anything"]


def test_the_same(llm_mock):
    llm_mock.on("once").reply("own once")
    assert ask("once") == "own once"


@pytest.mark.llm_intercept("of the marker")
def test_marked():
    assert [ask("weather"), ask("once"), ask()] == ["usual", "once", "of the marker"]


@pytest.mark.llm_intercept("of the marker")
def test_marked_and_own(llm_mock):
    llm_mock.on("once").reply("own once")
    llm_mock.reply("own")
    assert [ask("once"), ask()] == ["own once", "own"]
""")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_own*", "*on('once')*", "*conftest.py:*"])


# What fails a test


def test_a_request_that_was_not_answered_fails_its_test_even_if_swallowed(run):
    """At teardown, with the explanation and the calls."""
    result = run("""
def test_it(llm_mock):
    llm_mock.on("wether").reply("sunny").optional()
    assert swallow("the weather?") == "sorry"


def test_other(llm_mock):
    llm_mock.reply("hi")
    assert ask() == "hi"
""")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_it*",
            "*POST https://api.openai.com/v1/chat/completions",
            "*model: *gpt-4o",
            "*last user: 'the weather?'",
            "*on('wether')",
            "*at test_it.py:7",
            "*hint: 'weather?' is near",
            "calls: <1 call*>",
            "*404 from unmatched*",
        ],
        consecutive=False,
    )
    assert "Traceback" not in result.stdout.str()


def test_a_rule_that_was_not_used_fails_its_test(run):
    """Unless it is optional, of a file, or `all_used=False`; the marker's reply, only where `all_used` is said."""
    result = run(
        """
def test_unused(llm_mock):
    llm_mock.on("weather").reply("sunny")


def test_script_left(llm_mock):
    llm_mock.reply("a", "b")
    ask()


def test_optional(llm_mock):
    llm_mock.on("weather").reply("sunny").optional()


@pytest.mark.llm_intercept(all_used=False)
def test_not_all(llm_mock):
    llm_mock.on("weather").reply("sunny")


@pytest.mark.llm_intercept("hi", rules="r.toml")
def test_given():
    pass


@pytest.mark.llm_intercept("hi", all_used=True)
def test_given_and_to_be_used():
    pass
""",
        r__toml='[[rules]]\nreply = "a"\n',
    )
    result.assert_outcomes(passed=6, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_unused*",
            "*not every rule was used to its end*",
            "*on('weather')",
            "*at test_it.py:7",
            "*no request used it",
            "*.optional()*",
            "No LLM call was made at all.",
            "*ERROR at teardown of test_script_left*",
            "*1 of its 2 replies w* used",
            "*ERROR at teardown of test_given_and_to_be_used*",
            "*intercept('hi')",
        ]
    )


def test_a_test_that_failed_is_not_failed_twice_and_shows_its_calls(run):
    """And what was not answered, which may be why."""
    result = run("""
def test_it(llm_mock):
    llm_mock.on("never").reply("never")
    assert swallow("the weather?") == "sunny"
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert 'sorry' == 'sunny'*",
            "*llm-intercept calls*",
            "<1 call*>",
            "*404 from unmatched*",
            "*llm-intercept unmatched*",
            "*last user: 'the weather?'",
            "*at test_it.py:7",
        ]
    )
    assert result.stdout.str().count("last user: 'the weather?'") == 1


RAISED = """
import httpx


def loudly(text):
    answer = httpx.post("https://api.openai.com/v1/chat/completions", json=body(text, "gpt-4o"))
    if answer.status_code != 200:
        raise RuntimeError("404: " + answer.json()["error"]["message"])


def test_answer(llm_mock):
    llm_mock.on("never").reply("never")
    swallow("the first")
    loudly("the second")


@pytest.mark.llm_intercept(unmatched="raise")
def test_raised(llm_mock):
    ask("the third")


def test_of_the_module(llm_mock_module):
    loudly("the fourth")
"""


def test_what_the_error_of_a_test_says_is_not_told_again(run):
    """An SDK's error has the explanation in its message; what another one says is told."""
    result = run("from app import body\n" + RAISED)
    result.assert_outcomes(failed=3)
    for which in ("first", "second", "third", "fourth"):
        assert result.stdout.str().count(f"last user: 'the {which}'") == 1


def test_a_test_whose_set_up_failed_has_one_error(run):
    """The rules it would have used are not told too."""
    result = run("""
@pytest.fixture
def broken(llm_mock):
    llm_mock.on("weather").reply("sunny")
    swallow("something")
    raise RuntimeError("the fixture broke")


def test_it(broken):
    pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the fixture broke*", "*llm-intercept calls*"])


def test_a_test_that_left_off_or_is_marked_to_fail_is_not_failed(run):
    """Skipped or expected to fail: its rules had no chance."""
    result = run("""
def test_skip(llm_mock):
    llm_mock.on("weather").reply("sunny")
    pytest.skip("not today")


def test_xfail(llm_mock):
    llm_mock.on("weather").reply("sunny")
    pytest.xfail("known")


@pytest.mark.xfail
def test_marked(llm_mock):
    llm_mock.on("weather").reply("sunny")
    assert swallow("else") == "sunny"


@pytest.mark.xfail(strict=True)
def test_unexpected(llm_mock):
    llm_mock.on("weather").reply("sunny")
""")
    result.assert_outcomes(skipped=1, xfailed=2, failed=1)


def test_a_budget_fails_its_test(run):
    """Where it is exceeded, or at the end if the program swallowed that."""
    result = run("""
def test_over(llm_mock):
    llm_mock.reply("hi")
    llm_mock.budget(calls=1)
    swallow()
    swallow()


def test_under(llm_mock):
    llm_mock.reply("hi")
    llm_mock.budget(calls=2, tokens=1000)
    assert [ask(), ask()] == ["hi", "hi"]


def test_late(llm_mock):
    llm_mock.reply("hi")
    ask()
    llm_mock.budget(calls=0)
""")
    result.assert_outcomes(passed=2, errors=1, failed=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_over*", "*the budget is 1 call*2*"])


def test_a_reply_function_that_raises_fails_its_test(run):
    """With the rule's place and what it raised, even if the program swallowed it."""
    result = run("""
def test_it(llm_mock):
    llm_mock.reply(lambda request: 1 / 0)
    swallow()
""")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_it.py:7*ZeroDivisionError*"])


# The environment's answers

STRICT = """
@pytest.fixture(scope="module")
def around():
    with intercept("from around"):
        yield


def test_none():
    assert ask() == "from the environment"


def test_strict(llm_mock):
    llm_mock.on("never").reply("never").optional()
    assert swallow() == "sorry"


def test_nested(llm_mock):
    llm_mock.on("hi").reply("mine")
    with intercept() as inner:
        assert ask() == "mine"
        assert swallow("else") == "sorry"
        inner.unmatched.clear()


@pytest.mark.llm_intercept(scope="context")
def test_context():
    assert swallow() == "sorry"


def test_around(around, llm_mock):
    assert ask() == "from around"


"""


def test_what_a_test_does_not_answer_the_environment_does_not_answer_either(run):
    """`LLM_INTERCEPT=mock` is for the tests that say nothing; the blocks around a test, of fixtures, are its own."""
    with answering("from the environment"):
        result = run(STRICT)
    result.assert_outcomes(passed=5, errors=2)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_strict*", "*ERROR at teardown of test_context*"])


@contextmanager
def answering(text: str) -> Iterator[None]:
    """Answer as `LLM_INTERCEPT=mock` does from the start of a process on."""
    TRAFFIC.acquire()
    active = activation.activate(LazyHandler({"mode": "mock"}, text), "process", is_environment=True)
    yield
    activation.deactivate(active)
    TRAFFIC.release()


# The guard of a run

BLOCKED = """
import threading


@pytest.fixture(scope="module")
def around():
    with intercept("around"):
        yield


@pytest.fixture
def early():
    swallow("too early")


def test_forgotten():
    swallow("forgotten")


def test_failed():
    assert ask("failed") == "never"


def test_set_up(early):
    pass


def test_thread():
    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()


@pytest.mark.xfail
def test_known():
    assert swallow() == "never"


def test_mocked(llm_mock):
    llm_mock.reply("mocked")
    assert ask() == "mocked"


@pytest.mark.llm_intercept("marked")
def test_marked():
    assert ask() == "marked"


def test_around(around):
    assert ask() == "around"


def test_else():
    pass
"""
INI = "[pytest]\nllm_block = true\n"


def test_a_guarded_run_fails_each_test_that_calls_a_model_without_an_answer(run):
    """Even if it swallows that; it names the test. Fixtures and marks answer inside it as ever."""
    with answering("from the environment"):
        result = run(BLOCKED, pytest__ini=INI)
    result.assert_outcomes(passed=4, failed=3, errors=1, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_set_up (setup): llm-intercept: llm_block refuses the requests to models that no block*",
            "*last user: 'too early'",
            "test_it.py::test_forgotten (call): llm-intercept: llm_block refuses the requests to models that no block*",
            "*last user: 'forgotten'",
            "Give the test an answer: the fixture llm_mock*",
            "*llm-intercept refused*",
            "*last user: 'failed'",
            "FAILED test_it.py::test_thread*",
        ]
    )


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ((), {"pytest__ini": INI}),
        (("--llm-block=true",), {}),
        ((), {"pyproject__toml": "[tool.llm_intercept]\nblock = true\n"}),
    ],
    ids=["ini", "flag", "table"],
)
def test_a_guarded_run_fails_for_what_is_asked_outside_of_tests(run, pytester, options, files):
    """By a conftest, say, from its import on; wherever it is said that the run is guarded."""
    pytester.makeconftest("from app import swallow\nswallow('in conftest')\n")
    code = "def test_it():\n    pass\n"
    result = run(code, *options, **files)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*= llm-intercept refused =*", "outside of a test: *", "*last user: 'in conftest'"])
    assert run(code, "--llm-block=false").ret == 0


def test_a_guarded_run_lets_out_what_the_project_lets_out(run, server):
    """A local model, say."""
    code = f"""
def test_it():
    import httpx

    httpx.post("{server.url}/v1/chat/completions", json={{"model": "m", "messages": [{{"role": "user", "content": "hi"}}]}})
"""
    run(code, pytest__ini=INI + "llm_passthrough = 127.0.0.1\n").assert_outcomes(passed=1)
    assert len(server.requests) == 1
    run(code, pytest__ini=INI).assert_outcomes(failed=1)
    assert len(server.requests) == 1


CHILD = """
import subprocess, sys


def test_child():
    subprocess.run([sys.executable, "-c", "import app; app.swallow()"])


def test_forgotten():
    swallow()
"""


@needs_xdist
def test_a_guarded_run_guards_the_workers_and_the_processes_that_tests_start(run):
    """A child cannot fail its test, which may be over; it fails the run, which names the test."""
    result = run(CHILD, "-p", "xdist", "-n", "1", own_process=True, pytest__ini=INI)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_forgotten (call): *",
            "*= llm-intercept refused =*",
            "process * in test_it.py::test_child (call): POST https://api.openai.com/v1/chat/completions (model gpt-4o)",
            "*started inside a block (pytest's llm_block, *",
        ]
    )


def test_a_live_test_runs_only_where_it_is_asked_for_and_then_asks_the_model(run, server):
    """Also in a guarded run, and where the environment answers; what is not marked stays refused."""
    code = f"""
import httpx


def post():
    httpx.post("{server.url}/v1/chat/completions", json={{"model": "m", "messages": [{{"role": "user", "content": "hi"}}]}})


@pytest.mark.llm_live
def test_live():
    post()


def test_guarded():
    post()
"""
    result = run(code, "-rs", pytest__ini=INI)
    result.assert_outcomes(skipped=1, failed=1)
    result.stdout.fnmatch_lines(["SKIPPED * it asks a real model (llm_live): run it with --llm-live"])
    assert not server.requests
    with answering("from the environment"):
        run(code, "--llm-live", "--strict-markers", pytest__ini=INI).assert_outcomes(passed=1, failed=1)
    assert len(server.requests) == 1


# One interceptor for many tests

MANY_TESTS = """
@pytest.fixture(scope="module", autouse=True)
def usual({fixture}):
    {fixture}.on("weather").reply("sunny")
    {fixture}.reply("anything").optional()
    {fixture}.on("never").reply("never")


def test_one():
    assert ask("weather") == "sunny"


def test_own(llm_mock, {fixture}):
    llm_mock.on("weather").reply("own")
    assert [ask("weather"), ask()] == ["own", "anything"]
    assert len({fixture}.calls) == 2


def test_fails():
    assert ask("weather") == "rainy"
"""


@pytest.mark.parametrize("fixture", ["llm_mock_module", "llm_mock_session"])
def test_one_interceptor_answers_for_the_tests_of_a_module_or_a_run(run, fixture):
    """A test's own comes first; a failing test shows its own calls; at the end a rule that was not used is told, once."""
    result = run(MANY_TESTS.format(fixture=fixture))
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_fails*", "*not every rule was used*", "*on('never')*", f"*calls of {fixture}*"]
    )
    assert result.stdout.str().count("on('never')") == 1
    failure = result.stdout.str().partition("test_fails ___")[2].partition("calls of")[2].partition("short test")[0]
    assert "<1 call>" in failure


def test_what_an_interceptor_of_a_module_does_not_answer_fails_the_test_that_asks(run):
    """Even if it swallows that; what is expected and what is cleared fails none, nor does a mark that says it fails."""
    result = run("""
@pytest.fixture(scope="module", autouse=True)
def usual(llm_mock_module):
    llm_mock_module.on("weather").reply("sunny")


def test_swallowed():
    assert swallow("weather") == "sunny"
    swallow("first")


def test_innocent():
    pass


def test_cleared(llm_mock_module):
    swallow("second")
    llm_mock_module.unmatched.clear()


@pytest.mark.xfail
def test_known():
    assert swallow("third") == "never"


def test_broken(llm_mock_module):
    llm_mock_module.on("broken").reply(lambda request: 1 / 0)
    swallow("broken")


def test_innocent_too():
    pass
""")
    result.assert_outcomes(passed=3, failed=2, xfailed=1)
    result.stdout.fnmatch_lines(["*test_swallowed*", "*last user: 'first'", "*test_broken*", "*ZeroDivisionError*"])
    assert "'second'" not in result.stdout.str()


# Each test's own tape

PLACES = """
import pathlib


def place(llm_mock):
    from llm_intercept.interceptor.interceptor import engine_of

    place = pathlib.Path(str(engine_of(llm_mock).recorder.tape.store.location)).absolute()
    return place.relative_to(pathlib.Path.cwd()).as_posix()


def test_plain(llm_mock):
    assert place(llm_mock) == {plain!r}


class TestIt:
    def test_plain(self, llm_mock):
        assert place(llm_mock) == {of_class!r}


@pytest.mark.parametrize("value", ["a-1.5", "a/b", "a:b", "a[b", "a-b", "é" * 300, "../..", "a "])
def test_many(llm_mock, value, record_property):
    seen = place(llm_mock)
    assert len(seen.split("/")) == {depth}
    assert len(seen.rpartition("/")[2].encode()) < 256
    assert seen not in SEEN
    SEEN.add(seen)


SEEN = set()


@pytest.mark.llm_intercept(recordings="other/{{test}}")
def test_marked(llm_mock):
    assert place(llm_mock) == "other/test_marked"
"""
TEMPLATES = [
    ("tapes/{module}/{test}", "tapes/test_it/test_plain", "tapes/test_it/TestIt.test_plain", 3),
    ("tapes/{module}/{class}/{test}", "tapes/test_it/test_plain", "tapes/test_it/TestIt/test_plain", 3),
    ("tapes/{module}-{test}", "tapes/test_it-test_plain", "tapes/test_it-TestIt.test_plain", 2),
]


@pytest.mark.parametrize(("template", "plain", "of_class", "depth"), TEMPLATES, ids=[one[0] for one in TEMPLATES])
def test_a_tests_recordings_may_be_in_a_place_of_its_own(run, template, plain, of_class, depth):
    """Of its module, class and name, whatever its parameters are."""
    code = PLACES.format(plain=plain, of_class=of_class, depth=depth)
    run(code, pytest__ini=f"[pytest]\nllm_recordings = {template}\n").assert_outcomes(passed=11)


@pytest.mark.parametrize(
    ("template", "told"),
    [("t/{modul}", "*{modul} is none of*Did you mean 'module'?"), ("t/{test}", "*{test} is for a test's own*")],
)
def test_a_place_that_names_what_there_is_not_is_told(run, template, told):
    """A name that stands for nothing; a test's name, where there are many."""
    result = run("def test_it(llm_mock_module):\n    pass\n", f"--llm-recordings={template}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"llm_mock_module: *{told}"])


# Options and settings

PROBE = """
def test_it(llm_mock):
    from llm_intercept.clients import activation

    (engine,) = activation.active()
    print("unmatched", engine.unmatched, "all_used", engine.all_used, "passthrough", engine.passthrough)
    print("rules", [rule.where for rule in engine.book.rules + engine.book.catch_alls])
"""
RULE = '[[rules]]\nreply = "of the file"\n'


def test_ini_settings_are_the_defaults_of_the_fixture(run, pytester, monkeypatch):
    """Files of rules are from the rootdir, wherever pytest is started."""
    below = pytester.mkdir("below")
    (pytester.path / "r.toml").write_text(RULE)
    pytester.makeini("""
[pytest]
llm_mode = mock
llm_unmatched = raise
llm_rules = r.toml
llm_passthrough = api.mistral.ai mistral-*
llm_all_used = false
""")
    (below / "test_below.py").write_text("import sys; sys.path.insert(0, '..')\n" + HEAD + PROBE)
    monkeypatch.chdir(below)
    result = pytester.runpytest_inprocess(*OPTIONS, "-s", str(below))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*unmatched raise all_used False passthrough ('api.mistral.ai', 'mistral-[*]')",
            "rules [[]'*r.toml:1']",
        ]
    )


def test_markers_come_before_ini_settings_and_the_command_line_before_markers(run):
    """The nearest to the person who types."""
    result = run(
        """
@pytest.mark.llm_intercept(unmatched="warn", mode="nonsense")
def test_it(llm_mock):
    from llm_intercept.clients import activation

    assert activation.active()[0].unmatched == "warn"
""",
        "--llm-mode",
        "mock",
        pytest__ini="[pytest]\nllm_unmatched = raise\n",
    )
    result.assert_outcomes(passed=1)


def test_the_table_in_pyproject_is_the_default_of_what_no_setting_gives(run):
    """Of all its keys, `all_used` too."""
    table = '[tool.llm_intercept]\nunmatched = "raise"\nrules = "r.toml"\nall_used = false\n'
    result = run(PROBE, "-s", r__toml=RULE, pyproject__toml=table)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*unmatched raise all_used False *", "rules ['r.toml:1']"])


def test_pytests_settings_come_before_the_table(run):
    """Both may stand in one pyproject.toml."""
    table = '[tool.llm_intercept]\nunmatched = "raise"\n[tool.pytest.ini_options]\nllm_unmatched = "warn"\n'
    result = run(PROBE, "-s", pyproject__toml=table)
    result.stdout.fnmatch_lines(["*unmatched warn *"])


BAD: list[tuple[str, tuple[str, ...], dict[str, str], str]] = [
    ("@pytest.mark.llm_intercept(modle='mock')", (), {}, "*modle*Did you mean 'mode'*"),
    ("@pytest.mark.llm_intercept('a', 'b')", (), {}, "*takes one reply*"),
    ("@pytest.mark.llm_intercept({'a': 1})", (), {}, "*structured*"),
    ("@pytest.mark.llm_intercept(rules='nowhere.toml')", (), {}, "*rules='nowhere.toml' cannot be used*"),
    ("@pytest.mark.llm_intercept(unmatched='nonsense')", (), {}, "*unmatched='nonsense' cannot be used*'warn'*"),
    ("", ("--llm-mode", "replay"), {}, "--llm-mode replay: --llm-recordings=None cannot be used*mode 'replay' needs*"),
    ("", ("--llm-mode", "nonsense"), {}, "--llm-mode='nonsense' cannot be used*'replay'*"),
    ("", (), {"pytest__ini": "[pytest]\nllm_seed = seven\n"}, "*llm_seed='seven' cannot be used*an int*"),
    ("", (), {"pytest__ini": "[pytest]\nllm_rules = nowhere.toml\n"}, "*nowhere.toml*cannot be used*"),
    ("", (), {"pytest__ini": "[pytest]\nllm_unmatched = nonsense\n"}, "*unmatched='nonsense' cannot be used*"),
    ("@pytest.mark.llm_intercept(record_mode='once')", (), {}, "*record_mode='once'*mode= here: 'auto' for once*"),
    (
        "@pytest.mark.llm_intercept(mode='none')",
        (),
        {},
        "*mode='none' cannot be used. Use 'replay', which does the same*",
    ),
    ("@pytest.mark.llm_intercept(match_on=['uri'])", (), {}, "*match_on=*ignore=*"),
    ("", ("--llm-mode=new_episodes",), {}, "--llm-mode='new_episodes' cannot be used. Use 'auto'*"),
    (
        "",
        (),
        {"pyproject__toml": "[tool.llm_intercept]\nmodle = 'mock'\n"},
        "*modle='mock' cannot be used in [[]tool.llm_intercept]*Did you mean 'mode'*",
    ),
]


MARKERS = [marker for marker, *_ in BAD if marker]


def test_a_marker_that_cannot_be_used_is_told_once_and_in_one_message(run):
    """With the test it was for, and no traceback through this package."""
    result = run("\n".join(f"{one}\ndef test_{n}(llm_mock):\n    pass\n" for n, one in enumerate(MARKERS)))
    result.assert_outcomes(errors=len(MARKERS))
    for number, (_, _, _, told) in enumerate(one for one in BAD if one[0]):
        result.stdout.fnmatch_lines([f"test_it.py::test_{number}: *cannot be used{told}"])
    assert "pytest_support.py" not in result.stdout.str()


OTHERS = [one[1:] for one in BAD if not one[0]]


@pytest.mark.parametrize(("options", "files", "told"), OTHERS, ids=[one[2] for one in OTHERS])
def test_a_setting_that_cannot_be_used_is_told_once_and_in_one_message(run, options, files, told):
    """However many tests there are, by the name that it was said by."""
    result = run("def test_it(llm_mock):\n    pass\n\n\ndef test_too(llm_mock):\n    pass\n", *options, **files)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: llm-intercept: {told}"])
    assert result.stderr.str().count("cannot be used") == 1
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    ("flag", "ours"),
    [
        (("--record-mode", "once"), "--llm-mode: 'auto'"),
        (("--block-network",), "--llm-block"),
        (("--vcr-record=none",), "*"),
    ],
)
def test_a_flag_of_pytest_recording_is_answered_with_ours(run, pytester, flag, ours):
    """Where pytest does not know it; one that somebody has defined is theirs."""
    code = "def test_it():\n    pass\n"
    result = run(code, *flag)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: llm-intercept: no plugin that has {flag[0].partition('=')[0]} *{ours}*"])
    pytester.makeconftest("def pytest_addoption(parser):\n    parser.addoption('--record-mode')\n")
    run(code, "--record-mode=once").assert_outcomes(passed=1)


def test_a_marker_of_pytest_recording_that_nobody_obeys_is_told(run):
    """Where a test is ours too; one that somebody has registered is theirs."""
    code = "@pytest.mark.vcr\ndef test_it(llm_mock):\n    pass\n"
    result = run(code, "-W", "ignore")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pytest.mark.vcr='test_it' cannot be used. pytest-recording, whose marker it is*"])
    run(code, pytest__ini="[pytest]\nmarkers = vcr: of another plugin\n").assert_outcomes(passed=1)


def test_a_flag_that_needs_recordings_may_leave_them_to_the_markers(run):
    """Then a test that has none is told alone."""
    code = """
@pytest.mark.llm_intercept(recordings="tape", all_used=False)
def test_it(llm_mock):
    pass


def test_none(llm_mock):
    pass
"""
    result = run(code, "--llm-mode", "replay")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["test_it.py::test_none: *recordings=None cannot be used*"])


def test_every_setting_of_a_project_is_an_ini_option_and_a_flag(run):
    """Of the same name; numbers are numbers, and a flag comes before the ini option."""
    probe = """
def test_it(llm_mock):
    from llm_intercept.clients import activation

    (engine,) = activation.active()
    assert (engine.seed, engine.service.clock.scale, engine.passthrough) == (7, 0, ("a.test", "b.test"))
"""
    ini = "[pytest]\nllm_seed = 3\nllm_time_scale = 0\nllm_passthrough = a.test b.test\n"
    run(probe, "--llm-seed", "7", pytest__ini=ini).assert_outcomes(passed=1)
    run(probe, "--llm-seed=7", "--llm-time-scale=0", "--llm-passthrough=a.test,b.test").assert_outcomes(passed=1)


def test_another_program_of_our_name_is_told_in_the_header(run, monkeypatch, pytester):
    """It may write over this one."""
    pytester.mkdir("site").joinpath("llm_intercept-1.0.0.dist-info").mkdir()
    pytester.syspathinsert(pytester.path / "site")
    result = run("def test_it():\n    pass\n")
    result.stdout.fnmatch_lines(["llm-intercept: another program, llm-intercept 1.0.0, is installed here too*"])


def test_recordings_are_kept_where_the_option_says(run, pytester):
    """Of replay, which has none there, the request is not answered."""
    result = run("def test_it(llm_mock):\n    swallow()\n", "--llm-mode", "replay", "--llm-recordings", "tapes")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*tapes*"])


MODES_SAID = [
    ((), {"pytest__ini": "[pytest]\nllm_recordings = t\n"}, "recordings for which nobody says a mode mean 'replay'"),
    (("--llm-mode=replay",), {"pytest__ini": "[pytest]\nllm_recordings = t\n"}, "in place of --llm-mode=replay"),
    ((), {"pytest__ini": "[pytest]\nllm_mode = replay\nllm_recordings = t\n"}, "which comes before llm_mode = replay*"),
]


@pytest.mark.parametrize(("options", "files", "said"), MODES_SAID, ids=["unsaid", "flag", "ini"])
def test_a_miss_says_where_the_mode_was_said_and_the_command_that_records(run, options, files, said):
    """The test alone; a flag comes before all else."""
    result = run("def test_it(llm_mock):\n    swallow()\n", *options, **files)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            f"Record it: --llm-mode=auto*{said}*:",
            "  python -m pytest --llm-mode=auto test_it.py::test_it",
        ]
    )


def test_the_marker_is_registered_and_the_options_are_listed(run):
    """`--strict-markers` accepts it; `--markers` and `--help` explain."""
    code = "@pytest.mark.llm_intercept('hi')\ndef test_it():\n    assert ask() == 'hi'\n"
    run(code, "--strict-markers", "--strict-config").assert_outcomes(passed=1)
    run(code, "--markers").stdout.fnmatch_lines(["@pytest.mark.llm_intercept(reply=None, /, *intercept()*"])
    run(code, "--help").stdout.fnmatch_lines(["*--llm-mode=VALUE*", "*--llm-recordings=VALUE*", "*llm_rules*"])


# The summary

MANY = """
@pytest.mark.parametrize("number", range(8))
def test_it(number, llm_mock):
    llm_mock.on("weather").reply("sunny " * number)
    assert ask(f"the weather on day {number}?") is not None


def test_unmatched(llm_mock):
    swallow()
    llm_mock.unmatched.clear()


def test_none():
    pass
"""


# In place of the price list, which takes a second to import in every process.
PRICES = """
from types import SimpleNamespace


class Usage(SimpleNamespace):
    pass


def calc_price(usage, model_ref, provider_id):
    return SimpleNamespace(total_price=0.001 * usage.input_tokens + 0.002 * usage.output_tokens)
"""


@needs_xdist
def test_the_summary_is_the_same_with_and_without_xdist(run, pytester, monkeypatch):
    """Calls, tokens and cost of all workers together; and the report, which has all calls and rules of all workers."""
    monkeypatch.setenv("PRICES", "1")
    monkeypatch.delitem(sys.modules, "genai_prices", raising=False)  # another test may have imported the real one
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.makepyfile(genai_prices=PRICES)
    pytester.syspathinsert()
    alone = summary(run(MANY, "--llm-report", "alone.html"))
    assert (alone["rule"], alone["recording"], alone["live"], alone["unmatched"]) == ("8", "0", "0", "1")
    assert int(alone["tokens"]) > 50
    assert float(alone["cost"]) > 0
    parallel = run(MANY, "-p", "xdist", "-n", "2", "--llm-report", "parallel.html", own_process=True)
    parallel.assert_outcomes(passed=10)
    parallel.stdout.fnmatch_lines("*the report of all calls is in *parallel.html")
    assert summary(parallel) == alone
    heads = [report_in(pytester.path / f"{name}.html").head for name in ("alone", "parallel")]
    said = [sorted((row.test, row.question, row.answer, row.source) for row in head.rows) for head in heads]
    rules = [sorted((rule.test, rule.text, rule.used) for rule in head.rules) for head in heads]
    assert said[0] == said[1]
    assert rules[0] == rules[1] == [(f"test_it.py::test_it[{n}]", "on('weather')", 1) for n in range(8)]
    assert [row.n for row in heads[1].rows] == list(range(9))


def test_the_report_has_the_calls_of_every_test(run, pytester):
    """Also those that a fixture of a module answers, and what no test waits for: a retry, a rule that was not used."""
    result = run(
        """
from llm_intercept import api_error, intercept


@pytest.fixture(scope="module")
def wide():
    with intercept() as llm:
        llm.on("weather").reply("wide")
        llm.on("never").reply("no")
        yield llm


def test_one(wide):
    ask("the weather?")


def test_two(wide):
    ask("the weather?")


def test_retried(llm_mock):
    llm_mock.reply(api_error(429), "now")
    swallow("again")
    ask("again")
""",
        pytest__ini="[pytest]\nllm_report = calls.html\n",
    )
    result.assert_outcomes(passed=3)
    report = report_in(pytester.path / "calls.html")
    tests = [row.test.removeprefix("test_it.py::") for row in report.head.rows]
    assert tests == ["test_one", "test_two", "test_retried", "test_retried"]
    assert [(row.attempt, row.retry_of) for row in report.head.rows[2:]] == [(1, None), (2, 2)]
    assert [(rule.text, rule.used) for rule in report.head.rules] == [
        ("on('weather')", 2), ("on('never')", 0), ("reply(api_error(429), 'now')", 2),
    ]  # fmt: skip
    assert report.head.title == pytester.path.name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
def test_the_report_has_the_calls_of_the_processes_that_tests_start(run, pytester):
    """Each with its test, and once, also where a guard of all tests has been asked before."""
    result = run(
        """
import contextlib, multiprocessing, subprocess, sys
from llm_intercept import intercept

PROGRAM = '''
import httpx
body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "spawned"}]}
httpx.post("https://api.openai.com/v1/chat/completions", json=body)
'''

def test_unanswered():
    with contextlib.suppress(Exception):
        ask("nobody")


def test_spawned():
    with intercept("ours"):
        subprocess.run([sys.executable, "-c", PROGRAM], check=True)
        ask("here")


def test_forked():
    with intercept("ours"):
        process = multiprocessing.get_context("fork").Process(target=ask, args=("forked",))
        process.start()
        process.join()
        assert process.exitcode == 0


def test_after():
    with intercept("ours"):
        ask("after")
""",
        "--llm-report",
        "calls.html",
        "--llm-block=true",
        own_process=True,
    )
    result.assert_outcomes(passed=3, failed=1)
    report = report_in(pytester.path / "calls.html")
    first, *told = [(row.test.removeprefix("test_it.py::"), row.question, row.answer) for row in report.head.rows]
    assert first[:2] == ("test_unanswered", "nobody")
    assert told == [
        ("test_spawned", "spawned", "ours"), ("test_spawned", "here", "ours"),
        ("test_forked", "forked", "ours"), ("test_after", "after", "ours"),
    ]  # fmt: skip
    assert [one.request.method for one in report.details] == ["POST"] * 5


def test_a_report_that_cannot_be_written_is_told_before_the_first_test(run, pytester):
    result = run("def test_it(): pass", "--llm-report", "no/calls.html")
    result.stderr.fnmatch_lines("*--llm-report=*no/calls.html*a file in a folder that is there*")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_calls_that_cannot_be_written_break_no_run(run, pytester, monkeypatch):
    """As where a test empties the folder of temporary files: it is told how many the report has not."""
    monkeypatch.setattr(tempfile, "tempdir", str(pytester.mkdir("temporary")))
    result = run(
        """
import pathlib, shutil, tempfile

def test_it(llm_mock):
    llm_mock.reply("ours")
    for folder in pathlib.Path(tempfile.gettempdir()).glob("llm-intercept-*"):
        shutil.rmtree(folder)
    ask("hi")
    ask("hi")
""",
        "--llm-report",
        "calls.html",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("*the report of all calls is in *calls.html; 2 calls could not be written")
    assert report_in(pytester.path / "calls.html").head.rows == ()


def test_the_summary_counts_what_went_out(run, server):
    """Live calls are counted, and their tokens were spent."""
    result = run(
        f"""
@pytest.mark.llm_intercept("hi", passthrough=["127.0.0.1"])
def test_it():
    import httpx

    httpx.post("{server.url}/v1/chat/completions", json={{"model": "m", "messages": [{{"role": "user", "content": "hi"}}]}})
"""
    )
    result.assert_outcomes(passed=1)
    assert summary(result) | {"cost": None} == {
        "rule": "0",
        "recording": "0",
        "live": "1",
        "unmatched": "0",
        "tokens": "0",
        "cost": None,
    }


def test_without_a_call_there_is_no_summary(run):
    """Even where the fixture was used."""
    result = run("def test_it(llm_mock):\n    pass\n")
    result.assert_outcomes(passed=1)
    assert "not spent" not in result.stdout.str()


# With other plugins and kinds of tests


def test_tests_in_random_order_are_answered(run):
    """pytest-randomly."""
    pytest.importorskip("pytest_randomly")
    run(MANY, "-p", "randomly", "--randomly-seed=1").assert_outcomes(passed=10)


ASYNC = """
{mark}
async def test_fixture(llm_mock):
    llm_mock.reply("hi")
    assert await ask_async() == "hi"


{mark}
@pytest.mark.llm_intercept("marked")
async def test_marker():
    assert await ask_async() == "marked"
    assert ask() == "marked"


@{fixture}
async def asked(llm_mock):
    llm_mock.on("early").reply("early")
    assert await ask_async("early") == "early"
    yield llm_mock
    llm_mock.on("late").reply("late")
    assert await ask_async("late") == "late"


{mark}
async def test_async_fixture(asked):
    asked.on("now").reply("now")
    assert await ask_async("now") == "now"


{mark}
async def test_swallowed(llm_mock):
    try:
        await ask_async()
    except Exception:
        pass
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_pytest_asyncio_runs_them(run, mode):
    """Async tests and async fixtures; what was swallowed fails its test."""
    pytest.importorskip("pytest_asyncio")
    code = ASYNC.format(mark="@pytest.mark.asyncio", fixture="pytest_asyncio.fixture")
    ini = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    options = ("-W", "ignore:Module already imported", "-p", "asyncio", f"--asyncio-mode={mode}")
    result = run("import pytest_asyncio\n" + code, *options, pytest__ini=ini)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_swallowed*"])


def test_anyios_plugin_runs_them(run):
    """On both of its backends."""
    pytest.importorskip("anyio")
    backends = [name for name in ("asyncio", "trio") if importlib.util.find_spec(name)]
    fixture = f"@pytest.fixture(params={backends!r})\ndef anyio_backend(request):\n    return request.param\n\n"
    code = ASYNC.format(mark="@pytest.mark.anyio", fixture="pytest.fixture")
    result = run(fixture + code, "-p", "anyio")
    result.assert_outcomes(passed=4 * len(backends), errors=len(backends))
    result.stdout.fnmatch_lines([f"*ERROR at teardown of test_swallowed[[]{name}]*" for name in backends])


UNITTEST = """
import unittest


class Case(unittest.TestCase):
    def setUp(self):
        self.llm = self.enterContext(intercept())

    def test_rule(self):
        self.llm.on("weather").reply("sunny")
        self.assertEqual(ask("the weather?"), "sunny")

    def test_swallowed(self):
        swallow()


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.llm = await self.enterAsyncContext(intercept())

    async def test_rule(self):
        self.llm.reply("hi")
        self.assertEqual(await ask_async(), "hi")

    async def test_swallowed(self):
        try:
            await ask_async()
        except Exception:
            pass


if __name__ == "__main__":
    unittest.main()
"""


def test_unittest_cases_enter_the_context_manager(run, pytester):
    """Under pytest and under unittest itself; what was swallowed fails its test."""
    import sys

    result = run(UNITTEST)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*UnmatchedRequestError*"])
    done = pytester.run(sys.executable, "-W", "error", "-m", "unittest", "test_it")
    done.stderr.fnmatch_lines(["Ran 4 tests*", "FAILED (*=2)"])


def test_the_marker_works_on_a_unittest_case(run):
    """On the class and on its methods."""
    result = run("""
import unittest


@pytest.mark.llm_intercept("of the class")
class Case(unittest.TestCase):
    def test_class(self):
        self.assertEqual(ask(), "of the class")

    @pytest.mark.llm_intercept("of the method")
    def test_method(self):
        self.assertEqual(ask(), "of the method")


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.llm_intercept("async")
    async def test_async(self):
        self.assertEqual(await ask_async(), "async")

    @pytest.mark.llm_intercept
    def test_swallowed(self):
        swallow()
""")
    result.assert_outcomes(passed=4, errors=1)


CUSTOM = """
import pytest


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".yaml":
        return File.from_parent(parent, path=file_path)


class File(pytest.File):
    def collect(self):
        yield Item.from_parent(self, name="custom")


class Item(pytest.Item):
    def runtest(self):
        pass

    def reportinfo(self):
        return self.path, 0, self.name


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.llm_intercept("hi"))
"""


@pytest.mark.parametrize("marked", [False, True])
def test_doctests_and_custom_items_run(run, pytester, marked):
    """With a marker on everything, too."""
    pytester.makeconftest(CUSTOM if marked else CUSTOM.partition("def pytest_collection_modifyitems")[0])
    (pytester.path / "test_yaml.yaml").write_text("")
    code = 'def double(x):\n    """\n    >>> double(2)\n    4\n    """\n    return 2 * x\n\n\ndef test_it():\n    assert double(1) == 2\n'
    run(code, "--doctest-modules").assert_outcomes(passed=3)


def test_a_doctest_that_is_marked_is_answered(run, pytester):
    """It has fixtures as functions have."""
    pytester.makeconftest(CUSTOM)
    run('def f():\n    """\n    >>> ask()\n    \'hi\'\n    """\n', "--doctest-modules").assert_outcomes(passed=1)


# Inert

MODULES = """
import sys


def pytest_unconfigure(config):
    names = ("llm_intercept", "pydantic", "httpx", "httpx2", "respx", "rich", "genai_prices", "anyio")
    found = sorted(name for name in sys.modules if name.partition(".")[0] in names)
    with open(config.rootpath / "modules.txt", "a") as file:
        file.write(" ".join(found) + "\\n")
"""
TABLE = tuple(f"llm_intercept.{name}" for name in ("base", "errors", "settings", "shown", "pytest_plugin.options"))
LIGHT = "import pytest\n\n\n@pytest.mark.parametrize('n', range(20))\ndef test_it(n):\n    pass\n"


@pytest.mark.parametrize("xdist", [pytest.param(True, marks=needs_xdist), False], ids=["xdist", "alone"])
def test_nothing_is_imported_until_a_test_uses_it(pytester, monkeypatch, xdist):
    """Neither pydantic nor httpx, and of this package the plugin and the settings' table."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(MODULES)
    pytester.makepyfile(LIGHT)
    ini = "[pytest]\nllm_unmatched = raise\nllm_rules = r.toml\n"
    (pytester.path / "r.toml").write_text(RULE)
    (pytester.path / "pytest.ini").write_text(ini)
    more = ["-p", "xdist", "-n", "2"] if xdist else []
    options = ["-p", "no:cacheprovider", "-p", "llm_intercept", *more]
    pytester.runpytest_subprocess(*options, timeout=PATIENCE).assert_outcomes(passed=20)
    found = pytester.path.joinpath("modules.txt").read_text().splitlines()
    (names,) = {frozenset(line.split()) for line in found}
    assert len(found) == (3 if xdist else 1)
    assert {name for name in names if not name.startswith(TABLE)} == {"llm_intercept", "llm_intercept.pytest_plugin"}


OTHER_PLUGINS = [
    option
    for plugin in entry_points(group="pytest11")
    if plugin.name != "llm_intercept"
    for option in ("-p", f"no:{plugin.name}")
]


def test_a_decorator_beside_fixtures_and_parameters(run):
    """Below a fixture it answers until that has ended; an argument `llm` of the test's own is not given another."""
    result = run("""
@pytest.fixture
@intercept("until it has ended")
def answered(llm):
    yield llm
    assert len(llm.calls) == 1


@pytest.fixture
@intercept("made")
def made():
    return ask()


def test_fixtures(answered, made):
    assert (ask(), made) == ("until it has ended", "made")


@pytest.mark.parametrize("llm", [1, 2])
@intercept("a")
def test_above(llm):
    assert (ask(), llm in {1, 2}) == ("a", True)


@intercept("b")
@pytest.mark.parametrize(("one", "llm"), [(1, 2)])
def test_below(llm, one):
    assert (ask(), one, llm) == ("b", 1, 2)


@pytest.mark.parametrize("llm", [1])
class TestAll:
    @intercept("c")
    def test_of_a_class(self, llm):
        assert (ask(), llm) == ("c", 1)


def test_above_a_fixture():
    with pytest.raises(Exception, match="below @pytest.fixture"):
        intercept("d")(pytest.fixture(lambda: 1))
""")
    result.assert_outcomes(passed=6)


def test_it_is_loaded_by_itself_and_switched_off_by_its_name(pytester, monkeypatch):
    """`-p no:llm_intercept`: the fixture is then unknown."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    pytester.makepyfile("def test_it(llm_mock):\n    pass\n")
    options = ["-p", "no:cacheprovider", *OTHER_PLUGINS]
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess(*options, "-p", "no:llm_intercept")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'llm_mock' not found*"])


def test_a_run_that_the_environment_switched_on_begins_without_a_warning(run_python):
    """Pytest would warn that it cannot rewrite a package that Python's start-up has loaded."""
    options = ["-q", "-p", "no:cacheprovider", *OTHER_PLUGINS, "--collect-only", "."]
    code = f"import sys, warnings; warnings.simplefilter('error'); import pytest; sys.exit(pytest.main({options}))"
    ended = run_python(code, LLM_INTERCEPT="mock")
    assert "no tests collected" in ended.stdout, ended
    assert "Warning" not in ended.stdout + ended.stderr


def test_a_run_within_a_run_forgets_what_it_tests_and_keeps_what_is_installed(pytester, monkeypatch):
    """A library that is imported twice has two of each of its errors (tests/conftest.py)."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    pytester.makepyfile(test_it="def test_it():\n    import this\n")
    pytester.runpytest_inprocess("-p", "no:cacheprovider", *OTHER_PLUGINS).assert_outcomes(passed=1)
    assert "this" in sys.modules
    assert "test_it" not in sys.modules
