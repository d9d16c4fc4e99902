"""What a user reads after a typical mistake: each mistake's code and its whole message, kept as a text to read.

The texts are in `__snapshots__/test_messages`; write them anew with `pytest tests/test_messages.py --snapshot-update`, and
read them.
"""

from __future__ import annotations

import asyncio
import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import BaseModel
from respx.patterns import M
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from llm_intercept import LLMInterceptError, Reply, api_error, intercept, when
from llm_intercept.model import Usage
from tests.support import URL

if TYPE_CHECKING:
    from llm_intercept.engine.exchange import Engine

FILE = "tests/app.py"


class Person(BaseModel):
    """A format to ask for."""

    name: str


class Text(SingleFileSnapshotExtension):
    """A snapshot is a text file."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


def offers(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, "parameters": {}}} for name in names]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def called(name: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def answered(text: str, id: str = "call_1") -> dict[str, Any]:  # noqa: A002 - as the API has it
    return {"role": "tool", "tool_call_id": id, "content": text}


def _body(*messages: Any, model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    said = [user(one) if isinstance(one, str) else one for one in messages]
    return {"model": model, "messages": said, **more}


def ask(*messages: Any, url: str = URL, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Ask as an app does, which swallows the error."""
    return httpx.post(url, headers=headers, json=_body(*messages, **more))


def ask_in_parallel(*asked: str) -> None:
    """Ask from tasks that wait for each other's answers."""

    async def run() -> None:
        barrier = asyncio.Barrier(len(asked))

        async def agent(text: str) -> None:
            async with httpx.AsyncClient() as client:
                await client.post(URL, json=_body(text))
                await barrier.wait()

        await asyncio.gather(*map(agent, asked))

    asyncio.run(run())


NAMES: dict[str, Any] = {
    one.__name__: one
    for one in (offers, user, system, assistant, called, answered, ask, ask_in_parallel, M, Person, Reply, Usage)
} | {"api_error": api_error, "when": when, "re": re, "httpx": httpx}

MISTAKES: dict[str, str] = {
    "no rule at all": 'ask("What is the weather in Paris?")',
    "a rule without a reply": 'llm.on("weather")\nask("What is the weather in Paris?")',
    "wrong model": 'llm.on(model="gpt-4.1*").reply("sunny")\nask("What is the weather in Paris?")',
    "model without its date": 'llm.on(model="gpt-4o").reply("sunny")\nask("What is the weather?", model="gpt-4o-2024-08-06")',
    "model with its provider": 'llm.on(model="openai/gpt-4o*").reply("sunny")\nask("What is the weather?")',
    "near miss of a text": 'llm.on("wheather").reply("sunny")\nask("What is the weather in Paris?")',
    "text in another message": """\
        llm.on("helpful").reply("sunny")
        ask(system("You are a helpful assistant."), user("What is the weather in Paris?"))""",
    "text in an earlier message": """\
        llm.on("weather").reply("sunny")
        ask(user("What is the weather?"), assistant("Where?"), user("In Paris"))""",
    "a str meant as a pattern": 'llm.on("weather.*Paris").reply("sunny")\nask("What is the weather in Paris?")',
    "a pattern differing in case": 'llm.on(re.compile("Weather")).reply("sunny")\nask("What is the weather in Paris?")',
    "missing tool": 'llm.on(tool="get_weather").reply("sunny")\nask("What is the weather in Paris?")',
    "misspelt tool": """\
        llm.on(tool="get_wether").reply("sunny")
        ask("What is the weather in Paris?", tools=offers("get_time", "get_weather"))""",
    "tool result not there yet": """\
        llm.on(tool_result="get_weather").reply("sunny")
        ask("What is the weather in Paris?", tools=offers("get_weather"))""",
    "tool result of another call": """\
        llm.on(tool_result="get_weather").reply("sunny")
        ask("What is the weather?", called("get_weather"), answered("21 degrees", id="call_2"))""",
    "wrong turn": """\
        llm.on("weather", turn=1).reply("sunny")
        ask("Hi", assistant("Hello"), "What is the weather?", assistant("Where?"), "The weather in Paris")""",
    "a stream expected": 'llm.on("weather", stream=True).reply("sunny")\nask("What is the weather in Paris?")',
    "no stream expected": 'llm.on("weather", stream=False).reply("sunny")\nask("What is the weather?", stream=True)',
    "wrong response_format": """\
        llm.on(response_format=Person).reply("Ada")
        ask("Who are you?", response_format={"type": "json_object"})""",
    "no response_format": 'llm.on(response_format=Person).reply("Ada")\nask("Who are you?", tools=offers("Person"))',
    "header missing": 'llm.on(headers={"x-team": "red"}).reply("sunny")\nask("What is the weather in Paris?")',
    "secret header differing": """\
        llm.on(headers={"authorization": "Bearer sk-a"}).reply("sunny")
        ask("What is the weather in Paris?", headers={"authorization": "Bearer sk-b"})""",
    "wrong host": 'llm.on(url="api.mistral.ai").reply("sunny")\nask("What is the weather in Paris?")',
    "json path differing": """\
        llm.on(json={"metadata": {"run": 7, "user": "ada"}}).reply("sunny")
        ask("What is the weather?", metadata={"run": "7", "user": "ada"})""",
    "json key missing": 'llm.on(json={"temperature": 0}).reply("sunny")\nask("What is the weather in Paris?")',
    "respx pattern": 'llm.on(M(host="api.mistral.ai", method="POST")).reply("sunny")\nask("What is the weather?")',
    "predicate false": """\
        def is_long(request):
            return len(request.last_user) > 100

        llm.on(is_long).reply("sunny")
        ask("What is the weather in Paris?")""",
    "lambda false": 'llm.on(lambda request: request.turn > 1).reply("sunny")\nask("What is the weather in Paris?")',
    "predicate that raises": 'llm.on(lambda request: request.raw["user"]).reply("sunny")\nask("What is the weather?")',
    "exhausted script": 'llm.on("weather").reply("sunny", "rainy")\nfor day in range(3):\n    ask(f"The weather on day {day}?")',
    "exhausted script of retries": """\
        llm.on("weather").reply(api_error(429), api_error(500))
        for retry in range(3):
            ask("What is the weather?", headers={"x-stainless-retry-count": str(retry)})""",
    "exhausted keyed script": """\
        llm.reply("sunny", "rainy").per("conversation")
        for day in range(3):
            ask(system("You are agent 7."), user("What is the weather in Paris?"))""",
    "parallel plain script": 'llm.reply("sunny", "rainy", "windy")\nask_in_parallel("The weather in Paris?", "In Rome?", "In Oslo?")',
    "iterator used twice": 'llm.on("weather").reply(iter(["sun", "ny"]))\nask("weather")\nask("weather")',
    "times used up": 'llm.on("weather").reply("sunny", times=1)\nask("What is the weather?")\nask("And the weather now?")',
    "unclaimed path of a known host": 'llm.reply("sunny")\nhttpx.get("https://api.openai.com/v1/files")',
    "unused rule": 'llm.on("weather").reply("sunny")\nllm.on("time").reply("noon")\nask("weather")\nllm.assert_all_used()',
    "unused rest of a script": 'llm.on("weather").reply("sunny", "rainy", "windy")\nask("weather")\nllm.assert_all_used()',
    "unused rules and one shadowed": """\
        llm.on("weather").reply("sunny")
        llm.on("the weather", model="gpt-4o*").reply("rainy")
        llm.on("time").reply("noon")
        ask("What is the weather in Paris?")
        llm.assert_all_used()""",
    "budget of calls exceeded": 'llm.reply("sunny")\nllm.budget(calls=2)\nfor day in range(4):\n    ask(f"The weather on day {day}?")',
    "budget of tokens exceeded": """\
        llm.reply(Reply("sunny", usage=Usage(input_tokens=900, output_tokens=600)))
        llm.budget(tokens=2000)
        ask("The weather in Paris?")
        ask("The weather in Rome?")""",
    "combined with or": 'llm.on(when("rain") | when("snow")).reply("cold")\nask("What is the weather in Paris?")',
    "combined with or of different things": """\
        llm.on(when("rain") | when(model="o3*")).reply("cold")
        ask("What is the weather in Paris?")""",
    "combined with not": 'llm.on(~when("weather")).reply("else")\nask("What is the weather in Paris?")',
    "combined with not and json": 'llm.on(~when(json={"temperature": 0})).reply("x")\nask("weather", temperature=0)',
    "combined with and, or and not": """\
        llm.on((when("weather") & ~when(model="gpt-4o*")) | when(turn=2, stream=True)).reply("x")
        ask("What is the weather in Paris?")""",
    "several rules, the nearest first": """\
        llm.on("rain", model="o3*", system="kind").reply("rainy")
        llm.on("weather in Rome").reply("sunny")
        llm.on("weather", tool="get_weather").reply("windy")
        llm.on(turn=2).reply("x")
        llm.on("snow").reply("cold")
        ask(system("Be kind."), user("What is the weather in Paris?"), tools=offers("get_time"))""",
    "several requests": """\
        llm.on("weather").reply("sunny")
        ask("What time is it?")
        ask("What day is it?")""",
    "and instead of &": 'llm.on(when("weather") and when(model="o3")).reply("x")',
    "a dict as a reply": 'llm.on("weather").reply({"content": "sunny"})',
    "a class as a condition": 'llm.on(Person).reply("Ada")',
    "a function that returns nothing": 'llm.on("weather").reply(lambda request: None)\nask("weather")',
    "a key that is no name": 'llm.on("weather").reply("a", "b").per("session")',
    "a misspelt outcome": 'llm.calls.matching(modle="gpt-4o")',
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_explained(mistake, snapshot):
    """The whole message as a user sees it, with the file and line of every rule it names."""
    code = dedent(MISTAKES[mistake])
    rules: list[str] = []
    with pytest.raises(LLMInterceptError) as caught, intercept(validate="off") as llm:
        names = {**NAMES, "llm": llm}
        try:
            exec(compile(code, FILE, "exec"), names)  # it has lines of its own this way
        finally:
            rules = _named(llm._engine)
    text = str(caught.value)
    notes = "".join(f"\n\nnoted on it:\n{note}" for note in getattr(caught.value, "__notes__", ()))
    numbered = "\n".join(f"{number:3} {line}" for number, line in enumerate(code.splitlines(), 1))
    assert f"{numbered}\n\n{type(caught.value).__name__}: {text}{notes}\n" == snapshot(extension_class=Text)
    assert str(httpx) not in text
    tried = [where for where in rules if where in text]
    if rules and not isinstance(caught.value, ValueError) and "known host" not in mistake and "budget" not in mistake:
        assert tried or "unused" in mistake, text
    assert all(re.fullmatch(r"tests/app\.py:\d+", where) for where in rules)


def _named(engine: Engine) -> list[str]:
    return [rule.where for rule in (*engine.book.rules, *engine.book.catch_alls)]


def test_the_texts_name_no_place_of_this_machine():
    """Nor an address in memory: they are the same everywhere."""
    from pathlib import Path

    folder = Path(__file__).parent / "__snapshots__" / "test_messages"
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.txt")]
    assert len(texts) == len(MISTAKES)
    assert not [text for text in texts if re.search(r" at 0x[0-9a-f]+|/site-packages/|/home/", text)]
