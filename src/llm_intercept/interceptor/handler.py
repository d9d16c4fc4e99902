"""An interceptor that is made when the first request arrives: for a process that may never make one.

Knows: settings. Must not know: where they were said. Imports neither httpx nor pydantic before they are needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from llm_intercept.base.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.errors import LLMInterceptError
    from llm_intercept.facts import Refusal
    from llm_intercept.model.wire import Contact, Exchange, SocketForm, WireRequest


class LazyHandler:
    """Answers like the engine of an interceptor that is made when the first request arrives.

    Args:
        settings: Arguments of `Interceptor`.
        reply: What it answers where no rule does.
        auto: Whether that is `auto()`.
        where: Where that was said.
        refusal: Why it answers nothing, if it does not.
        report: A file that is told of each call; empty for none.
        mode_from: Where the mode was said, if in no code.
        failed: Is given the error if the interceptor cannot be made, as of a file of rules that is no good.
        made: Is given the engine when it is made.

    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        reply: str | None = None,
        *,
        auto: bool = False,
        where: str = "",
        refusal: Refusal | None = None,
        report: str = "",
        mode_from: str = "",
        failed: Callable[[LLMInterceptError], None] | None = None,
        made: Callable[[Engine], object] | None = None,
    ) -> None:
        self._settings, self._reply, self._auto, self._where = settings, reply, auto, where
        self._refusal, self._report = refusal, report
        self._failed, self._made, self._mode_from = failed, made, mode_from
        self._engine = Once(self._make)

    def exchange(self, request: WireRequest, outer: Sequence[Any], /) -> Exchange | None:
        return self.engine().exchange(request, outer)

    def socket(self, request: WireRequest, outer: Sequence[Any], /) -> SocketForm | None:
        return self.engine().socket(request, outer)

    def engine(self) -> Engine:
        return self._engine.get()

    def unseen(self, contact: Contact, outer: Sequence[Any], /) -> None:
        from llm_intercept.base.dummy_keys import leaves_with_dummy  # noqa: PLC0415 - as below
        from llm_intercept.base.hosts import is_llm_place  # noqa: PLC0415 - nothing is imported before it is needed
        from llm_intercept.base.questions import asks_a_model  # noqa: PLC0415 - as above

        head = contact.head
        asks = asks_a_model(head.method, head.path, head.headers) != "no" or is_llm_place(head.host, head.path)
        asks = asks or leaves_with_dummy(head.host, head.url, head.headers)
        if asks or "host" in head.headers or self._settings.get("network") == "none":
            self.engine().unseen(contact, outer)

    @property
    def is_made(self) -> bool:
        """Whether there is an engine yet."""
        return self._engine.is_made

    def settle(self) -> LLMInterceptError | None:
        """Return what went wrong so far; None if nothing did, or nothing was asked."""
        return self.engine().settle() if self.is_made else None

    def tell(self, path: str) -> None:
        """Let what is answered from now on be told to a file."""
        self._report = path
        if self.is_made:
            from llm_intercept.interceptor.elsewhere import tell  # noqa: PLC0415 - as above

            tell(self.engine(), path)

    def _make(self) -> Engine:
        from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415 - as above
        from llm_intercept.interceptor.elsewhere import tell  # noqa: PLC0415 - as above
        from llm_intercept.interceptor.interceptor import Interceptor, engine_of  # noqa: PLC0415 - it imports pydantic
        from llm_intercept.replies.make import auto  # noqa: PLC0415 - as above

        try:
            reply = auto() if self._auto else self._reply
            engine = engine_of(Interceptor(reply, _where=self._where, _mode_from=self._mode_from, **self._settings))
        except LLMInterceptError as error:
            if self._failed is not None:
                self._failed(error)
            raise
        engine.journal.keep = False
        engine.refusal = self._refusal or engine.refusal
        if self._report:
            tell(engine, self._report)
        if self._made is not None:
            self._made(engine)
        _gather(engine)
        return engine


def _gather(engine: Engine) -> None:
    """Have the calls of this process written down, where whoever started it makes a report of them."""
    from llm_intercept.settings.environment import PARTS  # noqa: PLC0415 - nothing is imported before it is needed

    folder = os.environ.get(PARTS)
    if folder:
        from llm_intercept.report.gathered import gathered  # noqa: PLC0415 - as above

        gathered(folder).know(engine)
