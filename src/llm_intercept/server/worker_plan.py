"""What a process that serves is told: plain values, which another process can be given.

Knows: settings, options. Must not know: who says them, uvicorn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.interceptor.interceptor import Interceptor, engine_of
from llm_intercept.replies.make import auto
from llm_intercept.server.asgi import app

if TYPE_CHECKING:
    from llm_intercept.rules.rule import Rule
    from llm_intercept.server.asgi import App

WHERE = "llm-intercept serve"


@dataclass(frozen=True, slots=True)
class Plan:
    """A server as its command line says it.

    Attributes:
        settings: Arguments of `Interceptor`.
        reply: What is answered where no rule does; None for the smallest valid answer, or, where there are rules or a
            tape, for none.
        options: Arguments of `app`, and `workers`.
        chain: The file of a certificate with its key; None without TLS.
        connections: How many connections there may be; None for any number.

    """

    settings: dict[str, Any]
    reply: str | None = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    chain: str | None = None
    connections: int | None = None

    def interceptor(self) -> Interceptor:
        """Make what answers; raises `LLMInterceptError` where a setting or a file of rules cannot be used."""
        mode = self.settings.get("mode", "mock")
        is_auto = self.reply is None and mode == "mock" and not self.files
        reply = auto() if is_auto else self.reply
        return Interceptor(reply, _where=WHERE, **self.settings)

    @property
    def files(self) -> Any:
        """The files of rules; nothing where there are none."""
        return self.settings.get("rules")

    def rules(self) -> list[Rule]:
        """Make the rules alone, of the files as they are now; raises `LLMInterceptError` as `interceptor`."""
        return engine_of(Interceptor(self.reply, _where=WHERE, rules=self.files)).book.all()

    def app(self, llm: Interceptor) -> App:
        """Make the application."""
        return app(llm, **self.options)
