"""A request with all that it says by its id alone: what it continues, and the items that it refers to.

Knows: the store, the API's words for what is not there (docs/wire.md 5.7). Must not know: how anything is kept.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.openai.refusals import refused
from llm_intercept.dialects.openai_responses.kept import CONVERSATION, RESPONSE, history
from llm_intercept.dialects.openai_responses.listed import asked_listed, said_before
from llm_intercept.dialects.openai_responses.read import ResponsesRequest
from llm_intercept.dialects.openai_responses.recall import recalled
from llm_intercept.replies.kinds import ErrorReply
from llm_intercept.stored.shelves import Shelves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.dialects.openai_responses.kept import Before
    from llm_intercept.model.request import LLMRequest

REFERENCE = "item_reference"


def remembered(request: LLMRequest, shelves: Shelves) -> LLMRequest:
    """Complete a request by what was answered before; one that is read as another API's continues nothing.

    Raises:
        BadRequestError: There is something in it that nobody here has answered.

    """
    if not isinstance(request, ResponsesRequest):
        return request
    body = request.raw
    if request.connection is not None:
        shelves = Shelves((request.connection.stored, *shelves.stores), shelves.own)
    before = recalled(body, shelves)
    given = items(body.get("input"))
    if any(mapping(one).get("type") == REFERENCE for one in given):
        body = {**body, "input": [_found(mapping(one), before, shelves) for one in given]}
    if not before and body is request.raw:
        return request
    _check_answered(chain(history(before), map(mapping, items(body.get("input")))))
    return request.after(before, body)


def _check_answered(several: Iterable[Mapping[str, Any]]) -> None:
    """Refuse a conversation that goes on without an answer to a call."""
    open_calls: dict[str, None] = {}
    for one in several:
        kind, identifier = one.get("type"), text(one.get("call_id"))
        if kind == "function_call":
            open_calls[identifier] = None
        elif kind == "function_call_output":
            open_calls.pop(identifier, None)
    for identifier in open_calls:
        raise refused(f"No tool output found for function call {identifier}.", "input")


def _found(item: Mapping[str, Any], before: Before, shelves: Shelves) -> Mapping[str, Any]:
    if item.get("type") != REFERENCE:
        return item
    identifier = text(item.get("id"))
    found = next((one for one in _all(before, shelves) if one.get("id") == identifier), None)
    if found is None:
        message = (
            f"Item with id '{identifier}' not found. Items are not persisted when `store` is set to false. Try again "
            "with `store` set to true, or remove this item from your input."
        )
        raise BadRequestError(ErrorReply(404, message=message, type="invalid_request_error", param="input"))
    return found


def _all(before: Before, shelves: Shelves) -> Iterator[Mapping[str, Any]]:
    """Give all items that are kept, those of the conversation first."""
    yield from said_before(before)
    for response in reversed(shelves.all(RESPONSE)):
        yield from response.output
        yield from asked_listed(response)
    for conversation in shelves.all(CONVERSATION):
        yield from conversation.items
