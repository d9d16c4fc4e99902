"""Anthropic's Messages: one folder with all of its grammar."""
