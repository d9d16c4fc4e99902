"""What is copied out of the page runs: a rule answers the call that it is made of, and curl sends the same request."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import pytest

import llm_intercept
from llm_intercept import Reply, api_error, intercept, tool_call
from tests.support import URL, chat

HOSTILE = 'it\'s "quoted" \\n \x1b[201~; rm -rf ~ \u202e\u2028 {x} $HOME `id` \U0001f600'
CALLED = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
BODIES = {
    "text": chat("What is the weather?"),
    "hostile": chat(HOSTILE),
    "long": chat("word " * 100 + "\nsecond line"),
    "secret": chat("the key is sk-proj-" + "aB3" * 20 + " and the question is long enough"),
    "call": chat("call it", tools=TOOLS),
    "both": chat("say and call", tools=TOOLS),
    "fail": chat("fail"),
    "result": chat(
        messages=[
            {"role": "user", "content": "And Oslo?"},
            {"role": "assistant", "content": None, "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "call_1", "content": "cold"},
        ],
        tools=TOOLS,
    ),
    "unmatched": chat("nobody answers"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The report of a run, and what its client got."""
    with intercept(validate="off") as llm, llm.expect_unmatched(), httpx.Client() as client:
        llm.on("call it").reply(tool_call("get_weather", city="Oslo"))
        llm.on("say and call").reply(Reply("I look.", tool_call("get_weather", city="Oslo")))
        llm.on("fail").reply(api_error(429))
        llm.on("nobody", model="o3").reply("never")
        llm.on(lambda request: "nobody" not in request.last_user).reply(HOSTILE)
        answers = {name: client.post(URL, json=body) for name, body in BODIES.items()}
        file = llm.report(tmp_path_factory.mktemp("report") / "report.html")
    return file, answers


@pytest.fixture
def copied(visit, written):
    """Copy by a button's name, from a call's view."""

    def copy(name, button, view="request"):
        page = visit(f"{written[0].as_uri()}#call={[*BODIES].index(name) + 1}&view={view}")
        page.wait_for_selector(".copy")
        page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
        page.get_by_role("button", name=button, exact=True).click()
        page.wait_for_function("() => window.copied")
        return page.evaluate("() => window.copied")

    return copy


def said(answer):
    body = answer.json()
    message = body["choices"][0]["message"] if answer.status_code == 200 else None
    calls = [one["function"] for one in (message or {}).get("tool_calls") or ()]
    return (answer.status_code, message and message["content"], calls)


@pytest.mark.parametrize("name", BODIES)
def test_a_rule_answers_the_call_that_it_is_made_of(copied, written, name):
    """With the same answer; where nothing answered, with one to be filled in. It is one that is answered by no chance."""
    view = ("Copy", "unmatched") if name == "unmatched" else ("Copy as a rule", "request")
    rule = copied(name, *view)
    with intercept(validate="off") as llm:
        exec(rule, {"llm": llm, **vars(llm_intercept)})
        answer = httpx.post(URL, json=BODIES[name])
        with llm.expect_unmatched():
            httpx.post(URL, json=chat("something else", model=BODIES[name]["model"]))
    assert rule.isprintable() or "\n" in rule
    assert not {"\x1b", "\u202e", "\u2028"} & {*rule}
    expected = (200, "The answer.", []) if name == "unmatched" else said(written[1][name])
    assert said(answer) == expected


@pytest.mark.parametrize("name", ["text", "hostile", "secret"])
def test_curl_sends_the_same_request(copied, name, tmp_path):
    """But for what is secret; and a terminal is told nothing."""
    command = copied(name, "Copy as curl")
    assert not {"\x1b", "\u202e"} & {*command}
    told = tmp_path / "curl"
    told.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    told.chmod(0o700)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, env={"PATH": path, "LC_ALL": "C.UTF-8"}
    )
    given = json.loads(ran.stdout)
    options = dict(zip(given[1::2], given[2::2], strict=True))
    assert (given[0], options["--request"], options["--url"]) == ("--globoff", "POST", URL)
    sent = json.loads(options["--data-raw"])
    assert ("sk-proj" in command, "[redacted]" in command) == (False, name == "secret")
    assert sent == BODIES[name] or name == "secret"
    assert "content-type: application/json" in given


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """The report of requests that are no conversations."""
    with intercept("hi") as llm, llm.expect_unmatched(), httpx.Client() as client:
        for path, sent in OTHERS.values():
            client.post(URL.replace("chat/completions", path), **sent)
        return llm.report(tmp_path_factory.mktemp("report") / "others.html")


OTHERS = {
    "embeddings": ("embeddings", {"json": {"model": "text-embedding-3-small", "input": "embed me"}}),
    "moderations": ("moderations", {"json": {"model": "omni-moderation-latest", "input": "moderate me"}}),
    "unread": ("audio/speech", {"json": {"input": "a cat"}}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_only_what_runs_is_offered(visit, others, name):
    """A rule of what is no conversation answers it; a body that nobody read is in no command."""
    page = visit(f"{others.as_uri()}#call={[*OTHERS].index(name) + 1}&view=request")
    page.wait_for_selector(".start-line")
    assert page.get_by_role("button", name="Copy as curl").count() == (name != "unread")
    page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }")
    if name == "unread":
        assert page.get_by_text("Body: not read").count() == 1
        return
    page.get_by_role("button", name="Copy as a rule").click()
    page.wait_for_function("() => window.copied")
    path, sent = OTHERS[name]
    with intercept() as llm:
        exec(page.evaluate("() => window.copied"), {"llm": llm})
        assert httpx.post(URL.replace("chat/completions", path), **sent).status_code == 200
