"""What a rule answers with."""
