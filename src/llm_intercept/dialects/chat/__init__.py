"""OpenAI's chat completions, as api.openai.com and every compatible host speak it.

Knows: OpenAI's reference and WIRE.md 2 and 3. Must not know: rules, HTTP libraries, other dialects.
"""

from llm_intercept.dialects.chat.read import claims, read
from llm_intercept.dialects.chat.write import write, write_error

__all__ = ["claims", "read", "write", "write_error"]
