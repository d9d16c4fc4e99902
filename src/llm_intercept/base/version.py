"""What this package is called on the package index, and its version."""

DISTRIBUTION = "llm-intercept-transport"
__version__ = "0.1.0"
