"""The counter of tokens: answered by the same count that an answer reports of its prompt.

Knows: the JSON of both forms (the API's reference, "Counting tokens"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import json_object, mapping
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google.places import asks, place_of
from llm_intercept.dialects.google.self_answered import SelfAnswered, answer_of
from llm_intercept.dialects.google_gemini.read import GeminiRequest
from llm_intercept.dialects.google_gemini.token_counts import prompt_of
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse

NAME = "side.tokens"
METHOD = "countTokens"
WRAPPED = "generateContentRequest"
"""Where AI Studio's counter may have the request that is meant."""


class CountTokens(SelfAnswered):
    """Google's counter of tokens, a side request of frameworks."""

    name = NAME
    what = "a count of tokens"
    takes = ()
    is_side = True

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and asks(head.path.rstrip("/"), METHOD)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        return GeminiRequest.of(head, body, content, place_of(head.url), NAME)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Count the prompt."""
        meant = mapping(got(request.raw, WRAPPED)) or request.raw
        prompt = prompt_of(request.replaced(raw=meant, **_counted(meant)), context.tokenizer)
        context.note_usage(Usage(prompt.tokens))
        told: dict[str, Any] = {"totalTokens": prompt.tokens}
        if place_of(request.url).is_vertex:
            told["totalBillableCharacters"] = sum(len("".join(message.text.split())) for message in request.messages)
        return answer_of({**told, "promptTokensDetails": prompt.details(prompt.tokens)}, request, context)


def _counted(meant: Any) -> dict[str, Any]:
    """Read what is counted of the request that is meant."""
    whole = GeminiRequest.__new__(GeminiRequest)
    whole.__dict__.update(raw=meant)
    return {"messages": whole.messages, "tools": whole.tools}
