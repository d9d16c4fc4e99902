"""What reaches a terminal of what others said."""

from __future__ import annotations

import io
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Reply, errors, facts, tool_call
from llm_intercept.cli.endings import failure
from llm_intercept.cli.terminal import styled
from llm_intercept.errors import LLMInterceptError
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import shorten, visible
from tests.fuzz.odd import TEXT, altered, changed, dumped
from tests.fuzz.requests import PLAIN, SEEDS
from tests.fuzz.target import check_shown, target

ANY = TEXT | altered(changed(SEEDS).map(dumped)).map(lambda content: content.decode("utf-8", "surrogateescape"))


@target(ANY)
def a_text_is_shown(text: str) -> None:
    """Any text is written so that a terminal obeys nothing in it, and can be written to a file as UTF-8."""
    for shown in (
        visible(text),
        visible(text, lines=True),
        shorten(text),
        failure(text).format_message(),
        styled(text).plain,
    ):
        check_shown(shown)
        shown.encode()
    assert visible(visible(text)) == visible(text)
    check_shown(visible(shown_url(text)))


@target(st.tuples(ANY, ANY))
def an_error_is_shown(given: Any) -> None:
    """Any error and warning steers no terminal, whatever facts it is made of."""
    one, other = given
    for error in (
        LLMInterceptError(one), errors.LLMInterceptWarning(one), errors.SettingsError(one, other), errors.RuleFileError(one, other, one, other),
        errors.ReplyError(one, other, one), errors.UnseenClientError(one, other), errors.ReplyFunctionError(one, other, ValueError(one)),
        facts.RequestFacts(one, other, one, other, (one,)), facts.TakeFacts(one, other, (one,)),
        errors.RecordingError(one), errors.AnswerError(one, other, KeyError(one)),
    ):  # fmt: skip
        check_shown(str(error))


@target(st.tuples(TEXT, TEXT, TEXT, TEXT))
def the_calls_are_shown(given: Any) -> None:
    """The table of calls and what is said of them steer no terminal, whatever was asked and answered."""
    from rich.console import Console

    user, model, tool, said = given
    llm = Interceptor()
    llm.on("a").reply(Reply(said, tool_call(tool or "f", a=said)))
    tools = [{"type": "function", "function": {"name": tool, "parameters": {}}}]
    screen = io.StringIO()
    with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
        for words in (user, user + "a"):
            body = dumped({**PLAIN, "model": model, "messages": [{"role": "user", "content": words}], "tools": tools})
            answer = client.post("https://api.openai.com/v1/chat/completions", content=body)
            if answer.status_code == 404:
                check_shown(answer.json()["error"]["message"])
    Console(file=screen, width=300, color_system=None).print(llm.calls)
    for text in (
        screen.getvalue(),
        repr(llm.calls),
        *map(repr, llm.calls),
        *(repr(one.reply) for one in llm.calls),
        *map(str, llm.unmatched),
    ):
        check_shown(text)
