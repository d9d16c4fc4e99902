"""Amazon Bedrock: conversations in the form that all its models share (Converse)."""
