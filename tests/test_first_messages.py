"""What a newcomer reads first: mistakes of the first hour, each a whole program and its whole message, kept as a text to read.

The texts are in `__snapshots__/test_first_messages`; write them anew with `pytest tests/test_first_messages.py --snapshot-update`,
and read them. Mistakes in rules are in tests/test_messages.py.
"""

from __future__ import annotations

import gc
import warnings
from textwrap import dedent

import httpx
import pytest

import llm_intercept
from tests.test_messages import FILE, Text, ask

FIRST: dict[str, str] = {
    "a number as a reply": "intercept(42)",
    "None as a reply": 'with intercept() as llm:\n    llm.on("weather").reply(None)',
    "a mapping as a reply": 'with intercept() as llm:\n    llm.reply({"answer": 42})',
    "content instead of text": 'Reply(content="Sunny.")',
    "a reply by a name": 'intercept(response="Sunny.")',
    "a misspelt setting": 'intercept("Sunny.", unmached="raise")',
    "a mode there is not": 'intercept("Sunny.", mode="mocked")',
    "a policy there is not": 'intercept("Sunny.", unmatched="never")',
    "a pace that is a number": 'intercept("Sunny.", pace=0.5)',
    "replay without a tape": 'with intercept(mode="replay"):\n    ask("hi")',
    "rules that are not there": 'with intercept(rules="rules.toml"):\n    ask("hi")',
    "a misspelt condition": 'with intercept() as llm:\n    llm.on(modle="gpt-4o").reply("Sunny.")',
    "an error there is not": 'api_error("rate_limited")',
    "a status that is no error": "api_error(200)",
    "arguments that are no JSON": 'tool_call("get_weather", "city=Paris")',
    "a forgotten with": 'intercept("Sunny.")\nend()',
    "a rule before the block": 'llm = intercept()\nllm.on("weather").reply("Sunny.")',
    "a rule after the block": 'with intercept("Sunny.") as llm:\n    ask("hi")\nllm.on("weather").reply("Rainy.")',
    "no call at all": 'with intercept("Sunny.") as llm:\n    print(llm.calls.last)',
    "two calls instead of one": """\
        with intercept("Sunny.") as llm:
            ask("weather?")
            ask("And tomorrow?")
            llm.calls.one()""",
    "another call than was meant": """\
        with intercept("Sunny.") as llm:
            ask("The weather?", temperature=1)
            llm.assert_called_with("weather", model="gpt-4o", json={"temperature": 0})""",
    "a rule used too often": """\
        with intercept() as llm:
            llm.on("weather").reply("Sunny.", expect=1)
            ask("The weather?")
            ask("The weather?")""",
    "a reply that was never used": 'with intercept("Sunny.", all_used=True):\n    pass',
    "a program that swallowed the error": 'with intercept() as llm:\n    llm.on("wether").reply("Sunny.")\n    ask("weather?")',
    "an outcome there is not": 'with intercept("Sunny.") as llm:\n    llm.calls.matching(source="recorded")',
    "a block that refuses everything": 'with intercept(mode="block"):\n    ask("weather?")',
}


@pytest.mark.parametrize("mistake", FIRST)
def test_a_first_mistake_is_explained(mistake, snapshot, monkeypatch, tmp_path):
    """The whole message as a user sees it: what a program raises, or what it is warned of."""
    monkeypatch.chdir(tmp_path)
    code = dedent(FIRST[mistake])
    told = _told(code).replace(str(tmp_path), "/app")
    numbered = "\n".join(f"{number:3} {line}" for number, line in enumerate(code.splitlines(), 1))
    assert f"{numbered}\n\n{told}\n" == snapshot(extension_class=Text)
    assert "0x" not in told
    assert httpx.__file__ not in told


def _told(code: str) -> str:
    names = {name: getattr(llm_intercept, name) for name in llm_intercept.__all__} | {"ask": ask, "end": gc.collect}
    raised = ""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            exec(compile(code, FILE, "exec"), names)  # it has lines of its own this way
        except Exception as error:  # noqa: BLE001 - whatever a user sees
            raised = f"{type(error).__name__}: {error}"
        names.clear()  # what was made and never used says so now
    return raised or "\n".join(f"{one.category.__name__}: {one.message}" for one in warned)
