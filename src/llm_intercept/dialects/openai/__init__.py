"""What all of OpenAI's APIs share: headers, errors, hosts, ids, models."""
