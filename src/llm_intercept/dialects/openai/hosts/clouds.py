"""The rows of hosts that serve the models of others: Groq, Cerebras, Together, Fireworks, Databricks; and of programs.

Knows: what was recorded of them (docs/wire.md 7.3). Must not know: requests, replies.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.dialects.openai.hosts.profile import HEADERS, USUAL_WORDS, Host, Words
from llm_intercept.dialects.openai.hosts.templates import ABSENT

GROQ_USAGE = {
    "queue_time": 0.001, "prompt_tokens": "{prompt}", "prompt_time": 0.001, "completion_tokens": "{completion}",
    "completion_time": 0.001, "total_tokens": "{total}", "total_time": 0.002,
    "completion_tokens_details": {"reasoning_tokens": "{reasoned}"},
}  # fmt: skip
GROQ = Host(
    name="Groq",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "usage_breakdown": None, "system_fingerprint": "{fingerprint}",
        "x_groq": {"id": "req_{lower:26}"}, "service_tier": "on_demand",
    },
    choice={
        "index": "{index}", "message": "{message}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
    },
    message={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    message_beside={"calls": {"content": ABSENT}},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "system_fingerprint": "{fingerprint}", "choices": "{choices}", "x_groq": "{x_groq}", "usage": "{usage}",
        "service_tier": "{tier}",
    },
    chunk_choice={
        "index": "{index}", "delta": "{delta}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
    },
    delta={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    beside={"opening": {"content": ""}, "opening of calls": {"content": None}},
    chunk_call={
        "id": "{id}", "type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"}, "index": "{index}",
    },
    first={"x_groq": {"id": "req_{lower:26}"}},
    last={"x_groq": {"id": "req_{lower:26}", "usage": "{counted}"}},
    apart={"tier": "on_demand"},
    usage=GROQ_USAGE,
    usage_at_finish="asked",
    id="chatcmpl-{uuid}",
    call_id="call_{lower:24}",
    whole_calls=True,
    tail="\n",
    stream_type="text/event-stream",
    headers=(
        *HEADERS,
        ("cache-control", "private, max-age=0, no-store, no-cache, must-revalidate"),
        ("server", "cloudflare"),
        ("x-groq-region", "us-east-1"),
        ("x-ratelimit-limit-requests", "500000"),
        ("x-ratelimit-limit-tokens", "300000"),
        ("x-ratelimit-remaining-requests", "499999"),
        ("x-ratelimit-remaining-tokens", "299999"),
        ("x-ratelimit-reset-requests", "172.8ms"),
        ("x-ratelimit-reset-tokens", "20ms"),
        ("x-request-id", "req_{lower:26}"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Invalid API Key", "invalid_request_error", "invalid_api_key"),
        "model_not_found": Words(
            "The model `{model}` does not exist or you do not have access to it.", "invalid_request_error",
            "model_not_found",
        ),
        "rate_limit_exceeded": Words(
            "Rate limit reached for model `{model}` in organization `org_llm_intercept` service tier `on_demand` on "
            "tokens per minute (TPM): Limit 6000, Used 5914, Requested 1822. Please try again in {retry}. Need more "
            "tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
            "tokens", "rate_limit_exceeded",
        ),
        "server_error": Words("Internal Server Error", "internal_server_error"),
        "service_unavailable": Words("Service Unavailable", "internal_server_error"),
    },
    error={"error": {"message": "{message}", "type": "{type}", "param": "{param_said}", "code": "{code_said}"}},
)  # fmt: skip

TIMES = {
    "queue_time": 0.001, "prompt_time": 0.001, "completion_time": 0.001, "total_time": 0.003, "created": "{created}",
}  # fmt: skip
CEREBRAS = Host(
    name="Cerebras",
    body={
        "id": "{id}", "choices": "{choices}", "created": "{created}", "model": "{model}",
        "system_fingerprint": "{fingerprint}", "object": "chat.completion", "usage": "{usage}", "time_info": TIMES,
    },
    choice={"finish_reason": "{finish_reason}", "index": "{index}", "message": "{message}"},
    message={"content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}", "role": "{role}"},
    message_beside={"calls": {"content": ABSENT}},
    chunk={
        "id": "{id}", "choices": "{choices}", "created": "{created}", "model": "{model}",
        "system_fingerprint": "{fingerprint}", "object": "chat.completion.chunk", "usage": "{usage}",
        "time_info": "{time_info}",
    },
    chunk_choice={"delta": "{delta}", "finish_reason": "{finished}", "index": "{index}"},
    delta={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    beside={},
    chunk_call={
        "function": {"name": "{name}", "arguments": "{arguments}"}, "type": "{type}", "id": "{id}", "index": "{index}",
    },
    last={"time_info": TIMES},
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}",
        "completion_tokens_details": {"reasoning_tokens": "{reasoned}"}, "total_tokens": "{total}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"},
    },
    usage_at_finish="always",
    usage_apart="never",
    id="chatcmpl-{uuid}",
    call_id="{hex:9}",
    fingerprint="fp_{hex:20}",
    whole_calls=True,
    has_done=False,
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Wrong API Key", "invalid_request_error", "wrong_api_key", "api_key"),
        "model_not_found": Words(
            "Model {model} does not exist or you do not have access to it.", "not_found_error", "model_not_found",
            "model",
        ),
        "rate_limit_exceeded": Words(
            "Requests per minute limit exceeded - too many requests sent.", "too_many_requests_error",
            "request_quota_exceeded", "quota",
        ),
    },
    error={"message": "{message}", "type": "{type}", "param": "{param}", "code": "{code}"},
)  # fmt: skip

TOGETHER = Host(
    name="Together",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}", "prompt": [],
        "choices": "{choices}", "usage": "{usage}",
    },
    choice={
        "finish_reason": "{finish_reason}", "seed": 1, "logprobs": "{logprobs}", "index": "{index}",
        "message": "{message}",
    },
    message={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}", "reasoning": "{reasoning}"},
    message_beside={"any": {"tool_calls": []}},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "choices": "{choices}",
        "model": "{model}", "usage": "{usage}",
    },
    chunk_choice={
        "index": "{index}", "text": "{text}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
        "delta": "{delta}",
    },
    delta={
        "token_id": "{token_id}", "role": "{role}", "content": "{content}", "reasoning": "{reasoning}",
        "tool_calls": "{tool_calls}",
    },
    beside={
        "reasoning begins": {"content": ""}, "reasoning": {"content": ""}, "calls": {"content": ""},
        "finish": {"content": ""},
    },
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}",
        "cached_tokens": "{cached}",
    },
    usage_at_finish="always",
    usage_apart="never",
    null_usage=True,
    id="{letters:7}-{letters:6}-{hex:16}",
    call_id="call_{lower:24}",
    role="every",
    stream_type="text/event-stream;charset=utf-8",
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words(
            "Invalid API key provided. You can find your API key at https://api.together.xyz/settings/api-keys.",
            "invalid_request_error", "invalid_api_key",
        ),
        "model_not_found": Words(
            "Unable to access model {model}. Please visit https://api.together.ai/models to view the list of "
            "supported models.",
            "invalid_request_error", "model_not_available",
        ),
    },
    error={"id": "{id}", "error": {"message": "{message}", "type": "{type}", "param": "{param}", "code": "{code}"}},
)  # fmt: skip

FIREWORKS = Host(
    name="Fireworks",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}",
    },
    message_beside={"calls": {"content": ABSENT}},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}",
    },
    beside={},
    usage={
        "prompt_tokens": "{prompt}", "total_tokens": "{total}", "completion_tokens": "{completion}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"},
    },
    usage_at_finish="always",
    usage_apart="never",
    id="{uuid}",
    words=USUAL_WORDS,
    error={"error": {"object": "error", "type": "{type}", "code": "{code}", "message": "{message}"}},
)  # fmt: skip

DATABRICKS_THOUGHT: dict[str, Any] = {
    "type": "reasoning", "summary": [{"type": "summary_text", "text": "{reasoning}"}],
}  # fmt: skip
DATABRICKS = Host(
    name="Databricks",
    body={
        "model": "{model}", "choices": "{choices}", "usage": "{usage}", "object": "chat.completion", "id": "{id}",
        "created": "{created}",
    },
    choice={"message": "{message}", "index": "{index}", "finish_reason": "{finish_reason}"},
    message={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}"},
    message_beside={"reasoning": {"content": [DATABRICKS_THOUGHT, {"type": "text", "text": "{said}"}]}},
    chunk={
        "model": "{model}", "choices": "{choices}", "usage": "{usage}", "object": "chat.completion.chunk",
        "id": "{id}", "created": "{created}",
    },
    chunk_choice={"delta": "{delta}", "index": "{index}", "finish_reason": "{finish_reason}"},
    delta={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}"},
    beside={
        "reasoning begins": {"content": [DATABRICKS_THOUGHT]},
        "reasoning": {"content": [DATABRICKS_THOUGHT]},
        "calls": {"content": None},
        "finish": {"content": ""},
    },
    usage={
        "cache_read_input_tokens": "{cached}", "completion_tokens": "{completion}", "prompt_tokens": "{prompt}",
        "total_tokens": "{total}", "cache_creation_input_tokens": "{cache_written}",
    },
    usage_along={
        "cache_read_input_tokens": 0, "completion_tokens": None, "prompt_tokens": "{prompt}", "total_tokens": None,
        "cache_creation_input_tokens": 0,
    },
    usage_at_finish="always",
    usage_apart="never",
    id="msg_bdrk_01{letters:22}",
    call_id="toolu_bdrk_01{letters:22}",
    role="every",
    stream_type="text/event-stream",
    headers=(
        *HEADERS,
        ("server", "databricks"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("x-content-type-options", "nosniff"),
        ("x-request-id", "{uuid}"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Invalid access token.", code="403", status=403),
        "model_not_found": Words("The given endpoint does not exist.", code="RESOURCE_DOES_NOT_EXIST"),
        "rate_limit_exceeded": Words("REQUEST_LIMIT_EXCEEDED: Exceeded the rate limit.", code="REQUEST_LIMIT_EXCEEDED"),
        "invalid_request": Words("Invalid request.", code="BAD_REQUEST"),
    },
    error={"error_code": "{code}", "message": "{message}"},
)  # fmt: skip
