"""Anthropic's list of models: no conversation, but a catalogue."""
