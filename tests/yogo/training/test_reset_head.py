"""`--reset-head`: weights of one list of classes, fine-tuned on another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import SIZE, Done, Yogo, stop_after_first_step, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.definition import DatasetDefinition, split
from yogo.device.precision import choose
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.model import YOGO, get_model_func
from yogo.model.head import reset_head
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.directory import RunDirectory
from yogo.run.manifest import Manifest
from yogo.run.result import verify
from yogo.training.build import build
from yogo.training.checkpoints.checkpointer import Checkpointer
from yogo.training.plan import TrainingPlan
from yogo.training.request import TrainingRequest

FLAGS = ("--lr", "1e-12", "--weight-decay", "0", "--precision", "fp32", "-bs", "2", "--reset-head")
LAST = "model.7"


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three classes, one of which the definition has too."""
    path = tmp_path_factory.mktemp("pretrained") / "best.pth"
    torch.manual_seed(5)
    model = YOGO((SIZE, SIZE), 0.1, 0.2, 3, model_func=get_model_func("quarter_filters"))
    torch.nn.init.normal_(model.model[-1].bias)  # type: ignore[arg-type]
    save_checkpoint(path, model, epoch=3, step=30, classes=("ring", "red", "late"), run_name="old-oak")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, definition: Path, pretrained: Path) -> tuple[Yogo, Done]:
    yogo = Yogo(tmp_path_factory.mktemp("reset"))
    return yogo, yogo.train(definition, "--from-pretrained", pretrained, *FLAGS, "--epochs", "1", "--name", "new")


def test_a_refusal_names_the_way_out(yogo: Yogo, definition: Path, pretrained: Path) -> None:
    done = yogo.train(definition, "--from-pretrained", pretrained, "--name", "no")
    assert done.returncode == 1
    assert "ring, red, late" in done.stderr
    assert "red, white" in done.stderr
    assert "--reset-head" in done.stderr
    assert not yogo.run("no").path.exists()


def test_boxes_stay_as_they_were_and_classes_are_new(trained: tuple[Yogo, Done], pretrained: Path) -> None:
    run = trained[0].run("new")
    verify(run)
    assert load_checkpoint(run.best).classes == ("red", "white")
    before, after = (load_checkpoint(path).model_state_dict for path in (pretrained, run.best))
    assert int(after["num_classes"]) == 2
    weights, bias = after[f"{LAST}.weight"], after[f"{LAST}.bias"]
    assert weights.shape[0] == bias.shape[0] == 5 + 2
    torch.testing.assert_close(weights[:5], before[f"{LAST}.weight"][:5], rtol=0, atol=1e-6)
    torch.testing.assert_close(bias[:5], before[f"{LAST}.bias"][:5], rtol=0, atol=1e-6)
    torch.testing.assert_close(before["model.0.0.weight"], after["model.0.0.weight"], rtol=0, atol=1e-6)
    assert (weights[5:] - before[f"{LAST}.weight"][5:7]).abs().min() > 1e-4
    assert bias[5:].abs().max() < 1e-6


def test_it_is_said_and_recorded(trained: tuple[Yogo, Done]) -> None:
    yogo, done = trained
    assert (done.returncode, done.stderr) == (0, "")
    (said,) = (line for line in done.stdout.splitlines() if "class outputs are new" in line)
    assert "ring, red, late" in said
    assert "red, white" in said
    assert Manifest.read(yogo.run("new").manifest).reset_head


def test_a_file_without_the_names_of_its_classes_can_be_reset_too(
    yogo: Yogo, definition: Path, pretrained: Path, tmp_path: Path
) -> None:
    contents = torch.load(pretrained, weights_only=True)
    torch.save(
        {key: contents[key] for key in ("epoch", "step", "model_state_dict", "model_version")}, tmp_path / "a.pth"
    )
    done = yogo.train(definition, "--from-pretrained", tmp_path / "a.pth", *FLAGS, "--epochs", "1", "--name", "bare")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 without names" in done.stdout


def test_a_resumed_run_goes_on_without_being_told_again(yogo: Yogo, definition: Path, pretrained: Path) -> None:
    start = ("--from-pretrained", pretrained, *FLAGS, "--name", "stopped", "--epochs", "400")
    process = yogo.start(definition, *start)
    assert stop_after_first_step(yogo, "stopped", process) == signals.RESUMABLE
    kept = load_checkpoint(yogo.run("stopped").last).model_state_dict
    resumed = yogo.start("--resume", yogo.run("stopped").path)
    assert stop_after_first_step(yogo, "stopped", resumed, attempt=1) == signals.RESUMABLE
    assert any(isinstance(event, events.Resumed) for event in yogo.events("stopped"))
    after = load_checkpoint(yogo.run("stopped").last).model_state_dict
    torch.testing.assert_close(after[f"{LAST}.weight"], kept[f"{LAST}.weight"], rtol=0, atol=1e-6)
    assert Manifest.read(yogo.run("stopped").manifest).reset_head


def test_a_run_that_had_saved_nothing_begins_again_with_the_same_new_outputs(
    yogo: Yogo, definition: Path, pretrained: Path
) -> None:
    start = ("--from-pretrained", pretrained, *FLAGS, "--name", "early", "--epochs", "400")
    assert stop_after_first_step(yogo, "early", yogo.start(definition, *start)) == signals.RESUMABLE
    kept = load_checkpoint(yogo.run("early").last).model_state_dict
    for path in (yogo.run("early").last, yogo.run("early").best):
        path.unlink(missing_ok=True)
    resumed = yogo.start("--resume", yogo.run("early").path)
    assert stop_after_first_step(yogo, "early", resumed, attempt=1) == signals.RESUMABLE
    after = load_checkpoint(yogo.run("early").last).model_state_dict
    torch.testing.assert_close(after[f"{LAST}.weight"], kept[f"{LAST}.weight"], rtol=0, atol=1e-6)


def test_every_process_begins_with_the_same_new_outputs(definition: Path, pretrained: Path) -> None:
    """Each builds its own model, whatever its generator has drawn before; DDP would hide that they differ."""
    dataset = DatasetDefinition.from_yaml(definition)
    recipe = Recipe(model="quarter_filters", image_hw=(SIZE, SIZE), batch_size=2)
    plan = TrainingPlan(RunDirectory(Path("none")), definition, dataset.classes, recipe, split(dataset), "fp32")
    plan = replace(plan, pretrained=pretrained, reset_head=True)
    built = []
    for rank in range(2):
        torch.manual_seed(100 + rank)
        world = World(RankInfo(), torch.device("cpu"))
        request = TrainingRequest(runs=Path("none"), cache=False, num_workers=0)
        trainer = build(plan, request, world, precision=choose("fp32", world.device), checkpointer=Checkpointer())
        built.append(trainer.model.state_dict())
    assert torch.equal(built[0][f"{LAST}.weight"], built[1][f"{LAST}.weight"])


def test_two_processes_train_it(yogo: Yogo, tmp_path: Path, pretrained: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4, fractions="{train: 1.0}")
    start = ("--from-pretrained", pretrained, *FLAGS, "--name", "two", "--epochs", "1", "--processes", "2")
    done = yogo.finish(definition, *start)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(load_checkpoint(yogo.run("two").best).model_state_dict["num_classes"]) == 2


def test_without_pretrained_weights_there_is_no_head_to_reset(yogo: Yogo, definition: Path) -> None:
    done = yogo.finish(definition, "--reset-head")
    assert done.returncode == 2
    assert "--from-pretrained" in done.stderr


def test_convnext_small_keeps_what_its_boxes_have_of_their_own_channels() -> None:
    pytest.importorskip("timm", reason="convnext_small needs timm: pip install 'yogo-tui[convnext]'")
    model = YOGO((64, 96), 0.1, 0.1, 3, model_func=get_model_func("convnext_small")).eval()
    with torch.no_grad():
        model.model[-1][1].weight[5:, :5] = 0  # type: ignore[index]
        before = model(torch.ones(1, 1, 64, 96))
        reset_head(model, 6)
        after = model(torch.ones(1, 1, 64, 96))
    assert after.shape[1] == 5 + 6
    torch.testing.assert_close(after[:, :5], before[:, :5])
