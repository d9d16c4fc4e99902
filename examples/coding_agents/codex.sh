#!/bin/sh
# Codex: llm-intercept run --rules rules.toml -- sh codex.sh
# It reads CODEX_API_KEY from its environment and the URL from its configuration; it asks over Responses' WebSocket.
set -eu
export CODEX_API_KEY="$OPENAI_API_KEY"
exec ./node_modules/.bin/codex exec --skip-git-repo-check -s danger-full-access -c openai_base_url="$OPENAI_BASE_URL" \
  -c check_for_update_on_startup=false --json "Please list the files." </dev/null
