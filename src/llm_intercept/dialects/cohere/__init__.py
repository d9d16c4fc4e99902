"""Cohere's API, version 2: conversations, embeddings, ranks, and the list of models."""
