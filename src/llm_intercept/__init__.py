"""Answers an unmodified program's LLM calls at the HTTP transport.

The names below are loaded when they are first used, so that importing the package costs next to nothing. All faults are
in `llm_intercept.faults`, all errors and warnings in `llm_intercept.errors`, what a request consists of in
`llm_intercept.model`.

PYTEST_DONT_REWRITE: switched on by the environment variable it is loaded before pytest, which would warn of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.lazy import lazy_names
from llm_intercept.base.version import DISTRIBUTION as DISTRIBUTION
from llm_intercept.base.version import __version__ as __version__

if TYPE_CHECKING:
    from llm_intercept import errors as errors
    from llm_intercept import faults as faults
    from llm_intercept import model as model
    from llm_intercept.conditions.when import when as when
    from llm_intercept.errors import LLMInterceptError as LLMInterceptError
    from llm_intercept.faults import connection_error as connection_error
    from llm_intercept.faults import disconnect as disconnect
    from llm_intercept.faults import malformed as malformed
    from llm_intercept.faults import stall as stall
    from llm_intercept.faults import timeout as timeout
    from llm_intercept.interceptor.entry import intercept as intercept
    from llm_intercept.interceptor.interceptor import Interceptor as Interceptor
    from llm_intercept.interceptor.interceptor import wrap as wrap
    from llm_intercept.interceptor.transport import InterceptTransport as InterceptTransport
    from llm_intercept.journal.journal import Call as Call
    from llm_intercept.litellm.completion import acompletion as acompletion
    from llm_intercept.litellm.completion import completion as completion
    from llm_intercept.model.request import LLMRequest as LLMRequest
    from llm_intercept.recording.config import Recordings as Recordings
    from llm_intercept.recording.redaction import Redaction as Redaction
    from llm_intercept.replies.api_error import api_error as api_error
    from llm_intercept.replies.make import auto as auto
    from llm_intercept.replies.make import custom_tool_call as custom_tool_call
    from llm_intercept.replies.make import embedding as embedding
    from llm_intercept.replies.make import moderation as moderation
    from llm_intercept.replies.make import passthrough as passthrough
    from llm_intercept.replies.make import raw as raw
    from llm_intercept.replies.make import reasoning as reasoning
    from llm_intercept.replies.make import refusal as refusal
    from llm_intercept.replies.make import structured as structured
    from llm_intercept.replies.make import tool_call as tool_call
    from llm_intercept.replies.reply import Reply as Reply
    from llm_intercept.timing.pace import Pace as Pace
else:
    __getattr__, __dir__, __all__ = lazy_names(
        __name__,
        {
            "": "errors faults model",
            "conditions.when": "when",
            "errors": "LLMInterceptError",
            "faults": "timeout connection_error disconnect stall malformed",
            "interceptor.entry": "intercept",
            "interceptor.interceptor": "Interceptor wrap",
            "interceptor.transport": "InterceptTransport",
            "journal.journal": "Call",
            "litellm.completion": "completion acompletion",
            "model.request": "LLMRequest",
            "recording.config": "Recordings",
            "recording.redaction": "Redaction",
            "replies.api_error": "api_error",
            "replies.make": "tool_call custom_tool_call structured refusal reasoning raw auto embedding moderation "
            "passthrough",
            "replies.reply": "Reply",
            "timing.pace": "Pace",
        },
    )
