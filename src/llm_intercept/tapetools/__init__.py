"""What `llm-intercept recordings` does with tapes that are there: import, show, compare, check, prune, rekey.

Knows: tapes and takes. Must not know: engines at work, HTTP libraries.
"""
