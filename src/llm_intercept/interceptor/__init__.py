"""What users hold: interceptors, blocks, transports."""
