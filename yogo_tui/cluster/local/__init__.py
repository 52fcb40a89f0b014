"""This machine alone as a cluster: the same scripts, run as Slurm would run them, with no daemon.

Each job is a folder and one detached supervisor process, which waits for the job's parent and for
slots, runs the script and keeps its time limit. `cluster` is what the console holds; `supervisor` is
the process; `store`, `records` and `locks` are the files that they share.
"""

from yogo_tui.cluster.local.cluster import LocalCluster

__all__ = ["LocalCluster"]
