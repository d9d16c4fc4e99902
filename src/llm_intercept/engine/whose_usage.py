"""Whose words a reported usage is in: the API's that is asked, else the one that has the most of its names.

Knows: dialects and what they read of answers. Must not know: any API's words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llm_intercept.dialects import all_dialects
from llm_intercept.engine.ask import placed
from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import ReplyError
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from llm_intercept.engine.decide import Case
    from llm_intercept.replies.kinds import Answer


def with_usage(answer: Answer, case: Case) -> Answer:
    """Read the usage that a reply gives as an API reported it; any other answer is left as it is.

    Raises:
        FailedExchange: No API has its names.

    """
    given = answer.usage if isinstance(answer, Reply) else None
    if given is None or given.is_read or not isinstance(answer, Reply):
        return answer
    names = given.extra.keys()
    api = max((case.dialect, *all_dialects()), key=lambda one: len(names & one.recorded.usage_names))
    recorded = api.recorded
    used = recorded.usage([{recorded.usage_in: given.extra}]) if names & recorded.usage_names else None
    if used is None:
        problem = f"Reply(usage={dict(given.extra)!r}): no API reports its usage by these names"
        advice = "Give Usage(input_tokens=…, output_tokens=…), or the object as the API reported it."
        raise FailedExchange(placed(ReplyError(problem, advice), case))
    return answer.replaced(usage=replace(used, extra=given.extra, api=api.name))
