"""What can go wrong with an answer, and how it is woven into one."""
