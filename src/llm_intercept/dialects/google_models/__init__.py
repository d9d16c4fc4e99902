"""Google's list of models: no conversation, but a catalogue, of AI Studio and of Vertex AI."""
