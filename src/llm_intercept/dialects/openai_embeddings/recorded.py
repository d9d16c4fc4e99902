"""What recordings need to know of embeddings: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object, mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai_embeddings.read import PATH, texts_of
from llm_intercept.dialects.openai_embeddings.write import restated
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports; None if it reports none."""
    counted = mapping(mapping(values[0]).get("usage")).get("prompt_tokens") if values else None
    return Usage(counted) if is_int(counted, 0) else None


RECORDED = Recorded(
    last_user=lambda body: texts_of(mapping(body)),
    roles=lambda _: ["user"],
    usage=usage,
    kept_headers=KEPT,
    changing_headers=CHANGING,
    not_in_key=frozenset({"user", "encoding_format"}),  # base64 or not, the numbers are the same
    models={PATH: ("openai.types", "CreateEmbeddingResponse", "")},
    as_clients_read=lambda value: restated(value, is_base64=False) if is_object(value) else value,
)
