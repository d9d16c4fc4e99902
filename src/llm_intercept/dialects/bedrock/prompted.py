"""Models that are invoked with a prompt and say a text to it, as a dialect; they are asked in Bedrock's envelope alone.

Knows: what a row of a family says, and how an answer is made of it. Must not know: the envelope, rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.framings import SSE
from llm_intercept.base.json import encode, items, json_object, mapping, text
from llm_intercept.base.sse import frame
from llm_intercept.dialects.base import BadRequestError, Recorded, UnreadableError
from llm_intercept.dialects.bedrock.aws_origin import JSON, BedrockDialect
from llm_intercept.dialects.bedrock.prompt_families import Answered
from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.dialects.shared.conversing import Conversation
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.prompt_cost import prompt_tokens
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.dialects.shared.told_parts import Said, Teller, sayable
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import ErrorReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.bedrock.prompt_families import Family
    from llm_intercept.model.parts import FinishReason
    from llm_intercept.model.wire import EventKind, WireRequest
    from llm_intercept.replies.kinds import RawReply


class Prompted(BedrockDialect, Conversation):
    """A family of models that are given a prompt.

    Args:
        family: Its words.

    """

    name = "bedrock.invoke"

    def __init__(self, family: Family) -> None:
        self._family = family
        self._finishes: dict[str, str] = {**dict(family.ends.items()), **{word: word for word in family.ends.values()}}
        self.grammar = Pieces(family)
        self.recorded = Recorded(
            last_user=lambda body: text(mapping(body).get(family.prompt)),
            roles=lambda _: ["user"],
            usage=self._usage,
            replies=self._replies,
            delta_fields=frozenset({"text", "generation", "outputText"}),
        )

    def claims(self, head: WireRequest) -> bool:
        del head
        return False

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body, family = json_object(content), self._family
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        prompt = body.get(family.prompt)
        if not isinstance(prompt, str):
            told = f"Malformed input request: #: required key [{family.prompt}] not found, please reformat your input "
            raise BadRequestError(ErrorReply(400, message=f"{told}and try again."))
        limit = _at(body, family.limit)
        return LLMRequest.made(
            head,
            body,
            content,
            api=self.name,
            messages=(Message(role="user", parts=(Text(prompt),)),),
            max_tokens=limit if is_int(limit, 0) else None,
        )

    def written(self, request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
        parts = sayable(reply, (Text,), "Bedrock's models that are given a prompt")
        stops = tuple(one for one in items(_at(request.raw, self._family.stops)) if text(one))
        teller = Teller.of(parts, request, reply, context.tokenizer, stops)
        given = finish_of(reply, self._finishes, "Bedrock's models that are given a prompt")

        def end() -> Answered:
            used = reply.usage or Usage(prompt_tokens(request, context.tokenizer), teller.tokens)
            context.note_usage(used)
            return Answered("", given or self._family.ends[teller.end], used.input_tokens, used.output_tokens)

        if request.stream:
            return WireResponse(200, STREAMED, self._events(teller, end))
        said = "".join(whole for _, whole in teller.whole())
        return WireResponse(200, WHOLE, (encode(self._family.body(end()._replace(text=said))),))

    def _events(self, teller: Teller, end: Callable[[], Answered]) -> Iterator[bytes | Awaited]:
        for told in teller.tell():
            if isinstance(told, Awaited):
                yield told
            elif isinstance(told, Said):
                yield self._event(Answered(told.text))
        yield self._event(end())

    def _event(self, answered: Answered) -> bytes:
        return frame(encode(self._family.event(answered)).decode())

    def ready(self, request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
        body = answer.body
        if isinstance(body, bytes):
            found = json_object(body)
            if found is None or not request.stream:
                return WireResponse(answer.status, WHOLE, (body,))
            body = found
        if isinstance(body, Mapping) and not request.stream:
            return WireResponse(answer.status, WHOLE, (encode(body),))
        values = (body,) if isinstance(body, Mapping) else body
        whole = self._added(values)
        used = self._usage(values)
        if used is not None:
            context.note_usage(used)
        if not request.stream:
            return WireResponse(answer.status, WHOLE, (encode(self._family.body(whole)),))
        if isinstance(body, Mapping):
            values = (self._family.event(Answered(whole.text)), self._family.event(whole._replace(text="")))
        return WireResponse(answer.status, STREAMED, tuple(frame(encode(one).decode()) for one in values))

    def _added(self, values: Sequence[Any]) -> Answered:
        """Add up events, or read a body, which is one."""
        found = [self._family.answered(mapping(one)) for one in values]
        last = found[-1] if found else Answered("")
        return last._replace(text="".join(one.text for one in found))

    def _usage(self, values: Sequence[Any]) -> Usage | None:
        whole = self._added(values)
        return None if whole.said is None else Usage(whole.read or 0, whole.said)

    def _replies(self, values: Sequence[Any]) -> tuple[Reply, ...]:
        whole = self._added(values)
        if not whole.text and whole.why is None:
            return ()
        cut: FinishReason | None = "length" if whole.why == self._family.ends["length"] else None
        return (Reply(Text(whole.text), finish_reason=cut),)


class Pieces(NoStreams):
    """The grammar of their streams.

    Args:
        family: The words of the family.

    """

    def __init__(self, family: Family) -> None:
        self._family = family

    def kind(self, event: bytes, /) -> EventKind:
        said = [self._family.answered(one) for one in stream_data(event)]
        return "other" if not said else "finish" if said[0].why is not None else "content"


STREAMED, WHOLE = (("content-type", SSE.media_type),), (("content-type", JSON),)


def _at(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = body if path else None
    for name in path:
        found = mapping(found).get(name)
    return found
