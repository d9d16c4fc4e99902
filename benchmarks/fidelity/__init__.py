"""How far our answers are from the recorded ones: `make fidelity`."""
