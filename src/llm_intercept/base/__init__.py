"""What everything stands on: JSON, events, tokens, hosts, prices."""
