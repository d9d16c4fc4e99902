"""Anthropic's APIs that nobody here speaks, by their paths (anthropic 2.14).

Knows: paths, and what their objects call themselves. Must not know: which of them are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.anthropic.origin import is_asked
from llm_intercept.dialects.shared.other_apis import KnownApi, OtherApis

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {
    "agents": "agent",
    "compliance": "compliance",
    "deployment_runs": "deployment_run",
    "deployments": "deployment",
    "dreams": "dream",
    "environments": "environment",
    "files": "file",
    "memory_stores": "memory_store",
    "organizations": "organization",
    "sessions": "session",
    "skills": "skill",
    "tunnels": "tunnel",
    "user_profiles": "user_profile",
    "vaults": "vault",
}
WORDS = {"organizations": "administration"}
OLDEST = KnownApi("complete", "text completions", "anthropic.complete", "completion")
"""What came before messages."""
APIS = (
    *(
        KnownApi(path, WORDS.get(path, path.replace("_", " ")), f"anthropic.{path}", kind)
        for path, kind in KINDS.items()
    ),
    OLDEST,
)
LISTED: Mapping[str, Any] = {"data": [], "has_more": False}
ANTHROPICS = OtherApis("Anthropic", APIS, r"(?:^|/)v\d/", is_asked, "api.anthropic.com", "type", LISTED)
