"""The APIs that can be answered: each a folder, listed in one tuple. What none of them claims is `OPAQUE`'s."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llm_intercept.dialects.anthropic_messages.batches import MessageBatches
from llm_intercept.dialects.anthropic_messages.dialect import AnthropicMessages
from llm_intercept.dialects.anthropic_messages.token_counter import TokenCounter
from llm_intercept.dialects.anthropic_models.dialect import AnthropicModels
from llm_intercept.dialects.bedrock.dialect import BedrockConverse, Nova
from llm_intercept.dialects.bedrock.invoke import BedrockInvoke
from llm_intercept.dialects.bedrock.prompt_families import DEEPSEEK, LLAMA, MISTRAL, TITAN
from llm_intercept.dialects.bedrock.prompted import Prompted
from llm_intercept.dialects.bedrock.titan_embed import TitanEmbeddings
from llm_intercept.dialects.cohere.cohere_embed import CohereEmbed
from llm_intercept.dialects.cohere.cohere_models import CohereModels
from llm_intercept.dialects.cohere.cohere_rerank import CohereRerank
from llm_intercept.dialects.cohere.dialect import CohereChat
from llm_intercept.dialects.google_embeddings.dialect import GoogleEmbeddings
from llm_intercept.dialects.google_gemini.count_tokens import CountTokens
from llm_intercept.dialects.google_gemini.dialect import GoogleGemini
from llm_intercept.dialects.google_models.dialect import GoogleModels
from llm_intercept.dialects.ollama.dialect import OllamaChat, OllamaGenerate
from llm_intercept.dialects.ollama.ollama_embed import OllamaEmbed
from llm_intercept.dialects.ollama.ollama_models import OllamaModels
from llm_intercept.dialects.opaque import Opaque
from llm_intercept.dialects.openai_chat.dialect import OpenAIChat
from llm_intercept.dialects.openai_completions.dialect import OpenAICompletions
from llm_intercept.dialects.openai_embeddings.dialect import OpenAIEmbeddings
from llm_intercept.dialects.openai_models.dialect import OpenAIModels
from llm_intercept.dialects.openai_moderations.dialect import OpenAIModerations
from llm_intercept.dialects.openai_responses.compact import Compaction
from llm_intercept.dialects.openai_responses.conversations import Conversations
from llm_intercept.dialects.openai_responses.dialect import OpenAIResponses
from llm_intercept.dialects.openai_responses.input_tokens import InputTokens
from llm_intercept.dialects.openai_responses.stored import StoredResponses
from llm_intercept.dialects.openai_stored.dialect import OpenAIStored
from llm_intercept.dialects.side.dialect import SIDE_REQUESTS

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.dialects.key_headers import KeyHeader
    from llm_intercept.model.wire import WireRequest

__all__ = ["DIALECTS", "EVERY", "OPAQUE", "all_keys", "api_names", "claimed_by", "dialect_of", "home_of", "maker_of"]

CHATS = (
    r"openai\.|qwen\.|mistral\.(?!mistral-7b|mixtral|mistral-(?:small|large)-2402)|deepseek\.v3|ai21\.jamba|moonshot"
    r"|minimax\.|zai\.|google\.gemma|nvidia\."
)
INVOKED: tuple[Dialect, ...] = (
    BedrockInvoke(AnthropicMessages(), r"anthropic\.claude|application-inference-profile/|provisioned-model/"),
    BedrockInvoke(Nova(), r"amazon\.nova-(?!canvas|reel|sonic)"),
    BedrockInvoke(OpenAIChat(), CHATS),
    BedrockInvoke(Prompted(LLAMA), r"meta\.llama"),
    BedrockInvoke(Prompted(MISTRAL), r"mistral\."),
    BedrockInvoke(Prompted(DEEPSEEK), r"deepseek\.r1"),
    BedrockInvoke(Prompted(TITAN), r"amazon\.titan-(?:text|tg1)"),
    BedrockInvoke(CohereEmbed(), r"cohere\.embed"),
    TitanEmbeddings(),
)
"""What each maker's models speak where Bedrock invokes them, by what their ids have in them, the first that fits."""
DIALECTS: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    AnthropicMessages(),
    GoogleGemini(),
    OpenAICompletions(),
    OllamaChat(),
    OllamaGenerate(),
    OllamaEmbed(),
    OllamaModels(),
    CohereChat(),
    CohereEmbed(),
    CohereRerank(),
    CohereModels(),
    BedrockConverse(),
    *INVOKED,
    OpenAIEmbeddings(),
    OpenAIModels(),
    OpenAIModerations(),
    OpenAIStored(),
    StoredResponses(),
    Conversations(),
    Compaction(),
    InputTokens(),
    AnthropicModels(),
    MessageBatches(),
    TokenCounter(),
    GoogleEmbeddings(),
    GoogleModels(),
    CountTokens(),
    *SIDE_REQUESTS,
)
"""All of them, in the order in which they are asked whose a request is: those that are asked most come first."""
OPAQUE = Opaque(DIALECTS)
EVERY: tuple[Dialect, ...] = (*DIALECTS, OPAQUE)


def claimed_by(head: WireRequest) -> Dialect | None:
    """Find the dialect that answers requests like this one; None if there is none. Of a head that is kept, once."""
    known = head.beside
    if known is None:
        return _claimed_by(head)
    if claimed_by not in known:
        known[claimed_by] = _claimed_by(head)
    found: Dialect | None = known[claimed_by]
    return found


def _claimed_by(head: WireRequest) -> Dialect | None:
    for dialect in DIALECTS:
        if dialect.claims(head):
            return dialect
    return None


def dialect_of(head: WireRequest) -> Dialect:
    """Find the dialect of a request: the one that claims it, or the null dialect."""
    return claimed_by(head) or OPAQUE


def api_names() -> tuple[str, ...]:
    """Name all APIs that a request may be one of."""
    answered, others = (one.name for one in DIALECTS), OPAQUE.names
    return tuple(dict.fromkeys((*answered, *others)))


def maker_of(made_by: str) -> Dialect | None:
    """Find the API that an SDK's class is an answer of; None if nobody here knows it."""
    return next((one for one in DIALECTS if one.objects and made_by.startswith(one.objects)), None)


def all_keys() -> tuple[KeyHeader, ...]:
    """Say how programs show their keys to which hosts, of one host the usual way first."""
    return tuple(dict.fromkeys(key for one in DIALECTS for key in one.keys))


def home_of(head: WireRequest) -> str:
    """Name the host that a request at a server of another name is meant for; empty where nobody here knows.

    Several makers have some paths: what the head itself says of them comes first, then the order of the dialects.
    """
    dialect = claimed_by(head)
    if dialect is not None:
        return dialect.home
    homes = dict.fromkeys(one.home for one in DIALECTS if one.home)
    there = {home: replace(head, host=home, url=f"https://{home}{head.path}") for home in homes}
    claimed = next((home for home, one in there.items() if claimed_by(one) is not None), "")
    return claimed or OPAQUE.home_of(head) or next((home for home, one in there.items() if OPAQUE.called(one)), "")
