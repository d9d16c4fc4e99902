"""What the tests of all clients of `llm-intercept serve` share: the server, and the tool and the structure they ask for."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = Path(__file__).with_name("served_rules.toml")
TOLD = {
    "OPENAI_BASE_URL": "{}/v1",
    "ANTHROPIC_BASE_URL": "{}",
    "GOOGLE_GEMINI_BASE_URL": "{}",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{}",
    "OLLAMA_HOST": "{}",
    "CO_API_URL": "{}",
}
"""The variables by which clients are told of a server."""
PIECES = ["Packets ", "fall ", "like ", "leaves."]
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
PARIS = {"city": "Paris", "degrees": 21}
PLACE: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
"""What `get_weather` takes."""


@contextmanager
def serving(rules: Path = RULES) -> Iterator[str]:
    """Run `llm-intercept serve` in a process of its own; gives its URL. All that it is asked is to be answered."""
    command = [sys.executable, "-m", "llm_intercept", "serve", "--rules", str(rules), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            _, problems = process.communicate(timeout=PATIENCE)
    assert (process.returncode, problems) == (0, "")


def told(url: str) -> dict[str, str]:
    """Say what a client's environment has of a server."""
    return {name: form.format(url) for name, form in TOLD.items()}
