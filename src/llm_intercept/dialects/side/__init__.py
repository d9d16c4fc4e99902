"""What frameworks ask beside their questions to the model: how many tokens a request has, and where to put traces."""
