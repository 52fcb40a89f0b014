"""The local cluster: runs job scripts on this machine as Slurm would run them, without a daemon.

Each job has a folder and one detached supervisor process, which waits for the job's parent and for slots, runs the
script and enforces its time limit. The console uses `cluster`; `supervisor` is the process; `store` and `records`
define the files that both read and write.
"""

from yogo_tui.cluster.local.cluster import LocalCluster
from yogo_tui.cluster.local.store import state_folder

__all__ = ["LocalCluster", "state_folder"]
