"""OpenAI's moderations: no conversation, but what is found in each input."""
