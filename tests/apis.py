"""Where each API is asked, and how: what laws that hold for all of them are tried with."""

from __future__ import annotations

from typing import Any

from tests.support import GEMINI, MESSAGES, RESPONSES, URL, chat, contents, message, respond

AMAZON = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
HI = [{"role": "user", "content": "hi"}]
APIS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "openai.chat": (URL, URL, chat()),
    "openai.responses": (RESPONSES, RESPONSES, respond()),
    "anthropic.messages": (MESSAGES, MESSAGES, message()),
    "google.gemini": (f"{GEMINI}:generateContent", f"{GEMINI}:streamGenerateContent?alt=sse", contents()),
    "ollama.chat": ("http://localhost:11434/api/chat",) * 2 + ({"model": "llama3.2", "messages": HI},),
    "cohere.chat": ("https://api.cohere.com/v2/chat",) * 2 + ({"model": "command-a-03-2025", "messages": HI},),
    "bedrock.converse": (
        f"{AMAZON}/amazon.nova-lite-v1%3A0/converse",
        f"{AMAZON}/amazon.nova-lite-v1%3A0/converse-stream",
        {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
    ),
    "bedrock.invoke": (
        f"{AMAZON}/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke",
        f"{AMAZON}/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream",
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": HI},
    ),
}
"""Where each API is asked for JSON and for a stream, and a question."""
