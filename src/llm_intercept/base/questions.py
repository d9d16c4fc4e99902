"""The paths by which a POST asks a model, whatever host it goes to, in whatever case: some servers do not mind it.

Many paths say it by themselves. Some are those of other applications too: of a chat's messages, a form's responses.
They ask a model where something else says so as well: a header that only the APIs' clients send, or a JSON body with
the name of a model; a server of one model needs none, so there the API's version in the path and its question say it.

Knows: paths from the APIs' references, and how their clients' requests look. Must not know: hosts, clients, answers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

CERTAIN = (
    # OpenAI, and who speaks as it does
    "/chat/completions",
    "/fim/completions",
    "/responses/compact",
    "/responses/input_tokens",
    "/images/generations",
    "/images/edits",
    "/images/variations",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/moderations",
    # Anthropic
    "/messages/count_tokens",
    "/messages/batches",
    # Google
    ":generateContent",
    ":streamGenerateContent",
    ":batchGenerateContent",
    ":generateAnswer",
    ":generateText",
    ":embedContent",
    ":batchEmbedContents",
    ":asyncBatchEmbedContent",
    ":embedText",
    ":countTokens",
    ":predictLongRunning",
    ":rawPredict",
    ":streamRawPredict",
    # Amazon SageMaker, Databricks
    "/invocations-response-stream",
    # IBM
    "/ml/v1/text/chat",
    "/ml/v1/text/chat_stream",
    "/ml/v1/text/generation",
    "/ml/v1/text/generation_stream",
    "/ml/v1/text/rerank",
    # Snowflake
    "/cortex/inference:complete",
    "/cortex/inference:embed",
)
"""What a path ends in that nothing but a model's API has."""
CERTAIN_IN_ANY_CASE = tuple(map(str.lower, CERTAIN))
CERTAIN_FORMS = re.compile(
    r"(?:/model/[^/]+/(?:converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)"  # Amazon Bedrock
    r"|/async-invoke"
    r"|/(?:serving-endpoints|endpoints)/[^/]+/invocations"  # Databricks, SageMaker
    r"|/(?:publishers/[^/]+/models|projects/[^/]+/locations/[^/]+/endpoints)/[^/]+:(?:predict|serverStreamingPredict)"
    r"|/accounts/[^/]+/ai/run/.+"  # Cloudflare
    r"|/20\d{6}/actions/(?:chat|embedText|generateText|rerankText))$",  # Oracle
    re.IGNORECASE,
)
"""How a path ends that has names in it."""
LIKELY = (
    "/embeddings",
    "/completions",
    "/responses",
    "/messages",
    "/invocations",
    "/predictions",
    "/rerank",
    ":predict",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/v1/chat",
    "/v2/chat",
    "/v1/complete",
    "/v1/embed",
    "/v2/embed",
    "/v1/generate",
    "/generate_stream",
)
"""What a path ends in that other applications have too."""
VERSIONED = re.compile(r"/v\d+/(embeddings|completions|responses)$")
QUESTIONS = {"embeddings": "input", "completions": "prompt", "responses": "input"}
"""What is asked at paths of OpenAI's, which other servers have too, behind their version."""
ITEM = re.compile(r"message|item_reference|reasoning|\w+_call|\w+_output")
"""What the items of a conversation are that have no role; a form's fields have types too."""
SIGNS = (
    "anthropic-version",
    "x-goog-api-key",
    "x-goog-api-client",
    "x-stainless-lang",
    "openai-organization",
    "openai-beta",
)
"""Headers that only the APIs' clients send."""
CLIENTS = re.compile(
    r"(?:ollama-python|openai|anthropic|mistral-client|cohere|google-genai-sdk|litellm)/", re.IGNORECASE
)

Question = Literal["yes", "perhaps", "no"]


def asks_a_model(method: str, path: str, headers: Mapping[str, Any]) -> Question:
    """Whether the head of a request says that it asks a model; `perhaps`, where its body may say so."""
    if method.upper() != "POST":
        return "no"
    path = path.rstrip("/").lower()
    if path.endswith(CERTAIN_IN_ANY_CASE) or CERTAIN_FORMS.search(path):
        return "yes"
    if not path.endswith(LIKELY):
        return "no"
    return "yes" if _is_client(headers) else "perhaps"


def _is_client(headers: Mapping[str, Any]) -> bool:
    """Whether a model API's client sends the headers, or one that compresses what it sends: no chat's client does."""
    names = {name.lower(): str(value) for name, value in headers.items()}
    return (
        any(name in names for name in SIGNS)
        or "content-encoding" in names
        or CLIENTS.search(names.get("user-agent", "")) is not None
    )


def body_asks_a_model(path: str, content: bytes) -> bool:
    """Whether a body is a JSON object that asks a model at a likely path.

    It names one, as all the APIs' do whose path does not; or it has the question of an API whose version the path has.
    """
    versioned = VERSIONED.search(path.rstrip("/").lower())
    question = QUESTIONS[versioned[1]] if versioned else ""
    if b'"model"' not in content and not (question and f'"{question}"'.encode() in content):
        return False
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return b'"model"' in content  # it names one, and nobody can say that no server reads it
    if not isinstance(body, dict):
        return False
    asked = cast("dict[str, object]", body)
    named = asked.get("model")
    if isinstance(named, str) and named:
        return True
    return versioned is not None and _is_question(asked.get(question), versioned[1])


def _is_question(value: object, path: str) -> bool:
    """Whether a value is a text, or a list: of a conversation's items, at other paths of texts or of tokens."""
    if not isinstance(value, list):
        return isinstance(value, str) and bool(value)
    several = cast("list[object]", value)
    is_one = _is_item if path == "responses" else _is_text
    return bool(several) and all(map(is_one, several))


def _is_text(one: object) -> bool:
    return isinstance(one, str | int | list) and not isinstance(one, bool)


def _is_item(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    item = cast("dict[str, object]", one)
    return "role" in item or ITEM.fullmatch(str(item.get("type"))) is not None
