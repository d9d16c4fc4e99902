"""Answers an unmodified program's LLM calls at the HTTP transport.

The names below are loaded when they are first used, so that importing the package costs next to nothing.

PYTEST_DONT_REWRITE: switched on by the environment variable it is loaded before pytest, which would warn of that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.base.tokens import TiktokenTokenizer, Tokenizer
    from llm_intercept.conditions.base import Condition
    from llm_intercept.conditions.when import when
    from llm_intercept.errors import (
        BudgetExceededError,
        DamagedRecordingWarning,
        LLMInterceptError,
        MockedError,
        NotResilientError,
        RecordingError,
        ReplyError,
        ReplyFunctionError,
        RuleFileError,
        SchemaError,
        SecretInRecordingError,
        SettingsError,
        ShadowedRuleWarning,
        UnmatchedRequestError,
        UnmatchedWarning,
        UnseenClientError,
        UnusedRuleError,
        WrapError,
    )
    from llm_intercept.faults import (
        connection_error,
        crlf,
        cut_off,
        disconnect,
        duplicate_chunk,
        empty_body,
        html_error,
        keep_alive,
        malformed,
        missing_done,
        missing_finish,
        rechunk,
        stall,
        stream_error,
        timeout,
        truncated_arguments,
        wrong_content_type,
    )
    from llm_intercept.interceptor.block import Interception, intercept
    from llm_intercept.interceptor.interceptor import Interceptor, wrap
    from llm_intercept.interceptor.simulation import assert_resilient
    from llm_intercept.interceptor.transport import InterceptTransport
    from llm_intercept.journal.calls import Calls
    from llm_intercept.journal.journal import Call
    from llm_intercept.journal.resilience import Finding, Resilience
    from llm_intercept.litellm.completion import acompletion, completion
    from llm_intercept.model.request import LLMRequest, Message, ToolResult, Usage
    from llm_intercept.recording.config import Recordings
    from llm_intercept.recording.fingerprint import Match
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.replies.api_error import api_error
    from llm_intercept.replies.make import (
        auto,
        custom_tool_call,
        faulty,
        passthrough,
        raw,
        refusal,
        structured,
        tool_call,
    )
    from llm_intercept.replies.reply import Audio, Reply, ToolCall
    from llm_intercept.rules.rule import Rule
    from llm_intercept.simulation.chaos import Chaos
    from llm_intercept.simulation.limits import RateLimit
    from llm_intercept.timing.pace import Pace, lognormal, normal

__version__ = "0.1.0"

# Every public name and the module that defines it, by theme.
_HOME = {
    # ways in
    "intercept": "interceptor.block",
    "Interception": "interceptor.block",
    "Interceptor": "interceptor.interceptor",
    "InterceptTransport": "interceptor.transport",
    "wrap": "interceptor.interceptor",
    # litellm's calls
    "completion": "litellm.completion",
    "acompletion": "litellm.completion",
    "MockedError": "errors",
    # what to answer
    "Reply": "replies.reply",
    "tool_call": "replies.make",
    "custom_tool_call": "replies.make",
    "structured": "replies.make",
    "refusal": "replies.make",
    "raw": "replies.make",
    "auto": "replies.make",
    "passthrough": "replies.make",
    "when": "conditions.when",
    "api_error": "replies.api_error",
    "ToolCall": "replies.reply",
    "Audio": "replies.reply",
    "Rule": "rules.rule",
    "Condition": "conditions.base",
    "Tokenizer": "base.tokens",
    "TiktokenTokenizer": "base.tokens",
    # faults and timing
    "faulty": "replies.make",
    "timeout": "faults",
    "connection_error": "faults",
    "disconnect": "faults",
    "stall": "faults",
    "cut_off": "faults",
    "malformed": "faults",
    "missing_done": "faults",
    "missing_finish": "faults",
    "duplicate_chunk": "faults",
    "truncated_arguments": "faults",
    "stream_error": "faults",
    "html_error": "faults",
    "empty_body": "faults",
    "wrong_content_type": "faults",
    "keep_alive": "faults",
    "crlf": "faults",
    "rechunk": "faults",
    "Pace": "timing.pace",
    "normal": "timing.pace",
    "lognormal": "timing.pace",
    "RateLimit": "simulation.limits",
    "Chaos": "simulation.chaos",
    "Resilience": "journal.resilience",
    "Finding": "journal.resilience",
    "assert_resilient": "interceptor.simulation",
    # recordings
    "Recordings": "recording.config",
    "Match": "recording.fingerprint",
    "Redaction": "recording.redaction",
    # what was asked
    "Call": "journal.journal",
    "Calls": "journal.calls",
    "LLMRequest": "model.request",
    "Message": "model.request",
    "ToolResult": "model.request",
    "Usage": "model.request",
    # what can go wrong
    "LLMInterceptError": "errors",
    "BudgetExceededError": "errors",
    "NotResilientError": "errors",
    "DamagedRecordingWarning": "errors",
    "RecordingError": "errors",
    "SecretInRecordingError": "errors",
    "ReplyError": "errors",
    "ReplyFunctionError": "errors",
    "RuleFileError": "errors",
    "SchemaError": "errors",
    "SettingsError": "errors",
    "ShadowedRuleWarning": "errors",
    "UnmatchedRequestError": "errors",
    "UnmatchedWarning": "errors",
    "UnseenClientError": "errors",
    "UnusedRuleError": "errors",
    "WrapError": "errors",
}
__all__ = [  # noqa: RUF022 - by theme
    "intercept",
    "Interception",
    "Interceptor",
    "InterceptTransport",
    "wrap",
    "completion",
    "acompletion",
    "MockedError",
    "Reply",
    "tool_call",
    "custom_tool_call",
    "structured",
    "refusal",
    "raw",
    "auto",
    "passthrough",
    "when",
    "api_error",
    "ToolCall",
    "Audio",
    "Rule",
    "Condition",
    "Tokenizer",
    "TiktokenTokenizer",
    "faulty",
    "timeout",
    "connection_error",
    "disconnect",
    "stall",
    "cut_off",
    "malformed",
    "missing_done",
    "missing_finish",
    "duplicate_chunk",
    "truncated_arguments",
    "stream_error",
    "html_error",
    "empty_body",
    "wrong_content_type",
    "keep_alive",
    "crlf",
    "rechunk",
    "Pace",
    "normal",
    "lognormal",
    "RateLimit",
    "Chaos",
    "Resilience",
    "Finding",
    "assert_resilient",
    "Recordings",
    "Match",
    "Redaction",
    "Call",
    "Calls",
    "LLMRequest",
    "Message",
    "ToolResult",
    "Usage",
    "LLMInterceptError",
    "BudgetExceededError",
    "NotResilientError",
    "DamagedRecordingWarning",
    "RecordingError",
    "SecretInRecordingError",
    "ReplyError",
    "ReplyFunctionError",
    "RuleFileError",
    "SchemaError",
    "SettingsError",
    "ShadowedRuleWarning",
    "UnmatchedRequestError",
    "UnmatchedWarning",
    "UnseenClientError",
    "UnusedRuleError",
    "WrapError",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
