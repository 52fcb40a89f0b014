"""docs/extending.md: each example works as it stands on the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.extending import Example

STEPPER = """
import torch
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.model import YOGO
from yogo.recipe import Recipe
from yogo.training.loop.divergence import DivergenceGuard
from yogo.training.loop.optimizer import Stepper
cpu = torch.device("cpu")
world = World(RankInfo(), cpu)
model = YOGO((64, 64), 0.1, 0.1, 2)
stepper = Stepper(Recipe(beta2=0.5), model, world, choose("fp32", cpu), DivergenceGuard(world))
print(*stepper.optimizer.param_groups[0]["betas"])
"""
"""What an optimizer that a recipe makes has for its betas."""


def test_a_recipe_knob_is_added_as_the_page_says(tmp_path: Path) -> None:
    example = Example("a recipe knob", tmp_path)
    assert example.changed == ["yogo/recipe.py", "yogo/training/loop/optimizer.py"]
    assert "--beta2 X" in example.run("-m", "yogo", "train", "--help")
    assert "beta2" in example.run("-m", "yogo_tui", "recipes", "defaults")
    assert example.run("-c", STEPPER).split() == ["0.9", "0.5"]
    example.check("tests/yogo/test_recipe.py")


def test_an_architecture_is_added_as_the_page_says(tmp_path: Path) -> None:
    example = Example("an architecture", tmp_path)
    assert example.changed == ["yogo/architectures.py"]
    assert "wide_model" in example.run("-c", "from yogo_tui.widgets.knob_form import help_of; print(help_of('model'))")
    example.check("tests/yogo/test_architectures.py", "-k", "wide_model")


def test_a_metric_is_added_as_the_page_says(tmp_path: Path) -> None:
    example = Example("a metric", tmp_path)
    assert example.changed == ["yogo/run/figures.py"]
    example.check("tests/yogo/test_figures.py")
    example.check("tests/yogo/test_figures.py", "-k", "miss_rate")


LSF = """
import asyncio, sys
from pathlib import Path, PurePosixPath
from yogo_tui.cluster.table import CLUSTERS, Options
from yogo_tui.hosts.here import HereHost
async def act():
    cluster = CLUSTERS["lsf"].open(HereHost(), Options())
    first = await cluster.submit(PurePosixPath(sys.argv[1]))
    second = await cluster.submit(PurePosixPath(sys.argv[1]), after=first)
    await cluster.cancel([second])
    print(first, second, *(f"{job.id}:{job.name}:{job.state}:{job.token}" for job in await cluster.jobs()))
asyncio.run(act())
"""

BSUB = (
    'echo "$@" >> "$0.asked"; cat > "$0.script"; n=$(wc -l < "$0.asked"); echo "Job <$n> is submitted to queue <gpu>."'
)
BJOBS = "echo '1|RUN|calm cat|gpu|yogo:t0ken of ours'; echo '2|EXIT|other|gpu|'"


def test_a_cluster_is_added_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = Example("a cluster", tmp_path / "source")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, line in (("bsub", BSUB), ("bjobs", BJOBS), ("bkill", 'echo "$@" > "$0.asked"')):
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    script = tmp_path / "job.lsf"
    script.write_text("#!/bin/bash\n")
    said = example.run("-c", LSF, str(script)).strip()
    assert said == "1 2 1:calm cat:running:t0ken 2:other:failed:"
    assert (programs / "bsub.asked").read_text() == "\n-w done(1)\n"
    assert (programs / "bsub.script").read_text() == "#!/bin/bash\n"
    assert (programs / "bkill.asked").read_text() == "2\n"
    example.check("tests/yogo_tui/test_cluster_table.py")


def test_a_console_mode_is_added_as_the_page_says(tmp_path: Path) -> None:
    example = Example("a console mode", tmp_path)
    assert example.changed == ["yogo_tui/screens/queue.py", "yogo_tui/modes.py"]
    example.check("tests/yogo_tui/test_modes.py", "-k", "queue or share")


def test_a_label_format_is_added_as_the_page_says(tmp_path: Path) -> None:
    example = Example("a label format", tmp_path)
    assert example.changed == ["yogo/formats/lines.py", "yogo/formats/table.py"]
    assert "lines" in example.run("-m", "yogo", "labels", "convert", "--help")
    example.check("tests/yogo/test_formats_round_trips.py", "-k", "lines or any")
