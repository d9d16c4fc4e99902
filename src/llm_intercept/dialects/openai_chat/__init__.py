"""OpenAI's chat completions, as api.openai.com, Azure and every compatible host speak it.

Knows: OpenAI's reference and WIRE.md 2, 3 and 4. Must not know: rules, HTTP libraries, other dialects.
"""

from llm_intercept.dialects.openai_chat.damage import cut_arguments, error_event, kind_of
from llm_intercept.dialects.openai_chat.failures import write_error
from llm_intercept.dialects.openai_chat.read import claims, read
from llm_intercept.dialects.openai_chat.write import write

__all__ = ["claims", "cut_arguments", "error_event", "kind_of", "read", "write", "write_error"]
