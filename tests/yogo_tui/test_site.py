"""What Slurm offers is read from what its commands print, whatever stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.yogo_tui.test_slurm_answers import CONFIG, NO_ACCOUNTS, Answers, ScriptedHost
from yogo_tui.cluster.site import Association, Partition, Site
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.cluster.slurm.fields import gpus_by_type
from yogo_tui.cluster.slurm.site import parse_associations, parse_partitions
from yogo_tui.errors import ClusterUnknown, HostError
from yogo_tui.hosts.base import Completed
from yogo_tui.hosts.here import HereHost

GPU = (
    "PartitionName=gpu AllowGroups=ALL AllowAccounts=lab,cells DenyQos=low AllowQos=ALL Default=YES MaxNodes=4 "
    "MaxTime=2-00:00:00 MaxCPUsPerNode=UNLIMITED Nodes=g[1-3] State=UP TotalCPUs=256 TotalNodes=3\n"
)
CPU = "PartitionName=long DenyAccounts=guests MaxNodes=UNLIMITED MaxTime=UNLIMITED MaxCPUsPerNode=16 State=DOWN\n"
NODES = "".join(
    f"{name}\x1f{partition}\x1f{state}\x1f{cpus}\x1f{memory}\x1f{gres}\x1e\n"
    for name, partition, state, cpus, memory, gres in (
        ("g1", "gpu*", "mixed", "64", "256000", "gpu:a100:4(S:0-1),tmp:9"),
        ("g2", "gpu*", "idle~", "128", "512000", "gpu:a100:2,gpu:v100:8"),
        ("g3", "gpu*", "drained*", "256", "999000", "gpu:a100:8"),
        ("g1", "long", "idle", "64", "256000", "(null)"),
    )
)


def test_partitions_have_the_limits_and_the_gpus_of_the_nodes_that_accept_jobs() -> None:
    gpu, long = parse_partitions(GPU + CPU, NODES)
    assert gpu == Partition(
        "gpu",
        is_default=True,
        max_hours=48.0,
        max_nodes=4,
        num_nodes=2,
        num_cpus=128,
        memory=512000 << 20,
        gpus={"a100": 6, "v100": 8},
        gpus_of_node={"a100": 4, "v100": 8},
        accounts=("lab", "cells"),
    )
    assert gpu.admits("lab")
    assert not gpu.admits("guests")
    assert (long.is_up, long.max_hours, long.num_cpus, long.num_gpus) == (False, None, 16, 0)
    assert long.admits("lab")
    assert not long.admits("guests")


def test_what_is_no_name_or_no_record_is_left_out() -> None:
    assert parse_partitions("PartitionName=a\x1b[31mb State=UP\n\nslurm banner\n", "noise\x1f\x1e") == ()
    assert parse_associations("banner\nlab|a|a\x1b||normal\nother|a|a||normal\n", "lab") == ()


@pytest.mark.parametrize(
    ("gres", "counts"),
    [
        ("gpu:a100:4(S:0-1),gpu:v100:2", {"a100": 4, "v100": 2}),
        ("gpu:4", {"": 4}),
        ("gpu:a100_3g.20gb:7(IDX:0-6)", {"a100_3g.20gb": 7}),
        ("(null)", {}),
    ],
)
def test_gpus_are_told_apart_by_type(gres: str, counts: dict[str, int]) -> None:
    assert gpus_by_type(gres) == counts


def test_accounts_are_the_users_on_this_cluster_the_default_one_first() -> None:
    table = "lab|cells|guests||normal\nlab|cells|cells|gpu|normal,high\nold|x|x||normal\n"
    found = parse_associations(table, "lab")
    assert found == (
        Association("guests", "", ("normal",)),
        Association("cells", "gpu", ("normal", "high"), is_default=True),
    )
    site = Site(associations=found)
    assert site.accounts == ("cells", "guests")
    assert site.qos_of("") == ("normal", "high")
    assert site.qos_of("guests") == ("normal",)


def scripted(**more: Any) -> ScriptedHost:
    answers: Answers = {"scontrol": CONFIG, "sinfo": Completed(0, NODES), **more}
    return ScriptedHost(answers)


async def test_accounting_that_does_not_answer_is_told_beside_the_rest() -> None:
    refused = Completed(1, "", "sacctmgr: error: Unable to contact slurmdbd\n")
    site = await SlurmCluster(scripted(sh=refused)).site()
    assert (site.has_accounting, site.no_accounting) == (True, "Unable to contact slurmdbd")
    site = await SlurmCluster(scripted(sh=HostError("sacctmgr gave no answer within 30 s."))).site()
    assert site.no_accounting == "sacctmgr gave no answer within 30 s"
    site = await SlurmCluster(scripted(sh=refused, scontrol=NO_ACCOUNTS)).site()
    assert (site.has_accounting, site.no_accounting) == (False, "")


async def test_a_controller_out_of_reach_is_an_error_after_one_query() -> None:
    host = scripted(scontrol=Completed(1, "", "slurm_load_ctl_conf error: Unable to contact slurm controller\n"))
    with pytest.raises(ClusterUnknown, match="Slurm does not answer"):
        await SlurmCluster(host).site()
    assert [argv[0] for argv in host.asked] == ["env", "scontrol"]


async def test_a_real_slurm_offers_what_its_configuration_says(slurm: Any, tmp_path: Path) -> None:
    site = await SlurmCluster(HereHost(slurm.environment)).site()
    assert site.version.startswith("Slurm 2")
    (gpu,) = site.partitions
    assert (gpu.name, gpu.is_default, gpu.max_hours, gpu.num_cpus) == ("gpu", True, 24.0, 128)
    assert (gpu.gpus, gpu.gpus_of_node, gpu.num_nodes) == ({"a100": 8}, {"a100": 4}, 2)
    assert site.has_accounting
    assert site.no_accounting == ""
    assert site.accounts
