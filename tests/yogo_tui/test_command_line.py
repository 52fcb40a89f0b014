"""Recipes read out of pasted command lines: what is taken over, and what is told as left."""

from __future__ import annotations

from typing import Any

import pytest

from yogo.errors import RecipeError
from yogo.recipe import Recipe, differences, flag, knobs
from yogo_tui.launch.command_line import read_command
from yogo_tui.launch.script import command_of


def read(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the recipe sets, and what was left."""
    recipe, left = read_command(text).recipe(Recipe())
    return {name: value for name, (_, value) in differences(recipe).items()}, left


LINES: list[tuple[str, dict[str, Any]]] = [
    ("yogo train cells.yml --epochs 16", {"epochs": 16}),
    ("yogo train cells.yml -lr 3e-3 -bs 8 -wd 1e-4", {"learning_rate": 3e-3, "batch_size": 8, "weight_decay": 1e-4}),
    ("yogo train cells.yml --lr=3e-3 --batch-size=8", {"learning_rate": 3e-3, "batch_size": 8}),
    ("yogo train --image-hw 193 258 cells.yml --normalize-images", {"image_hw": (193, 258), "normalize_images": True}),
    ("yogo train cells.yml --no-flips --no-normalize-images", {"flips": False}),
    ("yogo train --model half_filters cells.yml", {"model": "half_filters"}),
    ("yogo train --model cells.yml --epochs 3", {"epochs": 3}),
    ("sbatch --gres=gpu:4 scripts/submit_cmd.sh yogo train 'my cells.yml' --epochs 3", {"epochs": 3}),
    ("srun python -m yogo train cells.yml --epochs 3", {"epochs": 3}),
    ("torchrun --nproc_per_node 4 -m yogo train cells.yml --epochs 3", {"epochs": 3}),
    ("/opt/yogo/bin/yogo train cells.yml --epochs 3 > log.txt 2>&1 &", {"epochs": 3}),
    ("cd /data && yogo train cells.yml --epochs 3 && echo done", {"epochs": 3}),
    ("$ nohup yogo train cells.yml --epochs 3 | tee log", {"epochs": 3}),
    ("yogo train \\\n  cells.yml \\\n  --epochs 3 \\\n  --lr 0.1\n", {"epochs": 3, "learning_rate": 0.1}),
    ("#!/bin/bash\n#SBATCH -n 1\nyogo train cells.yml --epochs 3", {"epochs": 3}),
    ("yogo train “cells.yml” —epochs 3 –-lr 0.1", {"epochs": 3, "learning_rate": 0.1}),
    ("yogo train cells.yml \\\r  --epochs 3 \\\r  --lr 0.1\r", {"epochs": 3, "learning_rate": 0.1}),
    ("yogo train cells.yml --epochs 3  # as ever\nsqueue --me", {"epochs": 3}),
    ("yogo train cells.yml --epochs 3\n  --lr 0.1", {"epochs": 3, "learning_rate": 0.1}),
    ("yogo train 'a # b.yml' --epochs 3", {"epochs": 3}),
    ("yogo train cells.yml --epochs 3 --epochs 4", {"epochs": 4}),
]


@pytest.mark.parametrize(("line", "settings"), LINES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_line_says_what_it_sets(line: str, settings: dict[str, Any]) -> None:
    assert read(line)[0] == settings


def test_every_field_is_read_as_the_command_of_a_recipe_writes_it() -> None:
    others: dict[str, Any] = {
        "model": "half_filters",
        "class_weights": "balanced",
        "best_by": "map",
        "objectness_loss": "bce",
        "objectness_target": "iou",
        "precision": "bf16",
        "image_hw": (64, 32),
        "lr_decay_factor": 3.0,
        "accumulate": 2,
        "seed": 7,
        "early_stopping": 4,
        "warmup_epochs": 0.5,
        "train_share": 0.5,
        "ema_decay": 0.5,
        "brightness": 0.5,
        "contrast": 0.5,
    }
    for one in knobs():
        usual = one.field.default
        smaller = usual // 2 or 2 if isinstance(usual, int) else usual / 2 or 0.5 if isinstance(usual, float) else None
        recipe = Recipe.model_validate(
            {one.name: others.get(one.name, not usual if usual in (True, False) else smaller)}
        )
        assert flag(one.name, getattr(recipe, one.name))[0] in command_of(recipe)
        read_back, left = read_command(command_of(recipe)).recipe(Recipe())
        assert (read_back, len(left)) == (recipe, 1)


LEFT = [
    ("yogo train cells.yml", ["The data, cells.yml: a recipe has none. Choose the definition at the launch."]),
    ("yogo train --from-pretrained a/best.pth", ["--from-pretrained a/best.pth: the weights are no part of a recipe."]),
    ("yogo train --tags a b --note 'fine tune'", ["--tags a b: ", "--note fine tune: "]),
    ("yogo train --epoch 3", ['--epoch 3: yogo train has no such flag. Did you mean "--epochs"']),
    ("yogo train --frobnicate cells.yml", ["--frobnicate: yogo train has no such flag.", "The data, cells.yml"]),
    ("yogo train --epochs many", ["--epochs many: it must be a whole number, not 'many'."]),
    ("yogo train --epochs", ["--epochs: its value is missing."]),
    ("yogo train --lr $LR", ["--learning-rate $LR: it must be a number, not '$LR'."]),
    ("yogo train --model resnet", ['--model resnet: There is no model "resnet".']),
    ("yogo train --half", ["--half: precision is now auto, which is bf16 where the hardware has it."]),
    ("yogo train --epochs 3 4", ["The data, 4: "]),
    ("yogo train a.yml b.yml", ["b.yml: it belongs to no flag.", "The data, a.yml"]),
    ("A=1 sbatch -t 3 x.sh yogo train --epochs 3", ["The environment (A=1): ", "The job (sbatch -t 3 x.sh): "]),
    ("yogo train --epochs 3; yogo train --epochs 4", ["There is another command behind it"]),
]


@pytest.mark.parametrize(("line", "left"), LEFT, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_not_taken_over_is_said(line: str, left: list[str]) -> None:
    said = read(line)[1]
    assert len(said) == len(left)
    for wanted in left:
        assert any(one.startswith(wanted) for one in said), said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "There is no `yogo train` in it"),
        ("echo yogo", "There is no `yogo train` in it"),
        ("yogo test best.pth cells.yml", "This is yogo test: only yogo train has a recipe"),
        ("yogo train 'cells.yml", "a quote is opened and not closed"),
        ("yogo train --resume trained_models/a", "import it from that run"),
    ],
)
def test_a_line_without_a_recipe_is_refused_in_a_sentence(line: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        read_command(line)


def test_a_preset_that_is_named_is_the_base() -> None:
    assert read_command("yogo train cells.yml --recipe finetune --epochs 3").preset == "finetune"


@pytest.mark.parametrize("line", ["yogo train --lr=-1", "yogo train -lr -1e-4 x.yml", "yogo train --seed -3"])
def test_a_negative_number_is_a_value_and_no_flag(line: str) -> None:
    settings, left = read(line)
    assert settings == {}
    assert any("must be" in one for one in left)
