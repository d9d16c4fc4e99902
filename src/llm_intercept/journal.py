"""The exchanges that took place, as `llm.calls` lists them.

Knows: requests, replies, outcomes. Must not know: how a reply was chosen or written.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from llm_intercept.content import LLMRequest, Usage
    from llm_intercept.errors import Unmatched

Source = Literal["rule", "recording", "live", "unmatched"]


@dataclass(slots=True, eq=False)
class Call:
    """One exchange.

    Attributes:
        request: What was asked.
        rule: The rule that answered, or None.
        reply: The `Reply` it gave, or None.
        status: The HTTP status of the answer; 0 while there is none.
        error: The exception the request or its stream ended with, or None.
        source: Where the answer came from: `rule`, `recording`, `live` or `unmatched`.
        usage: The tokens reported; of a stream, known when it ends.
        duration: Seconds from the request's arrival to the answer's last byte.

    """

    request: LLMRequest
    rule: Any = None
    reply: Any = None
    status: int = 0
    error: BaseException | None = None
    source: Source = "unmatched"
    usage: Usage | None = None
    duration: float = 0.0
    _started: float = field(default_factory=time.perf_counter, repr=False)

    def finish(self) -> None:
        """Note that the answer's last byte was taken."""
        self.duration = time.perf_counter() - self._started

    def __repr__(self) -> str:
        """Say the call in one line."""
        shape = "stream" if self.request.stream else "JSON"
        by = f" by {self.rule}" if self.rule is not None else ""
        return f"<Call {self.request.model or self.request.url} {shape}: {self.status} from {self.source}{by}>"


@dataclass(slots=True)
class Journal:
    """All calls of one interceptor, and what nothing answered. List appends are atomic: any thread may note."""

    calls: list[Call] = field(default_factory=list["Call"])
    unmatched: list[Unmatched] = field(default_factory=list["Unmatched"])
    failures: list[BaseException] = field(default_factory=list[BaseException])
