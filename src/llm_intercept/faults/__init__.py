"""All faults, by the names users write: `from llm_intercept import faults`, `faults.malformed(after=2)`.

A fault is one class in `network`, `body` or `framing`, and one name here.

Knows: which faults there are. Must not know: what they do.
"""

from llm_intercept.faults.base import Fault
from llm_intercept.faults.body import (
    cut_off,
    duplicate_chunk,
    empty_body,
    malformed,
    missing_done,
    missing_finish,
    out_of_order,
    stream_error,
    truncated_arguments,
    wrong_content_type,
)
from llm_intercept.faults.framing import crlf, keep_alive, rechunk
from llm_intercept.faults.network import connection_error, disconnect, html_error, stall, timeout

__all__ = (  # noqa: RUF022 - in the order of an answer
    "Fault",
    "timeout",
    "connection_error",
    "disconnect",
    "stall",
    "html_error",
    "empty_body",
    "wrong_content_type",
    "malformed",
    "missing_done",
    "missing_finish",
    "duplicate_chunk",
    "out_of_order",
    "truncated_arguments",
    "stream_error",
    "cut_off",
    "keep_alive",
    "crlf",
    "rechunk",
)
