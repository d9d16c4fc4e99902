"""Which reply a request gets: conditions with verdicts, rules, and the book that tries them in order."""
