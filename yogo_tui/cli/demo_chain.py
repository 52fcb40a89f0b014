"""The demo: a workspace with synthetic images and recipes that train in about a minute, and a chain of two runs on it.

The workspace and its settings are ordinary ones, so the demo uses the same code as any other workspace.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from yogo import presets
from yogo.files import yaml12
from yogo.files.atomic import write_atomically
from yogo.files.places import expanded
from yogo.presets import Preset
from yogo.recipe import Recipe
from yogo.text.terminal import printable
from yogo_tui.cli.submitting import say_chain, submit_all
from yogo_tui.cli.waiting import wait_for
from yogo_tui.cluster.base import Machine
from yogo_tui.cluster.local.slots import gpus
from yogo_tui.errors import HostError
from yogo_tui.launch.machine import own_sizes
from yogo_tui.launch.plan import LaunchPlan
from yogo_tui.runs.model import Run
from yogo_tui.session import Session
from yogo_tui.session.wanted import Then, Wanted
from yogo_tui.settings import Settings, SizePreset, load
from yogo_tui.settings.entries import written

HEIGHT, WIDTH = 193, 258
NUM_PICTURES, NUM_CELLS = 48, 60
DATA = "synthetic"
DEFINITIONS = f"{DATA}/dataset_defs"

_PRETRAIN = Recipe(
    epochs=30,
    batch_size=4,
    learning_rate=2e-3,
    model="quarter_filters",
    image_hw=(HEIGHT, WIDTH),
    normalize_images=True,
)
RECIPES = {
    "demo-pretrain": (
        "Demo: pre-train",
        "The network with a quarter of its filters, on small frames: a minute on two cores.",
        _PRETRAIN,
    ),
    "demo-finetune": (
        "Demo: fine-tune",
        "Starts from the pre-train's weights, at half its learning rate.",
        _PRETRAIN.model_copy(update={"epochs": 20, "learning_rate": 1e-3}),
    ),
}


async def prepare(workspace: Path) -> Settings:
    """The demo's settings; creates its workspace if it does not exist. Raises ConsoleError, YogoError, OSError."""
    workspace = Path(os.path.abspath(expanded(workspace)))
    workspace.mkdir(parents=True, exist_ok=True)
    file = workspace / "settings.yaml"
    if not file.exists():
        write_atomically(file, _settings(workspace))
    settings = load(file, workspace=workspace)
    for slug, (title, note, recipe) in RECIPES.items():
        path = settings.own_presets_folder / f"{slug}.yaml"
        if not path.exists():
            presets.save(Preset(title, note, recipe, path), path, seen=None)
    if (workspace / DATA / "synthetic.json").exists():
        return settings
    await _make_pictures(settings, workspace / DATA)
    return load(file, workspace=workspace)  # again: the folder of definitions exists now


def _settings(workspace: Path) -> str:
    cores = os.cpu_count() or 1
    sizes = tuple(SizePreset(gpus=n, cpus=cores, hours=1, template=f"{n}gpu.sbatch") for n in (1, 2, 4))
    values = {
        "workspace": str(workspace),
        "definitions": [DEFINITIONS],
        "cluster": "local",
        "local_slots": 1,
        "sizes": written(own_sizes(Machine(len(gpus()), cores, 1), sizes)),
    }
    return "# The demo's settings. Delete this folder to start over.\n" + yaml12.dumped(values)


async def _make_pictures(settings: Settings, folder: Path) -> None:
    """Run `yogo synth`, which shows its own progress and ends with this process. Raises HostError."""
    print(f"making {NUM_PICTURES * 7 // 4} images in {printable(str(folder))}", flush=True)
    process = await asyncio.create_subprocess_exec(
        *settings.yogo_words,
        "synth",
        str(folder),
        f"--pictures={NUM_PICTURES}",
        f"--cells={NUM_CELLS}",
        "--image-hw",
        str(HEIGHT),
        str(WIDTH),
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise HostError(f"The demo's images could not be made: yogo synth ended with status {process.returncode}.")


async def run_chain(settings: Settings) -> int:
    """Submit the pre-train and the fine-tune behind it, wait, and print both results.

    Returns 0 if both finished, else 1. Raises ConsoleError.
    """
    session = await Session.open(settings)
    try:
        first, second = await _plans(session)
        if not say_chain(await submit_all(session, first, second), as_json=False):
            return 1
        status = await wait_for(session, [first.name, second.name])
        for plan in (first, second):
            print(_result(await session.runs.find(plan.name)))
        return status
    finally:
        await session.close()


async def _plans(session: Session) -> tuple[LaunchPlan, ...]:
    folder, new_name = session.settings.workspace_folder / DEFINITIONS, session.launcher.propose_name
    before, after = (presets.find(slug, session.settings.preset_folders) for slug in RECIPES)
    wanted = Wanted(
        new_name(),
        session.settings.sizes[0],
        before,
        folder / "pre-training" / "synthetic.yml",
        then=Then(folder / "fine-tuning" / "synthetic.yml", after, new_name()),
    )
    return await session.planner.plans(wanted)


def _result(run: Run) -> str:
    if run.result is None or run.result.best_loss is None:
        return printable(f"{run.name}: {run.state}. {run.why}")
    told = [f"best validation loss {run.result.best_loss:.4g} in epoch {(run.result.best_epoch or 0) + 1}"]
    if (tested := run.result.test_losses.get("loss")) is not None:
        told.append(f"test loss {tested:.4g}")
    return printable(f"{run.name}: {run.kind} {run.state}, {', '.join(told)}; {run.path}/best.pth")
