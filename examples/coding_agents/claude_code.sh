#!/bin/sh
# Claude Code by its environment alone: llm-intercept run --rules rules.toml -- sh claude_code.sh
# It reads ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY, which `run` sets, and needs no network.
set -eu
export DISABLE_TELEMETRY=1 DISABLE_AUTOUPDATER=1
exec ./node_modules/.bin/claude -p "Please list the files." --allowedTools Bash --output-format stream-json --verbose </dev/null
