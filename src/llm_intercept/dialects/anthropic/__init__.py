"""What all of Anthropic's APIs share: headers, errors, hosts, ids."""
