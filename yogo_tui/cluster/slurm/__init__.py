"""Slurm, spoken through any host by its own commands."""

from yogo_tui.cluster.slurm.cluster import SlurmCluster, has_slurm

__all__ = ["SlurmCluster", "has_slurm"]
