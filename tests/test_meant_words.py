"""What people write who come from another mock, or misspell a name: each message says what to write here."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Recordings,
    Redaction,
    Reply,
    api_error,
    disconnect,
    embedding,
    intercept,
    raw,
    tool_call,
    wrap,
)
from llm_intercept.errors import LLMInterceptError, SettingsError, UnfitReplyWarning
from llm_intercept.faults import keep_alive
from llm_intercept.settings.of_others import ATTRIBUTES, OF_CALL, OF_CALLS, OF_REQUEST, OF_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

URL = "https://api.openai.com/v1/chat/completions"


def ask(**more: object) -> httpx.Response:
    return httpx.post(URL, json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], **more})


@pytest.fixture
def asked() -> Generator[Interceptor]:
    with intercept("Hello.") as llm:
        ask(temperature=0)
        yield llm


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("add_response", "reply(…)"),
        ("call_count", "len(….calls)"),
        ("assert_called_once", "calls.one()"),
        ("call", "Did you mean 'calls'?"),
        ("calls.first", "calls[0]"),
    ],
)
def test_a_name_of_others_is_answered_with_ours(asked: Interceptor, name: str, told: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute") as raised:
        attrgetter(name)(asked)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("respond", "reply(…)"),
        ("once", "times=1"),
        ("repl", "Did you mean 'reply'?"),
        ("times", "reply(…, times=2)"),
        ("expect", "expect=2"),
        ("replies", "reply('one', 'two')"),
    ],
)
def test_a_rule_answers_names_of_others_too(asked: Interceptor, name: str, told: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute") as raised:
        attrgetter(name)(asked.on("x"))
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("filter_headers", "keep_headers= names more"),
        ("ignore_headers", "keep_headers= names more"),
        ("exclude_fields", "fields="),
        ("before_record", "hook="),
    ],
)
def test_what_others_leave_out_is_not_taken_for_what_we_keep(name: str, told: str) -> None:
    """vcrpy's `filter_headers` names what is secret, our `keep_headers` what is not."""
    given: dict[str, Any] = {name: ["authorization"]}
    with pytest.raises(SettingsError, match=told) as raised:
        Redaction(**given)
    assert "Did you mean" not in str(raised.value)


WRONG: Any = 5
SEVERAL = ("keep_headers", "keep_query", "fields", "keep_fields", "patterns")


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("value", ["internal_id", None, 5, [5], b"id"])
def test_one_name_is_not_a_row_of_letters(name: str, value: object) -> None:
    """Of `fields=("ssn")`, which lacks a comma, nothing would be taken out but what is called `s` or `n`."""
    given: dict[str, Any] = {name: value}
    with pytest.raises(SettingsError, match="also of one"):
        Redaction(**given)


@pytest.mark.parametrize("value", ["uuid", b"uuid", 5])
def test_what_changes_is_told_as_a_whole_where_it_is_no_row_of_names(value: Any) -> None:
    with pytest.raises(SettingsError, match=f"volatile={value!r} cannot be used. Use a tuple of names"):
        Recordings("folder", volatile=value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keep_alive(text=WRONG),
        lambda: Interceptor().chaos(kinds=WRONG),
        lambda: Recordings("folder", volatile=WRONG),
        lambda: InterceptTransport(interceptor=WRONG),
        lambda: raw("x", headers=WRONG),
        lambda: api_error(429, headers=WRONG),
    ],
)
def test_a_value_of_another_type_is_told(make: Callable[[], object]) -> None:
    with pytest.raises(LLMInterceptError, match="cannot be"):
        make()


def test_a_name_of_others_is_none_of_ours(asked: Interceptor) -> None:
    for one, words in (
        (asked, ATTRIBUTES),
        (asked.on("x"), OF_RULES),
        (asked.calls, OF_CALLS),
        (asked.calls.last, OF_CALL),
        (asked.calls.last.request, OF_REQUEST),
    ):
        assert not set(words) & set(dir(one))


def test_an_error_within_a_property_is_its_own() -> None:
    from llm_intercept.base.missing_names import says_what_was_meant

    @says_what_was_meant({})
    class Broken:
        @property
        def one(self) -> object:
            return object().two  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]

    with pytest.raises(AttributeError, match="two"):
        Broken().one  # noqa: B018 - it raises


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: intercept("one", "two"), "llm.reply('one', 'two')"),  # type: ignore[arg-type]
        (lambda: intercept(rate_limit=3), "llm.rate_limit(requests_per_minute=…)"),  # type: ignore[call-arg]
        (lambda: intercept(model="gpt-4o"), "llm.on(model=…)"),  # type: ignore[call-arg]
        (lambda: intercept(side_effect=["a"]), "llm.reply('one', 'two')"),  # type: ignore[call-arg]
        (lambda: Interceptor().on(api="openai.chat_completions"), "Did you mean 'openai.chat'"),
        (lambda: Interceptor().on(api="anthropic"), "'anthropic.*' means all"),
        (lambda: Interceptor().on(api="zzz"), "Use one of"),
        (lambda: intercept([0.1, 0.2]), "A vector is embedding([…])"),  # type: ignore[list-item]
        (lambda: Reply("text", disconnect(after=2)), "Reply('text', fault=disconnect(after=2))"),  # type: ignore[arg-type]
        (lambda: intercept(["text", disconnect(after=2)]), "Reply('text', fault=disconnect(after=2))"),  # type: ignore[list-item]
        (lambda: intercept(httpx.HTTPStatusError), "api_error(429)"),
        (lambda: wrap(httpx.Client), "httpx.Client is a class"),
    ],
)
def test_what_is_given_elsewhere_says_where(make: Callable[[], object], told: str) -> None:
    with pytest.raises(LLMInterceptError) as raised:
        make()
    assert told in str(raised.value)


def test_what_is_meant_so_stays() -> None:
    with intercept(ValueError), pytest.raises(ValueError, match="as the rule asks"):
        ask()
    with intercept(embedding([0.1, 0.2])), intercept([]):  # a turn without text
        pass


def test_arguments_in_a_name_of_their_own_are_told() -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]
    told = r"tool_call\('weather', name=…\), or as a mapping"
    with intercept(tool_call("weather", arguments={"city": "Rome"})), pytest.warns(UnfitReplyWarning, match=told):
        ask(tools=tools)


def test_cassettes_are_imported(tmp_path: Path) -> None:
    cassette = tmp_path / "one.yaml"
    cassette.write_text("interactions: []\nversion: 1\n", "utf-8")
    with pytest.raises(SettingsError, match=r"recordings import .*one\.yaml --to tapes"):
        intercept(mode="replay", recordings=cassette)
    with intercept(mode="replay", recordings=tmp_path) as llm, llm.expect_unmatched():
        assert f"recordings import {tmp_path} --to tapes" in ask().text
