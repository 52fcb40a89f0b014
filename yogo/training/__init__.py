"""Training: the loop, its ranks, and those who listen to it."""
