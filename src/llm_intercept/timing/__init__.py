"""Clocks and paces."""
