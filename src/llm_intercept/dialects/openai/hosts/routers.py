"""The rows of hosts that pass requests on to others: OpenRouter, Vercel's gateway.

Knows: what was recorded of them (docs/wire.md 7.3). Must not know: requests, replies.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.hosts.profile import USUAL_WORDS, Host, Words

COSTS = {
    "upstream_inference_cost": 0, "upstream_inference_prompt_cost": 0, "upstream_inference_completions_cost": 0,
}  # fmt: skip
THOUGHT = [{"type": "reasoning.text", "text": "{reasoning}", "format": "unknown", "index": 0}]
OPENROUTER = Host(
    name="OpenRouter",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "provider": "{provider}", "system_fingerprint": "{fingerprint}", "choices": "{choices}", "usage": "{usage}",
    },
    choice={
        "index": "{index}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
        "native_finish_reason": "{finish_reason}", "message": "{message}",
    },
    message={
        "role": "{role}", "content": "{content}", "refusal": "{refusal}", "reasoning": "{reasoning}",
        "tool_calls": "{tool_calls}", "reasoning_details": "{reasoning_details}",
    },
    message_beside={"any": {"refusal": None, "reasoning": None}, "reasoning": {"reasoning_details": THOUGHT}},
    call={
        "type": "{type}", "index": "{index}", "id": "{id}", "function": {"name": "{name}", "arguments": "{arguments}"},
    },
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "provider": "{provider}", "choices": "{choices}", "usage": "{usage}",
    },
    chunk_choice={
        "index": "{index}", "delta": "{delta}", "finish_reason": "{finish_reason}",
        "native_finish_reason": "{finish_reason}",
    },
    delta={
        "content": "{content}", "role": "{role}", "reasoning": "{reasoning}",
        "reasoning_details": "{reasoning_details}", "tool_calls": "{tool_calls}",
    },
    beside={
        "reasoning begins": {"content": "", "reasoning_details": THOUGHT},
        "reasoning": {"content": "", "reasoning_details": THOUGHT},
        "calls": {"content": None},
        "finish": {"content": ""},
    },
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}", "cost": 0,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": "{cached}", "cache_write_tokens": "{cache_written}", "audio_tokens": 0, "video_tokens": 0,
        },
        "cost_details": COSTS,
        "completion_tokens_details": {"reasoning_tokens": "{reasoning}", "image_tokens": 0, "audio_tokens": 0},
    },
    usage_apart="always",
    id="gen-{created}-{letters:20}",
    call_id="call_{hex:24}",
    fingerprint=None,
    role="every",
    providers={
        "openai": "OpenAI", "anthropic": "Anthropic", "google": "Google", "x-ai": "xAI", "deepseek": "DeepSeek",
        "meta-llama": "Together", "mistralai": "Mistral", "qwen": "Alibaba", "z-ai": "Z.AI",
        "moonshotai": "Moonshot AI",
    },
    comment="OPENROUTER PROCESSING",
    stream_type="text/event-stream",
    headers=(
        ("date", "{date}"),
        ("content-type", "{content_type}"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("access-control-allow-origin", "*"),
        ("cache-control", "no-cache"),
        ("permissions-policy", 'payment=(self "https://checkout.stripe.com" "https://connect-js.stripe.com")'),
        ("referrer-policy", "no-referrer, strict-origin-when-cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("server", "cloudflare"),
    ),
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("No auth credentials found"),
        "model_not_found": Words("No endpoints found for {model}."),
        "rate_limit_exceeded": Words("Rate limit exceeded"),
        "insufficient_quota": Words(
            "Insufficient credits. Add more using https://openrouter.ai/settings/credits", status=402
        ),
        "server_error": Words("Internal Server Error"),
    },
    error={"error": {"message": "{message}", "code": "{status}"}},
)  # fmt: skip

ROUTING = {
    "gateway": {
        "routing": {
            "originalModelId": "{model}", "resolvedProvider": "{maker}", "resolvedProviderApiModelId": "{model_there}",
            "canonicalSlug": "{model}", "finalProvider": "{maker}",
        },
        "cost": "0", "marketCost": "0", "generationId": "{id}",
    },
}  # fmt: skip
VERCEL = Host(
    name="Vercel",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "system_fingerprint": "{fingerprint}", "generationId": "{id}",
    },
    choice={
        "index": "{index}", "message": "{message}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
    },
    message={
        "role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}",
        "provider_metadata": "{provider_metadata}",
    },
    message_beside={"any": {"provider_metadata": ROUTING}},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "usage": "{usage}", "system_fingerprint": "{fingerprint}",
        "generationId": "{generation}",
    },
    chunk_choice={
        "index": "{index}", "delta": "{delta}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
    },
    delta={
        "role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}",
        "provider_metadata": "{provider_metadata}",
    },
    beside={"finish": {"provider_metadata": ROUTING}},
    last={"generation": "{id}"},
    usage={
        "prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}", "cost": 0,
        "is_byok": False, "prompt_tokens_details": {"cached_tokens": "{cached}", "audio_tokens": 0, "video_tokens": 0},
        "cost_details": {**COSTS, "upstream_inference_cost": None},
        "completion_tokens_details": {"reasoning_tokens": "{reasoning}", "image_tokens": 0},
        "cache_creation_input_tokens": "{cache_written}", "market_cost": 0,
    },
    usage_at_finish="always",
    usage_apart="never",
    id="gen_{ulid}",
    call_id="call_{letters:24}",
    fingerprint="fp_{lower:10}",
    stream_type="text/event-stream",
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Authentication failed", "authentication_error"),
        "model_not_found": Words("Model '{model}' not found", "model_not_found"),
    },
    error={"error": {"message": "{message}", "type": "{type}", "param": "{param}", "code": "{code}"}},
)  # fmt: skip
