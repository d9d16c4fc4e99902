"""Recorded exchanges: the tape, its takes, how they are found, and what is kept out of them.

Knows: JSON, HTTP's terms, files. Must not know: engines, rules, dialects, HTTP libraries.
"""
