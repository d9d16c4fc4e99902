"""Speed side by side: each contender beside the floor, in a process and an environment of its own."""
