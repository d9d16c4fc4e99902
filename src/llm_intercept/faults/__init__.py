"""All faults, by the names users write: `from llm_intercept import faults`, `faults.malformed(after=2)`.

A fault is one class in `network`, `body` or `framing`, and one name here, loaded when it is first used.

Knows: which faults there are. Must not know: what they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.lazy import lazy_names

if TYPE_CHECKING:
    from llm_intercept.faults.base import Fault as Fault
    from llm_intercept.faults.body import cut_off as cut_off
    from llm_intercept.faults.body import duplicate_chunk as duplicate_chunk
    from llm_intercept.faults.body import empty_body as empty_body
    from llm_intercept.faults.body import malformed as malformed
    from llm_intercept.faults.body import missing_done as missing_done
    from llm_intercept.faults.body import missing_finish as missing_finish
    from llm_intercept.faults.body import out_of_order as out_of_order
    from llm_intercept.faults.body import stream_error as stream_error
    from llm_intercept.faults.body import truncated_arguments as truncated_arguments
    from llm_intercept.faults.body import wrong_content_type as wrong_content_type
    from llm_intercept.faults.framing import crlf as crlf
    from llm_intercept.faults.framing import keep_alive as keep_alive
    from llm_intercept.faults.framing import rechunk as rechunk
    from llm_intercept.faults.network import connection_error as connection_error
    from llm_intercept.faults.network import disconnect as disconnect
    from llm_intercept.faults.network import html_error as html_error
    from llm_intercept.faults.network import stall as stall
    from llm_intercept.faults.network import timeout as timeout
else:
    __getattr__, __dir__, __all__ = lazy_names(
        __name__,
        {
            "base": "Fault",
            "body": "cut_off duplicate_chunk empty_body malformed missing_done missing_finish "
            "out_of_order stream_error truncated_arguments wrong_content_type",
            "framing": "crlf keep_alive rechunk",
            "network": "connection_error disconnect html_error stall timeout",
        },
    )
