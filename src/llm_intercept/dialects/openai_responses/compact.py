"""Compaction as a dialect: what a conversation is made shorter to, for the next request to begin with.

Knows: the path and the JSON (OpenAI's reference, "Compact a response"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import json_object, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.by_default import ByDefault, answer_of
from llm_intercept.dialects.openai.flavor import is_openai_client
from llm_intercept.dialects.openai.refusals import missing
from llm_intercept.dialects.openai_responses.item_ids import item_id, response_id
from llm_intercept.dialects.openai_responses.kept import given
from llm_intercept.dialects.openai_responses.listed import listed, said_before
from llm_intercept.dialects.openai_responses.output import secret
from llm_intercept.dialects.openai_responses.read import ResponsesRequest
from llm_intercept.dialects.openai_responses.recorded import RECORDED
from llm_intercept.dialects.openai_responses.remembered import remembered
from llm_intercept.dialects.openai_responses.reported import prompt_tokens, usage_json
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse
    from llm_intercept.stored.shelves import Shelves

PATH = "/responses/compact"
COMPACTED = 64
"""How many tokens what is left is said to have."""


class Compaction(ByDefault):
    """Compaction, where a known host or one of OpenAI's SDKs is asked for it."""

    name = "openai.responses.compact"
    what = "a compacted conversation"
    recorded = RECORDED
    remembers = True

    def claims(self, head: WireRequest) -> bool:
        if head.method != "POST" or not head.path.rstrip("/").endswith(PATH):
            return False
        return is_llm_place(head.host, head.path) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; raises `BadRequestError` where it has no model."""
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        if not text(body.get("model")):
            raise missing("model")
        return ResponsesRequest.of(head, body, content, self.name)

    def recall(self, request: LLMRequest, shelves: Shelves) -> LLMRequest:
        return remembered(request, shelves)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Keep what the user said, and put one item in the place of all else."""
        identity, made = context.identity, context.identity.second
        before, asked = (request.before, request.said) if isinstance(request, ResponsesRequest) else ((), request.raw)
        said = [*said_before(before), *listed(given(asked), identity, made)]
        kept = [one for one in said if one.get("type") == "message" and one.get("role") == "user"]
        short = {
            "id": f"cmp_{item_id(identity, made, 'compaction')}",
            "type": "compaction",
            "encrypted_content": secret(identity, 0),
        }
        used = Usage(prompt_tokens(request, context.tokenizer), COMPACTED)
        context.note_usage(used)
        body = {
            "id": response_id(identity, made),
            "object": "response.compaction",
            "created_at": made,
            "output": [*kept, short],
            "usage": usage_json(used),
        }
        return answer_of(body, request, context)
