"""A terminal console for training YOGO: on a Slurm cluster, or on this machine alone."""
