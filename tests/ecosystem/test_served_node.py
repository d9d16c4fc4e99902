"""Clients in Node at `llm-intercept serve`, told of it by the environment: each file of node/ asserts by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from node_programs import EXAMPLES, NODE, environment, installed, needs_node, run

from llm_intercept.server import Client

PROGRAMS = sorted(Path(__file__).with_name("node").glob("*.mjs"))

pytestmark = needs_node


@pytest.mark.parametrize("program", PROGRAMS, ids=[one.stem for one in PROGRAMS])
def test_a_client_in_node_is_answered(
    program: Path, server_url: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """A text, a stream, a tool's round, a structure, an error that is retried: as the same maker's client in Python."""
    folder = installed(EXAMPLES / "node", pytestconfig)
    shutil.copy(program, folder)  # next to the libraries, where Node looks for them
    Client(server_url).reset()  # the script, of which another one may have had the error
    run(NODE or "node", program.name, folder=folder, variables=environment(server_url, tmp_path))
