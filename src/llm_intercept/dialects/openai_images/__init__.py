"""OpenAI's images: made, changed and varied, whole or as a stream."""
