"""OpenAI's Responses: the answer is a list of items."""
