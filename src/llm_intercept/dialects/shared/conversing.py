"""An API of one answer to a conversation: what its dialect does with each kind of reply.

Knows: replies, forced tools. Must not know: any API's JSON.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, assert_never

from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.shared.forced import automatic, obeying
from llm_intercept.errors import ReplyError
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireResponse
    from llm_intercept.replies.kinds import Answer


class Conversation(Dialect):
    """An API that answers a conversation."""

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer in the shape that is asked for.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation, or says what the API cannot.

        """
        match answer:
            case Reply():
                return self.written(request, obeying(request, answer), context)
            case AutoReply():
                return self.respond(request, automatic(request, answer), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return self.ready(request, answer, context)
            case Embeddings() | Moderations():
                problem = f"{answer!r} cannot answer a question to a model"
                raise ReplyError(problem, "Answer its own API alone with it: llm.on(api='openai.embeddings').")
            case _:
                assert_never(answer)

    @abstractmethod
    def written(self, request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
        """Write a reply that is bent to the request."""

    @abstractmethod
    def ready(self, request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
        """Send a ready body, in the shape that is asked for."""
