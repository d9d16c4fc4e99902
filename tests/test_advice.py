"""What messages tell a user to write works as it stands: calls, keywords, variables, flags and commands."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

import llm_intercept
from llm_intercept import Interceptor, faults, model
from llm_intercept.cli.app import app
from llm_intercept.conditions import BY_KEY
from llm_intercept.dialects.openai_moderations.categories import OMNI
from llm_intercept.errors import SettingsError
from llm_intercept.journal.calls import Calls
from llm_intercept.pytest_plugin.options import LIVE, REPORT
from llm_intercept.rules.rule import Rule
from llm_intercept.settings import ARGUMENTS, BY_NAME, SETTINGS, said_in
from llm_intercept.settings import environment as variables

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(llm_intercept.__file__).parent
SNAPSHOTS = Path(__file__).parent / "__snapshots__"
OPTIONS = {"intercept", "Interceptor", "InterceptTransport", "wrap"}
CALL = re.compile(r"(?<![\w/<])(?:[A-Za-z_][\w.]*|(?=\.[a-z]))(?:\.?\w*\((?:[^()]|\([^()]*\))*\))+")
"""A call, or several in a chain, as they are written in a sentence."""
SETTING = re.compile(rf"(?<![\w.\-])({'|'.join(ARGUMENTS)})=('[^']*'|\[[^\[\]]*\])")


def read_texts() -> Iterator[tuple[str, str]]:
    """Give every text of the code but docstrings, what is filled in as `…`; and every message that is kept."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text())
        nodes = list(ast.walk(tree))
        docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        inner = {id(one) for node in nodes if isinstance(node, ast.JoinedStr) for one in node.values}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                parts = [str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values]
                yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(parts)
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
                and id(node) not in inner
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
    for path in sorted(SNAPSHOTS.rglob("*.txt")):
        yield path.name, path.read_text().partition("Error: ")[2]


@cache
def texts() -> list[tuple[str, str]]:
    """Give these once, but code that is made."""
    return [(place, text) for place, text in read_texts() if "def " not in text]


def calls(text: str) -> Iterator[ast.Call]:
    """Parse the calls in a text; what is no Python is none."""
    for found in CALL.finditer(text.replace("…", "...")):
        code = found[0] if found[0][0] != "." else "rule" + found[0]
        try:
            tree = ast.parse(code, mode="eval")
        except SyntaxError:
            continue
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def target(call: ast.Call) -> Any:
    """Find what a call in a text would call: a public name, or a method of an interceptor or a rule; None if neither."""
    match call.func:
        case ast.Name(name):
            return next((getattr(one, name) for one in (llm_intercept, faults, model) if hasattr(one, name)), None)
        case ast.Attribute(ast.Name("llm"), name):
            return getattr(Interceptor, name)
        case ast.Attribute(ast.Name("rule") | ast.Call(func=ast.Attribute(ast.Name("llm"), "on" | "reply")), name):
            return getattr(Rule, name)
    return None


def accepted(function: Any, name: str) -> bool:
    """Whether a function takes a keyword."""
    parameters = inspect.signature(function.__init__ if inspect.isclass(function) else function).parameters
    if name in parameters:
        return True
    if function.__name__ in OPTIONS:
        return name in ARGUMENTS
    if function is llm_intercept.moderation:
        return name in {one.replace("-", "_").replace("/", "_") for one in OMNI}
    return (function.__name__ in {"on", "when"} and name in BY_KEY) or function is llm_intercept.Reply


def test_a_call_that_a_message_names_is_there_and_takes_its_keywords():
    """Public names, methods of `llm` and of rules."""
    checked = set()
    for place, text in texts():
        for call in calls(text):
            function = target(call)
            if function is None:
                continue
            for keyword in call.keywords:
                if keyword.arg is not None and keyword.arg != "...":
                    assert accepted(function, keyword.arg), f"{place}: {ast.unparse(call)}"
            checked.add(ast.unparse(call))
    assert {"llm.on(...)", "rule.per('conversation')", "rule.repeat_last()"} <= checked
    assert len(checked) > 30


def test_a_function_that_a_message_names_is_there():
    """A public name, a method or Python's own; else one of these, which are others'."""
    others = {"M", "OpenAI", "Anthropic", "http", "call", "join", "b", "split", "normal", "lognormal"}
    homes = (llm_intercept, faults, model, Interceptor, Rule, Calls, builtins)
    named = {call.func.id for _, text in texts() for call in calls(text) if isinstance(call.func, ast.Name)}
    assert {name for name in named if not any(hasattr(home, name) for home in homes)} == others


def test_a_setting_that_a_message_gives_a_value_takes_it():
    """As an argument is written: `name='value'`."""
    checked = set()
    for place, text in texts():
        for name, value in SETTING.findall(text):
            if "…" in value or "{" in value or value in {"'folder'", "'rules.toml'"}:
                continue
            if f"{name}={value} cannot be used" in text:  # what a user gave
                continue
            checked.add((name, value))
            try:
                BY_NAME[name].kind.check(name, ast.literal_eval(value))
            except SettingsError as error:
                pytest.fail(f"{place}: {error}")
    assert ("unmatched", "'passthrough'") in checked


def test_a_variable_that_a_message_names_is_read():
    """And its value, where one is written, can be used."""
    known = {setting.variable: setting for setting in said_in("environment")}
    ours = {value for name, value in vars(variables).items() if name.isupper() and isinstance(value, str)}
    for place, text in texts():
        for name, value in re.findall(r"\b(LLM_INTERCEPT(?:_[A-Z]+)*)\b(?:=([\w.*-]+))?", text):
            assert name in known or name in ours, f"{place}: {name}"
            if value and name in known and value != "0":
                known[name].kind.check(name, known[name].kind.read(value))


def test_a_flag_that_a_message_names_is_one():
    """Of pytest."""
    flags = {LIVE, REPORT, *(setting.pytest_flag for setting in SETTINGS)}
    for place, text in texts():
        assert set(re.findall(r"--llm(?:-[a-z]+)+", text)) <= flags, place


def test_a_command_that_a_message_names_is_one():
    """`llm-intercept`, a command, one of its commands, and flags that it has."""
    checked = set()
    for place, text in texts():
        for name, inner, rest in re.findall(r"\bllm-intercept (run|check|recordings)\b ?([a-z]*)([^\n`']*)", text):
            command = app.commands[name]
            if isinstance(command, click.Group):
                assert inner in command.commands, f"{place}: llm-intercept {name} {inner}"
                command = command.commands[inner]
            own = rest.partition(" -- ")[0]
            options = {flag for one in command.params for flag in one.opts}
            assert set(re.findall(r"(?<=\s)--[a-z-]+", own)) <= options, f"{place}: {own}"
            checked.add(f"{name} {inner}")
    assert "recordings rekey" in checked
