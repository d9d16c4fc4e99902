"""The counter of tokens as a dialect: how many tokens a request has.

Frameworks ask it beside the model, so it is a side request: listed apart, and no reason for a test to fail.

Knows: the path and the JSON (Anthropic's reference, "Count tokens in a Message"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import json_object
from llm_intercept.dialects.anthropic.by_itself import AnthropicByItself
from llm_intercept.dialects.anthropic.origin import on_vertex, place_of
from llm_intercept.dialects.anthropic_messages.claude_costs import prompt_tokens
from llm_intercept.dialects.anthropic_messages.read import COUNTS, MessagesRequest
from llm_intercept.dialects.anthropic_messages.rejected import check
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse

PATH = "/messages/count_tokens"


class TokenCounter(AnthropicByItself):
    """The counter of tokens; a rule answers it only where it says that it means it."""

    name = "side.tokens"
    what = "a number of tokens"
    takes = ()
    is_side = True

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        named = on_vertex(path)
        return head.method == "POST" and (path.endswith(PATH) or (named is not None and named[0] == COUNTS))

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        return MessagesRequest.of(head, body, content, self.name)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what Anthropic refuses; of others' hosts, strictly alone what these may take."""
        check(request.raw, strictly=strictly or place_of(request.url) != "compatible", counts=True)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        tokens = prompt_tokens(request, context.tokenizer)
        context.note_usage(Usage(tokens))
        return self.answered({"input_tokens": tokens}, request, context)
