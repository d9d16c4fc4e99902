"""`python -m llm_intercept.cli`, where the command is not on the path."""

from llm_intercept.cli import main

main()
