"""The calls that took place, and what is made of them."""
