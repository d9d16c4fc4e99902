"""What those of Anthropic's APIs have alike that answer by themselves where no rule says anything.

Knows: how they write objects. Must not know: what any of them answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from llm_intercept.base.checks import whole_in
from llm_intercept.base.json import encode
from llm_intercept.dialects.anthropic.dialect import AnthropicDialect
from llm_intercept.dialects.anthropic.lines_of_head import CHANGING, JSON, KEPT, answer_headers
from llm_intercept.dialects.anthropic.wording import retry_at_once
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import RawReply

USUAL, MOST = 20, 1000
"""How many entries a page has: where the request does not say, and at the most."""


class AnthropicByItself(AnsweredByItself, AnthropicDialect):
    """One of Anthropic's APIs that answers by itself."""

    recorded = Recorded(kept_headers=KEPT, changing_headers=CHANGING)

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        headers = answer_headers(request.url, JSON, context.identity, has_limits=False)
        return headers if ready is None else overridden(headers, retry_at_once(ready.status, ready.headers))

    def written(self, value: Mapping[str, Any]) -> bytes:
        return encode(value)

    def answered(self, value: Mapping[str, Any], request: LLMRequest, context: Context) -> WireResponse:
        """Answer with an object."""
        return WireResponse(200, self.headers(request, context), (self.written(value),))


def page(entries: Sequence[Mapping[str, Any]], url: str) -> dict[str, Any]:
    """Cut the page that a URL asks for out of a list; after or before an unknown id there is nothing."""
    query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    wanted, ids = query.get("limit", ""), [one["id"] for one in entries]
    limit = max(whole_in(wanted, USUAL, MOST), 1)
    start, end = 0, len(ids)
    if query.get("after_id"):
        start = ids.index(query["after_id"]) + 1 if query["after_id"] in ids else len(ids)
    if query.get("before_id"):
        end = ids.index(query["before_id"]) if query["before_id"] in ids else 0
        start = max(start, end - limit)
    shown = list(entries[start : min(start + limit, end)])
    more = start > 0 if query.get("before_id") else start + limit < end
    ends = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
    return {"data": shown, "has_more": more, **ends}
