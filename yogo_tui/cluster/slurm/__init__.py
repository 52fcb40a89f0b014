"""The Slurm cluster: it runs Slurm's commands on a host and reads their output."""

from yogo_tui.cluster.slurm.cluster import SlurmCluster

__all__ = ["SlurmCluster"]
