"""A request that continues what was answered before, as far as the API knows that and the request does not say it.

Knows: the neutral request. Must not know: how an API says what is continued, or keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from llm_intercept.base.json import text
from llm_intercept.model.request import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest


class ContinuingRequest(LLMRequest):
    """A request whose parts are read, when somebody asks for them, from what it says and what it continues.

    Attributes:
        before: What it continues, as its API keeps it.
        said: The body, with what the API adds to it of what is continued.
        CARRIED: What else belongs to it, and goes with each copy.

    """

    CARRIED: ClassVar[tuple[str, ...]] = ()
    before: Any = ()
    said: Mapping[str, Any]

    @classmethod
    def made(cls, head: WireRequest, body: Mapping[str, Any], content: bytes, **read: Any) -> Self:
        """Make one of a head and a body that says the model and whether to stream, unless that was `read` elsewhere."""
        asked = {"model": text(body.get("model")), "stream": body.get("stream") is True}
        return super().made(head, body, content, **{**asked, **read}, said=body)

    def after(self, before: Any, said: Mapping[str, Any]) -> Self:
        """Make a copy that continues something; what is read of it is read anew."""
        made = type(self).__new__(type(self))
        kept = {name: self.__dict__[name] for name in ("api", "model", "stream", *self.SENT)}
        made.__dict__.update(kept, **self._carried(), before=before, said=said)
        return made

    def replaced(self, **changes: Any) -> Self:
        """Make a copy with other values in some fields, which continues the same."""
        made = super().replaced(**changes)
        made.__dict__.update(self._carried(), before=self.before, said=self.said)
        return made

    def _carried(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.CARRIED}

    def __getstate__(self) -> dict[str, Any]:
        """Give what is pickled or copied: what was read, without the chain of answers that it was read from."""
        kept = {name: getattr(self, name) for name in (*self.FIELDS, *self.SENT)}
        return {"said": self.raw, **kept, "headers": kept["headers"].copy()}
