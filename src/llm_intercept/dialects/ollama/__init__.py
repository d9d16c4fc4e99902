"""Ollama's own API: conversations, completions, embeddings, and the models it has."""
