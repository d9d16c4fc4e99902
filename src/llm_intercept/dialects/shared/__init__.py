"""What APIs of different makers have alike, and no API alone."""
