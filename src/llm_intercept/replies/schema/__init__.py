"""Instances of JSON schemas and strings of regular expressions, the smallest there are.

Knows: JSON Schema 2020-12 as far as OpenAI's structured outputs take it, and what is near it. Must not know: requests.
"""

from llm_intercept.replies.schema.instance import smallest
from llm_intercept.replies.schema.valid import misfit

__all__ = ["misfit", "smallest"]
