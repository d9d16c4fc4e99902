"""An SDK's object that answers another API than its own: it is said anew in the one that is asked.

Knows: whose object it is, by what dialects say. Must not know: any API, how a reply is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects import maker_of
from llm_intercept.engine.ask import placed
from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.engine.decide import Case
    from llm_intercept.replies.kinds import RawReply
    from llm_intercept.replies.reply import Reply


def of_another(answer: RawReply, case: Case) -> RawReply | Reply:
    """Read an object into the reply that says the same; as it is, where it is the API's that is asked.

    Raises:
        FailedExchange: It has something that only its own API can say.

    """
    asked = case.dialect
    if asked.takes is not None or not asked.name or answer.made_by.startswith(asked.objects or ("?",)):
        return answer
    maker = maker_of(answer.made_by)
    if maker is None:
        return answer
    try:
        return _anew(answer, maker)
    except ReplyError as error:
        problem = f"{answer.made_by.rpartition('.')[2]} of {maker.name} cannot answer {asked.name}: {error.problem}"
        advice = f"Answer its own API alone with it: llm.on(api={maker.name!r}), or give the text and the calls."
        raise FailedExchange(placed(ReplyError(problem, advice), case)) from error


def _anew(answer: RawReply, maker: Dialect) -> Reply:
    from llm_intercept.engine.restated import said_anew  # noqa: PLC0415 - it brings takes, which plain replies do not need

    values = answer.body if isinstance(answer.body, tuple) else (answer.body,)
    return said_anew(values, maker).replaced(faults=answer.faults, pace=answer.pace)
