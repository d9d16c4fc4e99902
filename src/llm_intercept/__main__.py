"""`python -m llm_intercept`: the command, where it is not on the path.

Knows: where the command is. Must not know: what it does.
"""

from llm_intercept.cli import main

if __name__ == "__main__":
    main()
