"""The counter of Responses as a dialect: how many tokens a request has, with all that it continues.

Knows: the path and the JSON (OpenAI's reference, "Get input token counts"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import json_object
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.dialects.openai.by_default import ByDefault, answer_of
from llm_intercept.dialects.openai_responses.read import ResponsesRequest
from llm_intercept.dialects.openai_responses.recorded import RECORDED
from llm_intercept.dialects.openai_responses.remembered import remembered
from llm_intercept.dialects.openai_responses.reported import prompt_tokens
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse
    from llm_intercept.stored.shelves import Shelves

PATH = "/responses/input_tokens"


class InputTokens(ByDefault):
    """The counter, on whatever host; frameworks ask it beside the model, as they do those of other APIs."""

    name = "side.tokens"
    what = "a number of tokens"
    recorded = RECORDED
    takes = ()
    is_side = True
    remembers = True

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and head.path.rstrip("/").endswith(PATH)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        return ResponsesRequest.of(head, body, content, self.name)

    def recall(self, request: LLMRequest, shelves: Shelves) -> LLMRequest:
        """Find what a request continues; where nobody here answered that, the rest is counted."""
        try:
            return remembered(request, shelves)
        except BadRequestError:
            return request

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        tokens = prompt_tokens(request, context.tokenizer)
        context.note_usage(Usage(tokens))
        return answer_of({"object": "response.input_tokens", "input_tokens": tokens}, request, context)
