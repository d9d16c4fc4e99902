"""What an interceptor simulates beside the model: limits, chaos, time."""
