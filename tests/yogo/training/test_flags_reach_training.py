"""What a published command says is what is trained with: its defaults, and every number that it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo.training.tiny import TINY, Yogo, write_dataset
from yogo.checkpoint import load_checkpoint
from yogo.recipe import Recipe
from yogo.run import events
from yogo.run.manifest import Manifest


def test_the_defaults_are_the_published_ones() -> None:
    published = {
        "epochs": 64,
        "batch_size": 64,
        "learning_rate": 3e-4,
        "lr_decay_factor": 10,
        "weight_decay": 0.05,
        "iou_weight": 5,
        "classify_weight": 1,
        "no_obj_weight": 0.5,
        "label_smoothing": 0.01,
        "model": "base_model",
        "image_hw": (772, 1032),
        "rgb_images": False,
        "normalize_images": False,
        "anchor_width": 0.04250100424705710,
        "anchor_height": 0.05551774140353888,
        "flips": True,
        "precision": "auto",
    }
    assert Recipe().model_dump(include=set(published)) == published


def steps(yogo: Yogo, definition: Path, name: str, *flags: object) -> list[events.Step]:
    arguments = ("--name", name, "--epochs", "2", "-bs", "6", "--no-flips")
    done = yogo.train(definition, *TINY, *arguments, *flags)
    assert (done.returncode, done.stderr) == (0, "")
    return [event for event in yogo.events(name) if isinstance(event, events.Step)]


@pytest.mark.parametrize(
    ("flag", "part"),
    [
        ("--iou-weight", "iou_loss"),
        ("--classify-weight", "classification_loss"),
        ("--no-obj-weight", "objectness_loss"),
        ("--label-smoothing", "classification_loss"),
    ],
)
def test_each_weight_changes_its_own_part_of_the_loss(flag: str, part: str, yogo: Yogo, definition: Path) -> None:
    low, high = (steps(yogo, definition, f"at-{value}", flag, value)[0].losses.model_dump() for value in (0.25, 0.75))
    low.pop("loss"), high.pop("loss")
    assert high.pop(part) != pytest.approx(low.pop(part), rel=1e-3)
    assert high == pytest.approx(low, rel=1e-6)


@pytest.mark.parametrize(
    ("flag", "words"),
    [("--objectness-loss", ("mse", "bce")), ("--objectness-target", ("one", "iou")), ("--ignore-overlap", (1, 0))],
)
def test_each_kind_of_objectness_loss_changes_that_part_alone(
    flag: str, words: tuple[object, object], yogo: Yogo, definition: Path
) -> None:
    by_default, usual, other = (
        steps(yogo, definition, f"at-{place}", *given)[0].losses.model_dump()
        for place, given in enumerate(((), (flag, words[0]), (flag, words[1])))
    )
    assert usual == by_default
    assert other.pop("objectness_loss") != pytest.approx(usual.pop("objectness_loss"), rel=1e-3)
    other.pop("loss"), usual.pop("loss")
    assert other == pytest.approx(usual, rel=1e-6)


def test_the_rate_falls_from_what_was_given_by_the_factor_and_weights_decay_as_told(
    yogo: Yogo, definition: Path
) -> None:
    rates = [step.lr for step in steps(yogo, definition, "rate", "-lr", "0.02", "--lr-decay-factor", "4", "-wd", "0.3")]
    assert [rates[0], rates[-1]] == pytest.approx([0.02, 0.005])
    state = load_checkpoint(yogo.run("rate").last).optimizer_state_dict
    assert state is not None
    assert {group["weight_decay"] for group in state["param_groups"]} == {0.3}


def test_a_split_on_the_command_line_shares_out_the_test_paths_too(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=7, fractions="{train: 1.0}")
    write_dataset(tmp_path / "data" / "more", num_pictures=3)
    with definition.open("a") as file:
        file.write("test_paths:\n  two: {image_path: more/images, label_path: more/labels}\n")
    counts = {}
    for name, override in (("as-said", ()), ("pooled", ("--dataset-split-override", 0.5, 0.26, 0.24))):
        steps(yogo, definition, name, *override)
        manifest = Manifest.read(yogo.run(name).manifest)
        counts[name] = (manifest.num_train, manifest.num_val, manifest.num_test)
    assert counts == {"as-said": (7, 0, 3), "pooled": (5, 3, 2)}
