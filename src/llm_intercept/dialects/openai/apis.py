"""OpenAI's APIs by their paths: what they are called, and what a ready answer of each looks like.

Knows: paths and the smallest answers (OpenAI's reference). Must not know: which of them are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.flavor import AZURE_HOSTS, flavor_of, is_openai_client
from llm_intercept.dialects.shared.other_apis import KnownApi, OtherApis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest


APIS = (
    KnownApi("chat/completions", "stored chat completions", "openai.chat.stored", "chat.completion"),
    KnownApi("completions", "legacy completions", "openai.completions", "text_completion"),
    KnownApi("responses", "responses", "openai.responses", "response"),
    KnownApi("conversations", "conversations", "openai.conversations", "conversation"),
    KnownApi("models", "models", "openai.models", "model"),
    KnownApi("files", "files", "openai.files", "file"),
    KnownApi("uploads", "uploads", "openai.uploads", "upload"),
    KnownApi("batches", "batches", "openai.batches", "batch"),
    KnownApi("images", "images", "openai.images", answer={"created": 1, "data": [{"b64_json": ""}]}),
    KnownApi("audio/speech", "speech", "openai.audio.speech", answer=b"sound", content_type="audio/mpeg"),
    KnownApi("audio/transcriptions", "transcriptions", "openai.audio.transcriptions", answer={"text": "Hello."}),
    KnownApi("audio/translations", "translations", "openai.audio.translations", answer={"text": "Hello."}),
    KnownApi("audio", "audio", "openai.audio", answer={}),
    KnownApi("videos", "videos", "openai.videos", "video"),
    KnownApi("fine_tuning/jobs", "fine-tuning", "openai.fine_tuning", "fine_tuning.job"),
    KnownApi("fine_tuning", "fine-tuning", "openai.fine_tuning", answer={}),
    KnownApi("vector_stores", "vector stores", "openai.vector_stores", "vector_store"),
    KnownApi("assistants", "assistants", "openai.assistants", "assistant"),
    KnownApi("threads", "threads", "openai.threads", "thread"),
    KnownApi("containers", "containers", "openai.containers", "container"),
    KnownApi("evals", "evals", "openai.evals", "eval"),
    KnownApi("skills", "skills", "openai.skills", "skill"),
    KnownApi("realtime", "realtime", "openai.realtime", answer={"value": "ek_1", "expires_at": 1, "session": {}}),
    KnownApi("chatkit", "ChatKit", "openai.chatkit", answer={}),
    KnownApi("organization", "administration", "openai.organization", answer={"object": "list", "data": []}),
    KnownApi("projects", "administration", "openai.organization", answer={"object": "list", "data": []}),
    KnownApi("agents/sessions", "agents", "openai.agents", "agent.session"),
    KnownApi("agents", "agents", "openai.agents", "agent"),
    KnownApi("vaults", "vaults", "openai.vaults", "vault"),
    KnownApi("decisions", "decisions", "openai.decisions", answer={"id": "decision_1", "answers": []}),
    KnownApi("live", "live sessions", "openai.live", answer={"id": "live_1"}),
    KnownApi("content_provenance_checks", "provenance", "openai.provenance", answer={"id": "check_1"}),
    KnownApi("safety", "safety", "openai.safety", answer={"id": "alert_1"}),
    KnownApi("webhook_endpoints", "webhooks", "openai.webhooks", "webhook_endpoint"),
    KnownApi("webhook_event_types", "webhooks", "openai.webhooks", "list"),
)
STORED = APIS[0].path
VERSION = r"(?:^|/)(?:v\d[\w.]*|openai|deployments/[^/]+)/"
"""What stands before their paths: a version, Azure's folder, a deployment."""


class OpenAIsApis(OtherApis):
    """OpenAI's, at its own hosts and at Azure's, or where its SDK asks."""

    def find(self, head: WireRequest) -> KnownApi | None:
        found = self.path.search(head.path.rstrip("/")) if self.asks(head) else None
        if found is None or (found[1] == STORED and head.method == "POST" and not found[2]):
            return None
        return self.by_path[found[1]]

    def called(self, api: KnownApi, head: WireRequest) -> str:
        if flavor_of(head.url) == "openai":
            return f"OpenAI's {api.words} API"
        return f"Azure's {api.words} API" if head.host.endswith(AZURE_HOSTS) else f"the {api.words} API that OpenAI has"


def _is_asked(head: WireRequest) -> bool:
    return flavor_of(head.url) != "compatible" or "/openai/" in head.path or is_openai_client(head.headers)


LISTED: Mapping[str, Any] = {"object": "list", "data": [], "has_more": False}
OPENAIS = OpenAIsApis("OpenAI", APIS, VERSION, _is_asked, "api.openai.com", "object", LISTED)
