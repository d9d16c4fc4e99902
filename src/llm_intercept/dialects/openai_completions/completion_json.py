"""The JSON body and the events of a stream: how they are written, added up, and made of each other.

Knows: a completion's JSON and its stream's events (OpenAI's reference, "The completion object"). Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_array, is_object, items, mapping, text
from llm_intercept.base.sse import frame
from llm_intercept.dialects.openai.costs import token_count
from llm_intercept.dialects.openai.headers import JSON, STREAM
from llm_intercept.dialects.openai_completions.read import NAME
from llm_intercept.dialects.shared.ready import DONE, Ready, is_event_text, stream_data
from llm_intercept.model.usage import Usage
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llm_intercept.replies.kinds import RawReply

Split = Callable[[str], Iterable[str]]
OBJECT = "text_completion"
LISTED = ("tokens", "token_logprobs", "top_logprobs", "text_offset")
"""What of the log probabilities has an entry for each token."""


def body_of(about: Mapping[str, Any], model: str, choices: list[dict[str, Any]], usage: Mapping[str, int]) -> bytes:
    """Write the JSON body, with the keys of recorded traffic in their order."""
    return encode({**about, "model": model, "choices": choices, "usage": usage}, indent=2) + b"\n"


def event_of(
    about: Mapping[str, Any],
    model: str,
    choices: list[dict[str, Any]],
    usage: Mapping[str, int] | None,
    *,
    counts: bool,
) -> bytes:
    """Write one event of a stream; where usage is asked for, all have the key."""
    told = {"usage": usage} if counts else {}
    return frame(encode({**about, "choices": choices, "model": model, **told}).decode())


def choice_of(index: int, said: str, logprobs: Any, finish_reason: str | None) -> dict[str, Any]:
    """Write one choice, or a piece of it."""
    return {"text": said, "index": index, "logprobs": logprobs, "finish_reason": finish_reason}


def usage_json(used: Usage) -> dict[str, Any]:
    """Write the tokens."""
    return used.told_by(NAME) or {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.total_tokens,
    }


def joined(several: Iterable[Mapping[str, Any] | None]) -> dict[str, list[Any] | None] | None:
    """Add up log probabilities; None where there are none."""
    given = [one for one in several if one]
    return {key: _listed(key, given) for key in LISTED} if given else None


def _listed(key: str, several: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """Put the entries of all pieces in one list; None where no piece has a list."""
    lists: list[list[Any]] = [items(one[key]) for one in several if is_array(one.get(key))]
    return [entry for one in lists for entry in one] if lists else None


def accumulated(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up a stream's events to the JSON body."""
    whole: dict[str, Any] = {}
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for event in events:
        whole |= {key: value for key, value in event.items() if key != "choices" and value is not None}
        for one in items(event.get("choices")):
            found.setdefault(mapping(one).get("index", 0), []).append(mapping(one))
    usage = whole.pop("usage", None)
    whole["choices"] = [_whole(pieces) for _, pieces in sorted(found.items(), key=lambda one: str(one[0]).zfill(9))]
    return whole if usage is None else {**whole, "usage": usage}


def ready(answer: RawReply, *, stream: bool, counts: bool, split: Split) -> Ready:
    """Make the body of a raw reply in the shape that is asked for; what is no completion is sent as it is."""
    body = answer.body
    if isinstance(body, bytes):
        is_events = is_event_text(body)
        try:
            if is_events and not stream:
                return _json(accumulated(stream_data(body)))
            if not is_events and stream and items(mapping(decode(body)).get("choices")):
                return Ready(STREAM, _events(mapping(decode(body)), split, counts=counts))
        except (ValueError, TypeError):
            pass
        return Ready(STREAM if is_events else JSON, (body,))
    if not isinstance(body, tuple):
        is_whole = stream and items(body.get("choices"))
        return Ready(STREAM, _events(body, split, counts=counts)) if is_whole else _json(body)
    return Ready(STREAM, (*(frame(encode(one).decode()) for one in body), DONE)) if stream else _json(accumulated(body))


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer back into replies, one a choice."""
    whole = mapping(values[0]) if len(values) == 1 else accumulated([mapping(one) for one in values])
    return tuple(Reply(text(mapping(one).get("text"))) for one in items(whole.get("choices")))


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports; None if it does not."""
    reported = (mapping(mapping(value).get("usage")) for value in reversed(values))
    counted = next((one for one in reported if one), None)
    if counted is None:
        return None
    return Usage(token_count(counted.get("prompt_tokens")), token_count(counted.get("completion_tokens")))


def _json(body: Mapping[str, Any]) -> Ready:
    return Ready(JSON, (encode(body, indent=2) + b"\n",))


def _whole(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join the pieces of one choice; what only one of them has is kept."""
    made: dict[str, Any] = {}
    for piece in pieces:
        made |= {key: value for key, value in piece.items() if value is not None or key not in made}
    made["text"] = "".join(text(piece.get("text")) for piece in pieces)
    made["logprobs"] = joined(piece["logprobs"] for piece in pieces if is_object(piece.get("logprobs")))
    return made


def _events(body: Mapping[str, Any], split: Split, *, counts: bool) -> Iterator[bytes]:
    """Stream a completion: its choices one after the other, in their tokens."""
    about = {key: value for key, value in body.items() if key not in {"choices", "usage", "model"}}
    model = body.get("model")
    for one in map(mapping, items(body.get("choices"))):
        pieces = [one.get("text", "")] if one.get("logprobs") else list(split(text(one.get("text"))))
        for piece in pieces[:-1]:
            shown = {**one, "text": piece, "logprobs": None, "finish_reason": None}
            yield event_of(about, text(model), [shown], None, counts=counts)
        yield event_of(about, text(model), [{**one, "text": "".join(pieces[-1:])}], None, counts=counts)
    if counts:
        yield event_of(about, text(model), [], body.get("usage"), counts=True)
    yield DONE
