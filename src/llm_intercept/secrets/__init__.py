"""What secrets look like, and how they are kept out of whatever is written or shown: takes, the log, messages.

Knows: text, JSON, URLs. Must not know: any API, takes, calls.
"""
