"""What pytest shows of mistakes that newcomers make: a hint, and the line of the test, not ours."""

from __future__ import annotations

from functools import partial

import pytest

CLIENT = """
    import os

    if "EXAMPLE_OF" not in os.environ and not os.environ.get("MISTRAL_API_KEY"):
        raise RuntimeError("set the MISTRAL_API_KEY environment variable")
"""


def inner(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest with our plugin; another would warn of its own."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", *options)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)


def test_what_cannot_be_imported_is_explained(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_client=CLIENT,
        test_text="from llm_intercept import text",
        test_call="from llm_intercept import tool_cal",
        test_other="from json import nothing_of_ours",
    )
    told = inner(pytester).stdout
    told.fnmatch_lines(["*in conftest.py: os.environ.setdefault('MISTRAL_API_KEY', 'none')"])
    told.fnmatch_lines(["llm_intercept has no text: a text is a plain str*"])
    told.fnmatch_lines(["llm_intercept has no tool_cal. Did you mean tool_call?"])
    told.no_fnmatch_line("*nothing_of_ours. *")


def test_an_error_of_ours_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(llm_mock):
            llm_mock.reply(3)

        def test_two(llm_mock):
            llm_mock.on(modle="gpt-4o")
        """
    )
    told = inner(pytester).stdout
    told.fnmatch_lines([">*llm_mock.reply(3)", "E*3 cannot be a reply*", "test_*.py:2: ReplyError"])
    told.fnmatch_lines(["E*Did you mean 'model'?", "test_*.py:5: UnknownArgumentError"])
    told.no_fnmatch_line("*kinds.py*")
    inner(pytester, "--full-trace").stdout.fnmatch_lines(["*rule.py*"])


def test_a_name_that_a_call_or_a_request_lacks_is_noted(pytester: pytest.Pytester) -> None:
    names = ("calls[0].text", "calls[0].respnse", "calls[0].request.prompt", "calls[0].request.temperature", "side.x")
    tests = "".join(f"def test_{number}(llm):\n    llm.{name}\n" for number, name in enumerate(names))
    pytester.makepyfile(
        f"""
import httpx, pytest
from llm_intercept import intercept
BODY = {{"model": "m", "temperature": 1, "messages": [{{"role": "user", "content": "Hi"}}]}}
@pytest.fixture
def llm():
    with intercept("Hi.") as llm:
        httpx.post("https://api.openai.com/v1/chat/completions", json=BODY)
        yield llm
{tests}"""
    )
    told = inner(pytester).stdout
    told.fnmatch_lines(["E*Here it is call.response.text.", "E*Did you mean 'response'?"])
    told.fnmatch_lines(["E*Here it is request.last_user.", "E*Here it is request.raw[[]'temperature']."])


def test_names_that_pytest_does_not_know_are_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.llm_mock("Hi")
        def test_one(): ...
        """
    )
    run = partial(inner, pytester)
    run("-Wignore").stdout.fnmatch_lines(
        ["*@pytest.mark.llm_mock: there is no such marker. Use @pytest.mark.llm_intercept(…)*"]
    )
    run("--llm-mod=replay").stderr.fnmatch_lines(["*there is no flag --llm-mod. Did you mean '--llm-mode'?*"])
    pytester.makeini("[pytest]\nllm_blok = true\n")
    misspelt = run()
    assert misspelt.ret == pytest.ExitCode.USAGE_ERROR
    misspelt.stderr.fnmatch_lines(["*there is no option llm_blok. Did you mean 'llm_block'?*"])


def test_names_of_others_that_begin_as_ours_do_are_pytests_business(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nllm_judge = a\nllm_model = m\nmarkers = llm_lives(times): of others\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.llm_lives(9)
        @pytest.mark.llm_slow
        def test_one(): ...
        """
    )
    inner(pytester, "-Wignore").assert_outcomes(passed=1)
