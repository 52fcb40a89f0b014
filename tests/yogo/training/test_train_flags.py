"""The command line of `yogo train`: every published flag, no abbreviation, nothing heavy before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from yogo.cli import parser
from yogo.cli.flags import given
from yogo.recipe import Recipe, knobs, spelled
from yogo.training.request import TrainingRequest

PUBLISHED = (
    "train d.yml --from-pretrained a.pth --dataset-split-override 0.8 0.1 0.1 -bs 32 -lr 1e-3 --lr-decay-factor 3 "
    "--label-smoothing 0.0005 -wd 0.1 --epochs 256 --no-obj-weight 0.3 --iou-weight 1 --classify-weight 10 "
    "--no-normalize-images --image-hw 600 800 --rgb-images --model silu_model --half --device cuda --note hello "
    "--name calm-cat --tags a b --wandb-entity lab --wandb-project cells"
).split()


def test_every_published_flag_is_understood() -> None:
    args = parser().parse_args(PUBLISHED)
    recipe = Recipe.model_validate(given(args))
    assert recipe.learning_rate == 1e-3
    assert (recipe.batch_size, recipe.weight_decay, recipe.no_obj_weight) == (32, 0.1, 0.3)
    assert (recipe.image_hw, recipe.rgb_images, recipe.normalize_images) == ((600, 800), True, False)
    request = TrainingRequest(**given(args, TrainingRequest))
    assert (request.half, request.device, request.tags) == (True, "cuda", ("a", "b"))
    assert request.split_override == (0.8, 0.1, 0.1)


@pytest.mark.parametrize("spelling", ["--lr", "-lr", "--learning-rate"])
def test_aliases_mean_the_same(spelling: str) -> None:
    assert given(parser().parse_args(["train", "d.yml", spelling, "0.5"])) == {"learning_rate": 0.5}


def test_every_knob_of_the_recipe_is_a_flag_that_leaves_no_trace_unless_given() -> None:
    assert given(parser().parse_args(["train", "d.yml"])) == {}
    for one in knobs():
        default = one.field.default
        value = [] if one.field.annotation is bool else [str(part) for part in _listed(default)]
        assert set(given(parser().parse_args(["train", "d.yml", spelled(one.name), *value]))) == {one.name}


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def test_model_and_device_may_stand_without_a_value() -> None:
    args = parser().parse_args(["train", "d.yml", "--model", "--device"])
    assert given(args) | given(args, TrainingRequest) == {"definition": "d.yml"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["d.yml", "--epoch", "3"], "--epoch"),
        (["d.yml", "--epochs", "many"], "--epochs"),
        (["d.yml", "--epochs", "0"], "--epochs"),
        (["d.yml", "--model", "basic_model"], "base_model"),
        (["d.yml", "--name", "../up"], "cannot name a run"),
        (["d.yml", "--half", "--precision", "fp32"], "--precision"),
        (["d.yml", "--processes", "0"], "--processes"),
        (["d.yml", "--cache-limit", "-1"], "--cache-limit"),
        (["d.yml", "--cache-limit", "much"], "--cache-limit"),
        ([], "--resume"),
    ],
)
def test_a_misused_flag_is_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from yogo.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_flags_stand_above_the_preset() -> None:
    request = TrainingRequest(runs="runs", base=Recipe(epochs=16, normalize_images=True), given={"epochs": "3"})
    assert (request.recipe.epochs, request.recipe.normalize_images) == (3, True)


def test_help_comes_without_torch() -> None:
    code = (
        "import sys\nfrom yogo.cli import main\n"
        "try:\n    main(['train', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('torch', 'numpy', 'torchvision', 'wandb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--classify-weight" in done.stdout
