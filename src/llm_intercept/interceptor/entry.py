"""`intercept(…)`, the way in that most people use; all behind it is loaded when it is called.

Knows: its arguments. Must not know: what is done with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Never, Unpack

    from llm_intercept.interceptor.block import Interception
    from llm_intercept.interceptor.its_options import Options
    from llm_intercept.replies.kinds import ReplyLike
    from llm_intercept.settings import Scope


def intercept(
    reply: ReplyLike | None = None,
    /,
    *more: Never,
    scope: Scope | None = None,
    _where: str = "",
    _is_strict: bool = False,
    _mode_from: str = "",
    **options: Unpack[Options],
) -> Interception:
    """Answer LLM requests for the length of a block, or of a function's calls.

    Args:
        reply: What to answer every request that no other rule answers: a `Reply` or one of its short forms.
        scope: `process` (the default) answers for every thread and task; `context` for the current one and what it
            starts.
        *more: Nothing; more replies than one are an error that says where they go.
        **options: See `Options`.

    Returns:
        A context manager (`with` and `async with`, giving an `Interceptor`) and a decorator of functions, coroutine
        functions and generators of both kinds, and of a class's test methods; one that takes an argument `llm` is given
        the `Interceptor`. Each use has an `Interceptor` of its own.

    Raises:
        SettingsError: An argument is not known, or has a value that cannot be used.
        ReplyError: `reply` cannot be a reply.
        RuleFileError: A file of rules has something that cannot be used.

    """
    from llm_intercept.errors import SettingsError  # noqa: PLC0415 - as below
    from llm_intercept.interceptor.block import Interception  # noqa: PLC0415 - a program may import this and not call it
    from llm_intercept.rules.rule import caller  # noqa: PLC0415 - as above
    from llm_intercept.settings.arguments import chosen_scope  # noqa: PLC0415 - as above
    from llm_intercept.settings.of_others import IN_TURN  # noqa: PLC0415 - as above

    if more:
        raise SettingsError("intercept(…)", (reply, *more), advice=IN_TURN)
    return Interception(
        reply, options, chosen_scope(scope), _where or caller(), is_strict=_is_strict, mode_from=_mode_from
    )
