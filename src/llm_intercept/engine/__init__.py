"""An exchange from request to answer: read, decide, write, note. No HTTP library is known here."""
