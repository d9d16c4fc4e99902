"""What a rule asks of a request, a condition a class."""
