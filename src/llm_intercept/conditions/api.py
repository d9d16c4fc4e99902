"""The condition on the API that is asked.

Knows: the neutral request. Must not know: which APIs there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.conditions.names import NameCondition

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest


class ApiCondition(NameCondition):
    """The name of the API that is asked."""

    __slots__ = ()

    key = subject = "api"

    @staticmethod
    def names(request: LLMRequest) -> tuple[str]:
        return (request.api,)

    def tells_operation(self, request: LLMRequest) -> bool:
        return self.holds(request)

    def tells_path(self, request: LLMRequest) -> bool:
        """Whether the path is one of an API that it names; nothing is said of one without a name."""
        return bool(request.api) and self.holds(request)

    def is_of_http(self) -> bool:
        return True
