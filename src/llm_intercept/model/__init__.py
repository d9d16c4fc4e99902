"""The neutral vocabulary: requests, parts, usage, and what passes on the wire."""
