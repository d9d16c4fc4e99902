"""litellm's calls: `completion` and `acompletion`."""
