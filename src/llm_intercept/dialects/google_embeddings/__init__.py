"""Google's embeddings: no conversation, but a vector for each content; of AI Studio and of Vertex AI."""
