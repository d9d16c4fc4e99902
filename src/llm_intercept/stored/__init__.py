"""What an interceptor keeps of what it answered, for requests that ask for it by its id."""
