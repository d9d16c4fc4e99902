"""OpenAI's chat completions, as api.openai.com, Azure and every compatible host speak it."""
