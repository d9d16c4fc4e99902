"""Rules in TOML, JSON and Python files."""
