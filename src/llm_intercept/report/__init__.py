"""One page to look at calls and takes: what is in it, as plain values, and the file it becomes."""
