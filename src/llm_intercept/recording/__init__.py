"""Recorded exchanges: the tape, its takes, how they are found, and what is kept out of them.

Knows: JSON, HTTP's terms, files, what dialects tell of their JSON. Must not know: engines, rules, HTTP libraries.
"""
