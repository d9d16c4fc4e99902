"""The rows of hosts that serve their own models: DeepSeek, Mistral, xAI, z.ai, Perplexity.

Knows: what was recorded of them (docs/wire.md 7.3). Must not know: requests, replies.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.hosts.profile import CHUNK_CALL, USUAL_WORDS, Host, Words

CLOUDFLARE = (
    ("date", "{date}"),
    ("content-type", "{content_type}"),
    ("transfer-encoding", "chunked"),
    ("connection", "keep-alive"),
)
CHOICE_WITH_LOGPROBS = {
    "index": "{index}", "message": "{message}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
}  # fmt: skip
CHUNK_CHOICE_WITH_LOGPROBS = {
    "index": "{index}", "delta": "{delta}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
}  # fmt: skip

DEEPSEEK = Host(
    name="DeepSeek",
    choice=CHOICE_WITH_LOGPROBS,
    message_beside={"calls": {"content": ""}},
    call=CHUNK_CALL,
    chunk_choice=CHUNK_CHOICE_WITH_LOGPROBS,
    beside={
        "opening": {"content": ""},
        "opening of reasoning": {"content": None, "reasoning": ""},
        "reasoning begins": {"content": None},
        "reasoning": {"content": None},
        "text begins after reasoning": {"reasoning": None},
        "text after reasoning": {"reasoning": None},
        "finish": {"content": ""},
    },
    usage={
        "prompt_tokens": "{prompt}",
        "completion_tokens": "{completion}",
        "total_tokens": "{total}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"},
        "completion_tokens_details": {"reasoning_tokens": "{reasoned}"},
        "prompt_cache_hit_tokens": "{cached}",
        "prompt_cache_miss_tokens": "{uncached}",
    },
    usage_at_finish="always",
    usage_apart="never",
    null_usage=True,
    id="{uuid}",
    call_id="call_00_{letters:24}",
    fingerprint="fp_{hex:10}_prod0820_fp8_kvcache_20260402",
    headers=(
        ("content-type", "{content_type}"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("date", "{date}"),
        ("server", "elb"),
        ("vary", "origin, access-control-request-method, access-control-request-headers"),
        ("access-control-allow-credentials", "true"),
        ("x-ds-trace-id", "{hex:32}"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("x-content-type-options", "nosniff"),
        ("x-cache", "Miss from cloudfront"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words(
            "Authentication Fails, Your api key: ****none is invalid", "authentication_error", "invalid_request_error"
        ),
        "model_not_found": Words("Model Not Exist", "invalid_request_error", "invalid_request_error", status=400),
        "insufficient_quota": Words("Insufficient Balance", "unknown_error", "invalid_request_error", status=402),
    },
)

MISTRAL = Host(
    name="Mistral",
    body={
        "id": "{id}", "created": "{created}", "model": "{model}", "usage": "{usage}", "object": "chat.completion",
        "choices": "{choices}",
    },
    choice={"index": "{index}", "finish_reason": "{finish_reason}", "message": "{message}"},
    message={"role": "{role}", "tool_calls": "{tool_calls}", "content": "{content}"},
    message_beside={
        "any": {"tool_calls": None},
        "calls": {"content": ""},
        "reasoning": {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "{reasoning}"}]},
                {"type": "text", "text": "{said}"},
            ],
        },
    },
    call={"id": "{id}", "function": {"name": "{name}", "arguments": "{arguments}"}, "index": "{index}"},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "p": "{padding}",
    },
    delta={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}"},
    beside={
        "opening": {"content": ""},
        "reasoning begins": {
            "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "{reasoning}"}]}],
        },
        "reasoning": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "{reasoning}"}]}]},
        "finish": {"content": ""},
    },
    chunk_call={"id": "{id}", "function": {"name": "{name}", "arguments": "{arguments}"}, "index": "{index}"},
    usage={
        "prompt_tokens": "{prompt}", "total_tokens": "{total}", "completion_tokens": "{completion}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"},
    },
    usage_at_finish="always",
    usage_apart="never",
    id="{hex:32}",
    call_id="{letters:9}",
    whole_calls=True,
    calls_at_finish=True,
    padding="p",
    headers=(
        *CLOUDFLARE,
        ("mistral-correlation-id", "{uuid}"),
        ("x-kong-request-id", "{uuid}"),
        ("x-envoy-upstream-service-time", "1"),
        ("server", "cloudflare"),
        ("access-control-allow-origin", "*"),
        ("cf-cache-status", "DYNAMIC"),
        ("strict-transport-security", "max-age=15552000; includeSubDomains; preload"),
        ("x-content-type-options", "nosniff"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Unauthorized", shape={"detail": "{message}"}),
        "model_not_found": Words("Invalid model: {model}", "invalid_model", "1500", status=400),
        "rate_limit_exceeded": Words("Rate limit exceeded", "rate_limited", "1300"),
        "overloaded": Words(
            "Service tier capacity exceeded for this model.", "service_tier_capacity_exceeded", "3505", status=429
        ),
    },
    error={
        "object": "error", "message": "{message}", "type": "{type}", "param": "{param}", "code": "{code}",
        "raw_status_code": "{status}",
    },
)  # fmt: skip

XAI = Host(
    name="xAI",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "system_fingerprint": "{fingerprint}",
    },
    message={
        "role": "{role}", "content": "{content}", "reasoning_content": "{reasoning}", "tool_calls": "{tool_calls}",
        "refusal": "{refusal}",
    },
    message_beside={"any": {"refusal": None}, "calls": {"content": ""}},
    call={"id": "{id}", "function": {"name": "{name}", "arguments": "{arguments}"}, "type": "{type}"},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "system_fingerprint": "{fingerprint}",
    },
    chunk_choice={"index": "{index}", "delta": "{delta}", "finish_reason": "{finished}"},
    delta={
        "content": "{content}", "reasoning_content": "{reasoning}", "role": "{role}", "tool_calls": "{tool_calls}",
    },
    beside={},
    chunk_call={
        "id": "{id}", "function": {"name": "{name}", "arguments": "{arguments}"}, "index": "{index}", "type": "{type}",
    },
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{answered}", "total_tokens": "{total}",
        "prompt_tokens_details": {
            "text_tokens": "{prompt}", "audio_tokens": 0, "image_tokens": 0, "cached_tokens": "{cached}",
        },
        "completion_tokens_details": {
            "reasoning_tokens": "{reasoning}", "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0, "cost_in_usd_ticks": 0,
    },
    id="{uuid}",
    call_id="call_{digits:8}",
    role="joined",
    whole_calls=True,
    stream_type="text/event-stream",
    headers=(
        *CLOUDFLARE,
        ("x-zero-data-retention", "false"),
        ("x-ratelimit-limit-tokens", "4000000"),
        ("x-ratelimit-remaining-tokens", "4000000"),
        ("x-ratelimit-limit-requests", "800"),
        ("x-ratelimit-remaining-requests", "800"),
        ("strict-transport-security", "max-age=31536000"),
        ("cf-cache-status", "DYNAMIC"),
        ("x-request-id", "{uuid}"),
        ("vary", "origin, access-control-request-method, access-control-request-headers"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "*"),
        ("server", "cloudflare"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_request": Words("The request is invalid.", code="Client specified an invalid argument"),
        "invalid_api_key": Words(
            "Incorrect API key provided: no***ne. You can obtain an API key from https://console.x.ai.",
            code="Client specified an invalid argument", status=400,
        ),
        "model_not_found": Words(
            "The model {model} does not exist or your team does not have access to it.",
            code="Some requested entity was not found",
        ),
        "rate_limit_exceeded": Words("Too many requests.", code="Some resource has been exhausted"),
    },
    error={"code": "{code}", "error": "{message}"},
)  # fmt: skip

ZAI = Host(
    name="z.ai",
    body={
        "choices": "{choices}", "created": "{created}", "id": "{id}", "model": "{model}", "request_id": "{id}",
        "usage": "{usage}",
    },
    choice={"finish_reason": "{finish_reason}", "index": "{index}", "message": "{message}"},
    message={
        "content": "{content}", "reasoning_content": "{reasoning}", "role": "{role}", "tool_calls": "{tool_calls}",
    },
    message_beside={"calls": {"content": ""}},
    call={
        "function": {"arguments": "{arguments}", "name": "{name}"}, "id": "{id}", "index": "{index}", "type": "{type}",
    },
    chunk={
        "id": "{id}", "created": "{created}", "model": "{model}", "choices": "{choices}", "usage": "{usage}",
    },
    chunk_choice={"index": "{index}", "finish_reason": "{finished}", "delta": "{delta}"},
    delta={
        "role": "{role}", "content": "{content}", "reasoning_content": "{reasoning}", "tool_calls": "{tool_calls}",
    },
    beside={
        "text begins after reasoning": {"reasoning": ""},
        "text after reasoning": {"reasoning": ""},
        "finish": {"content": ""},
    },
    chunk_call={
        "id": "{id}", "index": "{index}", "type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"},
    },
    usage={
        "completion_tokens": "{completion}", "prompt_tokens": "{prompt}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"}, "total_tokens": "{total}",
    },
    stream_usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}",
        "prompt_tokens_details": {"cached_tokens": "{cached}"},
    },
    usage_at_finish="always",
    usage_apart="never",
    id="{stamp}{hex:16}",
    call_id="call_-{digits:19}",
    role="every",
    whole_calls=True,
    json_type="application/json; charset=UTF-8",
    stream_type="text/event-stream;charset=UTF-8",
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("token expired or incorrect", code="401"),
        "model_not_found": Words("Unknown Model, please check the model code.", code="1211", status=400),
        "rate_limit_exceeded": Words("Rate limit reached for requests", code="1302"),
        "insufficient_quota": Words("Insufficient balance or no resource package. Please recharge.", code="1113"),
    },
    error={"error": {"code": "{code}", "message": "{message}"}},
)  # fmt: skip

PERPLEXITY = Host(
    name="Perplexity",
    body={
        "id": "{id}", "model": "{model}", "created": "{created}", "usage": "{usage}", "citations": "{citations}",
        "search_results": "{search_results}", "object": "chat.completion", "choices": "{choices}",
    },
    choice={
        "index": "{index}", "message": "{message}", "delta": {"role": "assistant", "content": ""},
        "finish_reason": "{finish_reason}",
    },
    message={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}"},
    message_beside={"reasoning": {"content": "<think>\n{reasoning}</think>\n\n{said}"}},
    chunk={
        "id": "{id}", "model": "{model}", "created": "{created}", "usage": "{usage}", "citations": "{citations}",
        "search_results": "{search_results}", "object": "{object}", "choices": "{choices}",
    },
    chunk_choice={
        "index": "{index}", "message": {"role": "assistant", "content": "{so_far}"}, "delta": "{delta}",
        "finish_reason": "{finished}",
    },
    delta={"role": "{role}", "content": "{content}", "tool_calls": "{tool_calls}"},
    beside={
        "reasoning begins": {"content": "<think>\n{reasoning}"},
        "reasoning": {"content": "{reasoning}"},
        "text begins after reasoning": {"content": "</think>\n\n{said}"},
        "finish": {"content": ""},
    },
    last={"object": "chat.completion.done"},
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}",
        "search_context_size": "low",
        "cost": {"input_tokens_cost": 0, "output_tokens_cost": 0, "request_cost": 0, "total_cost": 0},
    },
    usage_along={
        "prompt_tokens": "{prompt}", "completion_tokens": "{told}", "total_tokens": "{told_in_all}",
        "search_context_size": "low", "cost": {"input_tokens_cost": 0, "output_tokens_cost": 0, "total_cost": 0},
    },
    usage_at_finish="always",
    usage_apart="never",
    id="{uuid}",
    role="every",
    newline="\r\n",
    has_done=False,
    headers=(
        *CLOUDFLARE,
        ("x-ppl-region", "us-east-1"),
        ("cf-cache-status", "DYNAMIC"),
        ("strict-transport-security", "max-age=15552000; includeSubDomains; preload"),
        ("server", "cloudflare"),
    ),
    words={
        **USUAL_WORDS,
        "model_not_found": Words("Invalid model '{model}'.", "invalid_model", 400, status=400),
    },
    error={"error": {"message": "{message}", "type": "{type}", "code": "{status}"}},
)  # fmt: skip
