"""What is said of a schema that has no instance, or is none.

Knows: words. Must not know: how instances are made.
"""

from __future__ import annotations

from llm_intercept.errors import LLMInterceptError


class SchemaError(LLMInterceptError, ValueError):
    """A schema that has no instance, or is none; `path` says where in it."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"auto() cannot answer this schema: at {path or '#'}, {problem}. Mend the schema, or answer this request "
            "with a rule of its own: structured(…) or tool_call(…)."
        )


class EndlessError(SchemaError):
    """A required part of the schema contains itself."""
