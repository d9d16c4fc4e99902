"""Cohere's APIs that nobody here speaks, by their paths (cohere 7.3; its reference, "API version 1").

Knows: paths, and the smallest answers. Must not know: which of them are answered.
"""

from __future__ import annotations

from llm_intercept.dialects.cohere.cohere_origin import is_cohere
from llm_intercept.dialects.shared.other_apis import KnownApi, OtherApis

NAMED = {
    "audio/transcriptions": "transcriptions",
    "batches": "batches",
    "chat": "older chat",
    "classify": "classify",
    "connectors": "connectors",
    "datasets": "datasets",
    "detokenize": "tokens",
    "embed-jobs": "embed jobs",
    "finetuning": "fine-tuning",
    "generate": "generate",
    "parse": "parse",
    "summarize": "summarize",
    "tokenize": "tokens",
}
"""What they are called, by their paths."""
ANSWERS = {"chat": {"text": "Hello.", "generation_id": "1"}, "audio/transcriptions": {"text": "Hello."}}
APIS = tuple(
    KnownApi(path, words, f"cohere.{words.replace(' ', '_')}", path, ANSWERS.get(path)) for path, words in NAMED.items()
)
COHERES = OtherApis("Cohere", APIS, r"/v[12]/", is_cohere, "api.cohere.com", "object", {})
