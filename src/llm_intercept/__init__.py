"""Answers an unmodified program's LLM calls at the HTTP transport.

The names below are loaded when they are first used, so that importing the package costs next to nothing.

PYTEST_DONT_REWRITE: switched on by the environment variable it is loaded before pytest, which would warn of that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.blocks import Interception, intercept
    from llm_intercept.breaking import (
        connection_error,
        crlf,
        cut_off,
        disconnect,
        duplicate_chunk,
        empty_body,
        faulty,
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
    from llm_intercept.calls import Calls
    from llm_intercept.chaos import Chaos
    from llm_intercept.completions import acompletion, completion
    from llm_intercept.content import LLMRequest, Message, ToolResult, Usage
    from llm_intercept.errors import (
        BudgetExceededError,
        LLMInterceptError,
        ReplyError,
        ReplyFunctionError,
        RuleFileError,
        SettingsError,
        ShadowedRuleWarning,
        UnmatchedRequestError,
        UnmatchedWarning,
        UnseenClientError,
        UnusedRuleError,
        WrapError,
    )
    from llm_intercept.faults import api_error
    from llm_intercept.interceptor import Interceptor, wrap
    from llm_intercept.journal import Call
    from llm_intercept.limits import RateLimit
    from llm_intercept.making import auto, custom_tool_call, passthrough, raw, refusal, structured, tool_call
    from llm_intercept.mocks import MockedError
    from llm_intercept.pace import Pace, lognormal, normal
    from llm_intercept.recording.config import Recordings
    from llm_intercept.recording.errors import DamagedRecordingWarning, RecordingError, SecretInRecordingError
    from llm_intercept.recording.fingerprint import Match
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.replies import Audio, Reply, ToolCall
    from llm_intercept.resilience import Finding, NotResilientError, Resilience
    from llm_intercept.rules.condition import Condition
    from llm_intercept.rules.rule import Rule
    from llm_intercept.rules.when import when
    from llm_intercept.schema import SchemaError
    from llm_intercept.simulation import assert_resilient
    from llm_intercept.tokens import TiktokenTokenizer, Tokenizer
    from llm_intercept.transport import InterceptTransport

__version__ = "0.1.0"

# Every public name and the module that defines it, by theme.
_HOME = {
    # ways in
    "intercept": "blocks",
    "Interception": "blocks",
    "Interceptor": "interceptor",
    "InterceptTransport": "transport",
    "wrap": "interceptor",
    # litellm's calls
    "completion": "completions",
    "acompletion": "completions",
    "MockedError": "mocks",
    # what to answer
    "Reply": "replies",
    "tool_call": "making",
    "custom_tool_call": "making",
    "structured": "making",
    "refusal": "making",
    "raw": "making",
    "auto": "making",
    "passthrough": "making",
    "when": "rules.when",
    "api_error": "faults",
    "ToolCall": "replies",
    "Audio": "replies",
    "Rule": "rules.rule",
    "Condition": "rules.condition",
    "Tokenizer": "tokens",
    "TiktokenTokenizer": "tokens",
    # faults and timing
    "faulty": "breaking",
    "timeout": "breaking",
    "connection_error": "breaking",
    "disconnect": "breaking",
    "stall": "breaking",
    "cut_off": "breaking",
    "malformed": "breaking",
    "missing_done": "breaking",
    "missing_finish": "breaking",
    "duplicate_chunk": "breaking",
    "truncated_arguments": "breaking",
    "stream_error": "breaking",
    "html_error": "breaking",
    "empty_body": "breaking",
    "wrong_content_type": "breaking",
    "keep_alive": "breaking",
    "crlf": "breaking",
    "rechunk": "breaking",
    "Pace": "pace",
    "normal": "pace",
    "lognormal": "pace",
    "RateLimit": "limits",
    "Chaos": "chaos",
    "Resilience": "resilience",
    "Finding": "resilience",
    "assert_resilient": "simulation",
    # recordings
    "Recordings": "recording.config",
    "Match": "recording.fingerprint",
    "Redaction": "recording.redaction",
    # what was asked
    "Call": "journal",
    "Calls": "calls",
    "LLMRequest": "content",
    "Message": "content",
    "ToolResult": "content",
    "Usage": "content",
    # what can go wrong
    "LLMInterceptError": "errors",
    "BudgetExceededError": "errors",
    "NotResilientError": "resilience",
    "DamagedRecordingWarning": "recording.errors",
    "RecordingError": "recording.errors",
    "SecretInRecordingError": "recording.errors",
    "ReplyError": "errors",
    "ReplyFunctionError": "errors",
    "RuleFileError": "errors",
    "SchemaError": "schema",
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
