"""How the hosts that speak as OpenAI does differ from it: a row of data for each."""
