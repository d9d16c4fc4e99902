"""What is known of each API before it is asked: its names, the paths at which it may be, and what loads its folder.

A program asks one API or two, and the folders of all take longer to load than everything else that a block needs.
So each is loaded when a request comes to a path that may be its own.

Knows: all folders. Must not know: what a request at such a path is; that is what `Dialect.claims` says.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.base.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.dialects.base import Dialect


class Room:
    """A folder of dialects that is loaded when one of its APIs is asked.

    Args:
        load: Imports the folder and makes its dialects, in the order in which they are asked whose a request is.
        paths: A pattern that is found in each path that one of them claims; it may be found in others' too.
        names: The names of their APIs.

    """

    def __init__(self, load: Callable[[], tuple[Dialect, ...]], paths: str, *names: str) -> None:
        self.names = names
        self.may_claim = re.compile(paths).search
        self.loaded = Once(load)


def _openai_chat() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_chat.dialect import OpenAIChat

    return (OpenAIChat(),)


def _openai_responses() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_responses.compact import Compaction
    from llm_intercept.dialects.openai_responses.conversations import Conversations
    from llm_intercept.dialects.openai_responses.dialect import OpenAIResponses
    from llm_intercept.dialects.openai_responses.input_tokens import InputTokens
    from llm_intercept.dialects.openai_responses.stored import StoredResponses

    return (OpenAIResponses(), StoredResponses(), Conversations(), Compaction(), InputTokens())


def _anthropic_messages() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.anthropic_messages.batches import MessageBatches
    from llm_intercept.dialects.anthropic_messages.dialect import AnthropicMessages
    from llm_intercept.dialects.anthropic_messages.token_counter import TokenCounter

    return (AnthropicMessages(), MessageBatches(), TokenCounter())


def _google_gemini() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.google_gemini.count_tokens import CountTokens
    from llm_intercept.dialects.google_gemini.dialect import GoogleGemini

    return (GoogleGemini(), CountTokens())


def _openai_completions() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_completions.dialect import OpenAICompletions

    return (OpenAICompletions(),)


def _ollama() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.ollama.dialect import OllamaChat, OllamaGenerate
    from llm_intercept.dialects.ollama.ollama_embed import OllamaEmbed
    from llm_intercept.dialects.ollama.ollama_models import OllamaModels

    return (OllamaChat(), OllamaGenerate(), OllamaEmbed(), OllamaModels())


def _cohere() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.cohere.cohere_embed import CohereEmbed
    from llm_intercept.dialects.cohere.cohere_rerank import CohereRerank
    from llm_intercept.dialects.cohere.dialect import CohereChat

    return (CohereChat(), CohereEmbed(), CohereRerank())


def _cohere_models() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.cohere.cohere_models import CohereModels

    return (CohereModels(),)


def _bedrock() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.bedrock.dialect import BedrockConverse

    return (BedrockConverse(),)


CHATS = (
    r"openai\.|qwen\.|mistral\.(?!mistral-7b|mixtral|mistral-(?:small|large)-2402)|deepseek\.v3|ai21\.jamba|moonshot"
    r"|minimax\.|zai\.|google\.gemma|nvidia\."
)


def _bedrock_invoke() -> tuple[Dialect, ...]:
    """Say what each maker's models speak where Bedrock invokes them, by what their ids have in them; the first fits."""
    from llm_intercept.dialects.anthropic_messages.dialect import AnthropicMessages
    from llm_intercept.dialects.bedrock.dialect import Nova
    from llm_intercept.dialects.bedrock.invoke import BedrockInvoke
    from llm_intercept.dialects.bedrock.prompt_families import DEEPSEEK, LLAMA, MISTRAL, TITAN
    from llm_intercept.dialects.bedrock.prompted import Prompted
    from llm_intercept.dialects.bedrock.titan_embed import TitanEmbeddings
    from llm_intercept.dialects.cohere.cohere_embed import CohereEmbed
    from llm_intercept.dialects.openai_chat.dialect import OpenAIChat

    return (
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


def _openai_embeddings() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_embeddings.dialect import OpenAIEmbeddings

    return (OpenAIEmbeddings(),)


def _openai_models() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_models.dialect import OpenAIModels

    return (OpenAIModels(),)


def _openai_moderations() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_moderations.dialect import OpenAIModerations

    return (OpenAIModerations(),)


def _openai_images() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_images.dialect import OpenAIImages

    return (OpenAIImages(),)


def _openai_stored() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.openai_stored.dialect import OpenAIStored

    return (OpenAIStored(),)


def _anthropic_models() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.anthropic_models.dialect import AnthropicModels

    return (AnthropicModels(),)


def _google_embeddings() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.google_embeddings.dialect import GoogleEmbeddings

    return (GoogleEmbeddings(),)


def _google_models() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.google_models.dialect import GoogleModels

    return (GoogleModels(),)


def _side() -> tuple[Dialect, ...]:
    from llm_intercept.dialects.side.dialect import SIDE_REQUESTS

    return SIDE_REQUESTS


ROOMS = (
    Room(_openai_chat, r"/chat/completions/*$", "openai.chat"),
    Room(
        _openai_responses,
        r"/(?:responses|conversations)(?:/|$)",
        "openai.responses",
        "openai.responses.stored",
        "openai.conversations",
        "openai.responses.compact",
        "side.tokens",
    ),
    Room(
        _anthropic_messages,
        r"/messages(?:/|$)|/publishers/anthropic/models/",
        "anthropic.messages",
        "anthropic.batches",
        "side.tokens",
    ),
    Room(_google_gemini, r"(?:[gG]enerateContent|countTokens)/*$", "google.gemini", "side.tokens"),
    Room(_openai_completions, r"/completions/*$", "openai.completions"),
    Room(
        _ollama,
        r"/api/(?:chat|generate|embed|embeddings|show|tags|ps|version)/*$",
        "ollama.chat",
        "ollama.generate",
        "ollama.embed",
        "ollama.models",
    ),
    Room(_cohere, r"/v[12]/(?:chat|embed|rerank)/*$", "cohere.chat", "cohere.embed", "cohere.rerank"),
    Room(_cohere_models, r"/v1/models(?:/|$)", "cohere.models"),
    Room(_bedrock, r"/model/.+/converse", "bedrock.converse"),
    Room(_bedrock_invoke, r"/model/.+/invoke", "bedrock.invoke", "bedrock.embeddings"),
    Room(_openai_embeddings, r"/embeddings/*$", "openai.embeddings"),
    Room(_openai_models, r"/models(?:/|$)", "openai.models"),
    Room(_openai_moderations, r"/moderations/*$", "openai.moderations"),
    Room(_openai_images, r"/images/(?:generations|edits|variations)/*$", "openai.images"),
    Room(_openai_stored, r"/chat/completions(?:/|$)", "openai.chat.stored"),
    Room(_anthropic_models, r"/models(?:/|$)", "anthropic.models"),
    Room(_google_embeddings, r"(?:[eE]mbedContents?|predict)/*$", "google.embeddings"),
    Room(_google_models, r"/models(?:/|$)", "google.models"),
    Room(_side, r"/traces/ingest/*$", "side.telemetry"),
)
"""All of them, in the order in which they are asked whose a request is: those that are asked most come first."""


@lru_cache(maxsize=256)
def rooms_at(path: str) -> tuple[Room, ...]:
    """Find the folders that have a dialect which may claim requests at a path; none is loaded for it."""
    return tuple(room for room in ROOMS if room.may_claim(path))
