"""OpenAI's stored chat completions: what was answered with `store=True`, listed, shown, changed and deleted."""
