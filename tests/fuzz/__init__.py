"""Fuzzing: whatever others send, keep or write, a user meets an answer or one of our errors, in little time.

`make fuzz` runs every target within a budget of seconds; `tests/test_fuzz.py` a few inputs of each. A target is a law, said
in the docstring of a function, and the strategy of hypothesis that makes its inputs: generated ones, and real ones that were
changed (`odd.py`).
"""
