"""OpenAI's APIs by their paths: what they are called, and what a ready answer of each looks like.

Knows: paths and the smallest answers (OpenAI's reference). Must not know: which of them are answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.flavor import AZURE_HOSTS, flavor_of, is_openai_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest


@dataclass(frozen=True, slots=True)
class KnownApi:
    """One of OpenAI's APIs.

    Attributes:
        path: What its paths begin with, behind the version.
        words: What it is called.
        name: Its name, as `LLMRequest.api` has it.
        kind: What its objects call themselves; empty where `answer` is all there is to say.
        answer: What a request of it is answered with, where that is no object with an id.
        content_type: The type of that answer, where it is no JSON.

    """

    path: str
    words: str
    name: str
    kind: str = ""
    answer: Any = None
    content_type: str = ""


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
)
PATH = re.compile(
    r"(?:^|/)(?:v\d[\w.]*|openai|deployments/[^/]+)/(" + "|".join(re.escape(one.path) for one in APIS) + r")(/.*)?$"
)
STORED = APIS[0].path
BY_PATH = {one.path: one for one in APIS}


def api_of(head: WireRequest) -> KnownApi | None:
    """Find the API of a request to OpenAI, to Azure, or by OpenAI's SDK; None where it is none of these."""
    if flavor_of(head.url) == "compatible" and "/openai/" not in head.path and not is_openai_client(head.headers):
        return None
    found = PATH.search(head.path.rstrip("/"))
    if found is None or (found[1] == STORED and head.method == "POST" and not found[2]):
        return None
    return BY_PATH[found[1]]


def called(api: KnownApi, head: WireRequest) -> str:
    """Say whose API it is: `OpenAI's files API`."""
    if flavor_of(head.url) == "openai":
        return f"OpenAI's {api.words} API"
    return f"Azure's {api.words} API" if head.host.endswith(AZURE_HOSTS) else f"the {api.words} API that OpenAI has"


def smallest_answer(api: KnownApi, head: WireRequest) -> tuple[Mapping[str, Any] | bytes, str]:
    """Make a small ready answer to a request, and its content type where it is no JSON."""
    found = PATH.search(head.path.rstrip("/"))
    rest = [part for part in (found[2] or "").split("/") if part] if found is not None else []
    if rest[-1:] == ["content"]:
        return b"content", "application/octet-stream"
    if api.answer is not None:
        return api.answer, api.content_type
    if head.method == "GET" and len(rest) % 2 == 0:  # /files, /vector_stores/vs_1/files
        return {"object": "list", "data": [], "has_more": False}, ""
    shown: dict[str, Any] = {"id": rest[0] if rest else f"{api.kind.rpartition('.')[2]}_1", "object": api.kind}
    return {**shown, "deleted": True} if head.method == "DELETE" else shown, ""
