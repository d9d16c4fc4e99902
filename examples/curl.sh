#!/bin/sh
# curl, told of the server: llm-intercept run --reply "Packets fall." -- sh examples/curl.sh
set -eu
asked='{"model": "gpt-4o", "messages": [{"role": "user", "content": "Write a haiku."}]}'
curl --silent --fail "$OPENAI_BASE_URL/chat/completions" -H "authorization: Bearer $OPENAI_API_KEY" -H 'content-type: application/json' -d "$asked"

# A stream, as it comes; curl takes it for whole only when it is.
curl --silent --fail --no-buffer "$ANTHROPIC_BASE_URL/v1/messages" -H "x-api-key: $ANTHROPIC_API_KEY" -H 'anthropic-version: 2023-06-01' \
  -d '{"model": "claude-opus-4-6", "max_tokens": 100, "stream": true, "messages": [{"role": "user", "content": "Write a haiku."}]}'

# The server itself: what it was asked.
curl --silent --fail "${OPENAI_BASE_URL%/v1}/__llm_intercept/calls?last=2"
