"""The command and its subcommands.

Knows: click. Must not know: what they do.
"""

from __future__ import annotations

import click

from llm_intercept import __version__
from llm_intercept.cli.check import check
from llm_intercept.cli.endings import Commands
from llm_intercept.cli.lock import lock
from llm_intercept.cli.recordings import recordings
from llm_intercept.cli.run import run
from llm_intercept.cli.serving import serve
from llm_intercept.cli.verify import verify


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def app() -> None:
    """Answer an unmodified program's LLM calls at the HTTP transport."""


recordings.add_command(lock)
recordings.add_command(verify)
for command in (run, serve, check, recordings):
    app.add_command(command)
