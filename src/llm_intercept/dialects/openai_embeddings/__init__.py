"""OpenAI's embeddings: no conversation, but a vector for each input."""
