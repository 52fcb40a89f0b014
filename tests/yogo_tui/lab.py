"""A small workspace on this machine's own cluster, with a trainer that only pretends: what launch tests share."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path, PurePosixPath

import pytest

from yogo.recipe import Recipe
from yogo.run.launch import Kind
from yogo_tui.cluster.slurm import SlurmCluster
from yogo_tui.hosts.base import Host
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.runs.model import Run, RunState
from yogo_tui.session import Session
from yogo_tui.settings import Settings, SizePreset

PRETEND = Path(__file__).with_name("pretend_yogo.py")
SIZE = SizePreset(gpus=1, cpus=1, hours=1, template="1gpu.sbatch")


def workspace(folder: Path, **changes: object) -> Settings:
    data = folder / "dataset_defs"
    for name in ("images", "labels"):
        (data / name).mkdir(parents=True)
    (data / "labels" / "one.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (data / "images" / "one.png").write_bytes(b"")
    pair = "dataset_paths:\n  all: {image_path: images, label_path: labels}\n"
    (data / "cells.yml").write_text(f"class_names: [a, b]\n{pair}")
    (data / "others.yml").write_text(f"class_names: [a, c]\n{pair}")
    return Settings(
        workspace=folder,
        cluster="local",
        yogo_command=f"{sys.executable} {PRETEND}",
        poll_seconds=0.2,
        sizes=(SIZE,),
        **changes,
    )


def in_force(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the folder the workspace of commands, on this machine's own cluster, and the home of their state."""
    (folder / "settings.yaml").write_text(f"workspace: {folder}\ncluster: local\n")
    monkeypatch.setenv("YOGO_TUI_SETTINGS", str(folder / "settings.yaml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))


def plan(session: Session, name: str = "first", **changes: object) -> LaunchPlan:
    definition = PurePosixPath(session.settings.workspace_folder / "dataset_defs/cells.yml")
    values = {"kind": Kind.PRETRAIN, "definition": definition, "recipe": Recipe(epochs=2), "size": SIZE} | changes
    return LaunchPlan(name, **values)  # type: ignore[arg-type]


async def seen(session: Session, name: str, *states: RunState) -> Run:
    """The run, once it is in one of these states."""
    async with asyncio.timeout(60):
        async for runs in session.runs.watch():
            for run in runs.runs:
                if run.name == name and run.state in states:
                    return run
    raise AssertionError


async def answering_slurm(host: Host) -> SlurmCluster:
    """One that has answered. Raises ClusterUnknown, HostError."""
    cluster = SlurmCluster(host)
    await cluster.introduce()
    return cluster
