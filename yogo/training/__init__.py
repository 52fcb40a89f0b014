"""Training: planning a run, the loop, checkpoints and listeners."""
