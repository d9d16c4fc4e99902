"""The recipes of examples/ for programs that are no Python run as their first lines say, beside `llm-intercept run`."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from node_programs import EXAMPLES, alone, installed, needs_node, run

if TYPE_CHECKING:
    from pathlib import Path

HAIKU = "Packets fall like leaves."
SAID = {
    "openai": [HAIKU, 'get_weather {"city":"Paris"}', "It is sunny in Paris."],
    "anthropic": [HAIKU, "asked for Paris", "It is sunny in Paris."],
    "ai_sdk": [HAIKU, "{ city: 'Paris', degrees: 21 }", "{ city: 'Paris', degrees: 21 }"],
    "browser": [f"[ '200', '{HAIKU}' ] [ '200', 'An old pond.' ] [ '503', '' ]"],
}


def beside(*command: str, folder: Path, home: Path) -> str:
    """Run a command as a user would, who has set nothing; return what it said."""
    ours = (sys.executable, "-m", "llm_intercept", "run", "--rules", "rules.toml", "--", *command)
    return run(*ours, folder=folder, variables=alone(home))


@needs_node
@pytest.mark.parametrize("name", [one.stem for one in (EXAMPLES / "node").glob("*.mjs")])
def test_a_recipe_in_node_says_what_it_is_told(name: str, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """Libraries, and a page of another origin that streams by `fetch` in a browser without a head."""
    if name == "browser" and shutil.which("chromium") is None:
        pytest.skip("there is no chromium on this machine")
    folder = installed(EXAMPLES / "node", pytestconfig)
    assert beside("node", f"{name}.mjs", folder=folder, home=tmp_path).splitlines() == SAID[name]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_curl_is_answered(tmp_path: Path) -> None:
    """In JSON, in events, and about itself."""
    said = beside("sh", "../curl.sh", folder=EXAMPLES / "node", home=tmp_path)
    assert json.loads(said[: said.index("\n}\n") + 3])["choices"][0]["message"]["content"] == HAIKU
    assert said.count("event: content_block_delta") == 4
    assert [json.loads(line)["api"] for line in said.splitlines()[-2:]] == ["openai.chat", "anthropic.messages"]


@needs_node
@pytest.mark.parametrize("agent", ["claude_code", "codex"])
def test_a_coding_agent_runs_a_command_and_says_what_came_of_it(
    agent: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """By the environment alone; what it asks beside that, a title or a warm-up, is answered too."""
    folder = installed(EXAMPLES / "coding_agents", pytestconfig)
    (folder / "pond.txt").touch()
    events = [json.loads(line) for line in beside("sh", f"{agent}.sh", folder=folder, home=tmp_path).splitlines()]
    assert "pond.txt" in _ran(events)
    assert _ended(events) == "There is a pond."


def _ran(events: list[dict[str, Any]]) -> str:
    """Return what the command said."""
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    codex = [item["aggregated_output"] for item in items if item["type"] == "command_execution"]
    claude = [event["message"]["content"][0]["content"] for event in events if event["type"] == "user"]
    (said,) = (*codex, *claude)
    return str(said)


def _ended(events: list[dict[str, Any]]) -> str:
    """Return the agent's last word."""
    said = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]
    said += [event["result"] for event in events if event["type"] == "result"]
    return str(said[-1])
