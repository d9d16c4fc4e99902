"""The command line: `llm-intercept run`, `check` and `recordings`.

Knows: which libraries the commands need. Must not know: what they do.
"""

from __future__ import annotations

import io
import sys

from llm_intercept.base import foreign  # by its module: a module of this folder is called as one of its functions
from llm_intercept.base.version import DISTRIBUTION

LIBRARIES = ("click", "rich")
FAILED, STOPPED = 2, 130
"""As `endings` has them, which needs click."""


def main() -> None:
    """Run the command; say what is missing if its libraries, or this package itself, are not installed."""
    _say_what_can_be_said()
    if problem := foreign.overwritten():
        _end(f"llm-intercept: {problem}")
    if problem := foreign.beside():
        sys.stderr.write(f"llm-intercept: {problem}\n")
    try:
        from llm_intercept.cli.app import app  # noqa: PLC0415 - its libraries are an extra

        app(prog_name="llm-intercept")
    except KeyboardInterrupt:  # while it is imported; later the commands say it
        _end("\nstopped", STOPPED)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in LIBRARIES:
            raise
        _end(f"llm-intercept: the command needs {missing}. Install it: pip install '{DISTRIBUTION}[cli]'")


def _end(message: str, status: int = FAILED) -> None:
    """End as a command does that cannot be done, or is stopped; what says so elsewhere needs click."""
    sys.stderr.write(message + "\n")
    sys.exit(status)


def _say_what_can_be_said() -> None:
    """Write what a terminal's encoding lacks, as cp1252 lacks an arrow, as its escape; by default it is an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
