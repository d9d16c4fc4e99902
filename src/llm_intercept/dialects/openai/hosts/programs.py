"""The rows of programs that serve models on machines of one's own: vLLM, Ollama, llama.cpp.

Knows: what was recorded of them (docs/wire.md 7.3). Must not know: requests, replies.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.hosts.profile import HEADERS, USUAL_WORDS, Host, Words

VLLM = Host(
    name="vLLM",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "service_tier": None, "system_fingerprint": "{fingerprint}", "usage": "{usage}",
        "prompt_logprobs": None, "prompt_token_ids": None, "kv_transfer_params": None,
    },
    choice={
        "index": "{index}", "message": "{message}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
        "stop_reason": None, "token_ids": None,
    },
    message={
        "role": "{role}", "content": "{content}", "refusal": "{refusal}", "annotations": None, "audio": None,
        "function_call": None, "tool_calls": "{tool_calls}", "reasoning": "{reasoning}",
    },
    message_beside={"any": {"tool_calls": [], "reasoning": None, "refusal": None}},
    chunk={
        "id": "{id}", "object": "chat.completion.chunk", "created": "{created}", "model": "{model}",
        "choices": "{choices}", "prompt_token_ids": "{prompt_token_ids}", "usage": "{usage}",
    },
    chunk_choice={
        "index": "{index}", "delta": "{delta}", "logprobs": "{logprobs}", "finish_reason": "{finish_reason}",
        "stop_reason": "{stop_reason}", "token_ids": "{token_ids}",
    },
    delta={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    beside={"opening": {"content": ""}, "finish": {"content": ""}},
    chunk_call={
        "id": "{id}", "type": "{type}", "index": "{index}", "function": {"name": "{name}", "arguments": "{arguments}"},
    },
    first={"prompt_token_ids": None},
    usage={
        "prompt_tokens": "{prompt}", "total_tokens": "{total}", "completion_tokens": "{completion}",
        "prompt_tokens_details": None,
    },
    id="chatcmpl-{hex:16}",
    call_id="chatcmpl-tool-{hex:16}",
    fingerprint=None,
    headers=(("date", "{date}"), ("server", "uvicorn"), ("content-type", "{content_type}"),
             ("transfer-encoding", "chunked")),
    words={
        **USUAL_WORDS,
        "invalid_request": Words("The request is invalid.", "BadRequestError", 400),
        "invalid_api_key": Words("Unauthorized", shape={"error": "{message}"}),
        "model_not_found": Words("The model `{model}` does not exist.", "NotFoundError", 404, "model"),
        "server_error": Words("Internal server error", "InternalServerError", 500),
    },
)  # fmt: skip

OLLAMA = Host(
    name="Ollama",
    body={
        "id": "{id}", "object": "chat.completion", "created": "{created}", "model": "{model}",
        "system_fingerprint": "{fingerprint}", "choices": "{choices}", "usage": "{usage}",
    },
    message={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    message_beside={"calls": {"content": ""}},
    call={
        "id": "{id}", "index": "{index}", "type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"},
    },
    delta={"role": "{role}", "content": "{content}", "reasoning": "{reasoning}", "tool_calls": "{tool_calls}"},
    beside={
        "reasoning begins": {"content": ""}, "reasoning": {"content": ""}, "calls": {"content": ""},
        "finish": {"content": ""},
    },
    chunk_call={
        "id": "{id}", "index": "{index}", "type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"},
    },
    usage={"prompt_tokens": "{prompt}", "completion_tokens": "{completion}", "total_tokens": "{total}"},
    id="chatcmpl-{digits:3}",
    call_id="call_{lower:8}",
    fingerprint="fp_ollama",
    role="every",
    whole_calls=True,
    tail="\n",
    stream_type="text/event-stream",
    headers=(("content-type", "{content_type}"), ("date", "{date}"), ("transfer-encoding", "chunked")),
    words={
        **USUAL_WORDS,
        "invalid_request": Words("invalid request", "invalid_request_error"),
        "invalid_api_key": Words("unauthorized", "api_error"),
        "model_not_found": Words("model '{model}' not found", "not_found_error"),
        "server_error": Words("internal server error", "api_error"),
    },
)  # fmt: skip

LLAMA_CPP = Host(
    name="llama.cpp",
    body={
        "choices": "{choices}", "created": "{created}", "model": "{model}", "system_fingerprint": "{fingerprint}",
        "object": "chat.completion", "usage": "{usage}", "id": "{id}",
    },
    choice={"finish_reason": "{finish_reason}", "index": "{index}", "message": "{message}"},
    message={
        "role": "{role}", "reasoning_content": "{reasoning}", "content": "{content}", "tool_calls": "{tool_calls}",
    },
    call={"type": "{type}", "function": {"name": "{name}", "arguments": "{arguments}"}, "id": "{id}"},
    chunk={
        "choices": "{choices}", "created": "{created}", "id": "{id}", "model": "{model}",
        "system_fingerprint": "{fingerprint}", "object": "chat.completion.chunk", "usage": "{usage}",
    },
    chunk_choice={"finish_reason": "{finish_reason}", "index": "{index}", "delta": "{delta}"},
    beside={"opening": {"content": None}},
    usage={"completion_tokens": "{completion}", "prompt_tokens": "{prompt}", "total_tokens": "{total}"},
    id="chatcmpl-{letters:32}",
    call_id="{letters:32}",
    fingerprint="b6865-1c1409e13",
    json_type="application/json; charset=utf-8",
    stream_type="text/event-stream",
    headers=(("server", "llama.cpp"), *HEADERS[1:]),
    words=USUAL_WORDS,
    error={"error": {"code": "{status}", "message": "{message}", "type": "{type}"}},
)  # fmt: skip
