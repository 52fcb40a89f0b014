"""A fine-tune takes its network, normalisation, colour and frame size from the file that it starts from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import SIZE, TINY, Yogo
from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.errors import TrainingError
from yogo.model import YOGO, get_model_func
from yogo.recipe import Recipe
from yogo.run.manifest import Manifest
from yogo.run.result import sha256, verify
from yogo.training.planning.pretrained import inherit

CLASSES = ("red", "white")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pretrained") / "best.pth"
    network = get_model_func("half_filters")
    model = YOGO((SIZE, SIZE), 0.1, 0.2, 2, is_rgb=True, normalize_images=True, model_func=network)
    save_checkpoint(path, model, epoch=3, step=30, classes=CLASSES, run_name="old-oak")
    return path


def test_a_fine_tune_inherits_and_says_what_it_ignores(yogo: Yogo, definition: Path, pretrained: Path) -> None:
    flags = ("--model", "quarter_filters", "--no-rgb-images", "--epochs", "1", "--name", "fine", "-bs", "4")
    done = yogo.train(definition, "--from-pretrained", pretrained, *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--model quarter_filters is ignored" in done.stdout
    assert "--no-rgb-images is ignored" in done.stdout
    assert "--normalize-images" not in done.stdout
    verify(yogo.run("fine"))
    manifest = Manifest.read(yogo.run("fine").manifest)
    recipe = manifest.recipe
    assert (recipe.model, recipe.rgb_images, recipe.normalize_images) == ("half_filters", True, True)
    assert recipe.image_hw == (SIZE, SIZE)
    assert recipe.anchor_width == pytest.approx(0.1)
    assert (manifest.pretrained, manifest.pretrained_sha256) == (str(pretrained), sha256(pretrained))
    assert load_checkpoint(yogo.run("fine").best).normalize_images


def test_it_starts_from_the_weights_of_the_file(yogo: Yogo, definition: Path, pretrained: Path) -> None:
    flags = ("--epochs", "1", "--name", "same", "--lr", "1e-12", "--weight-decay", "0", "--precision", "fp32")
    assert yogo.train(definition, "--from-pretrained", pretrained, *flags).returncode == 0
    before, after = (load_checkpoint(path).model_state_dict for path in (pretrained, yogo.run("same").best))
    assert torch.allclose(before["model.0.0.weight"], after["model.0.0.weight"], atol=1e-6)


def test_another_frame_size_is_refused_with_both(pretrained: Path) -> None:
    with pytest.raises(TrainingError, match=r"96x128.*64x64"):
        inherit(pretrained, Recipe(image_hw=(96, 128)), CLASSES, given={"image_hw"})


def test_other_classes_are_refused_with_both_lists(pretrained: Path) -> None:
    with pytest.raises(TrainingError, match=r"red, white.*white, red"):
        inherit(pretrained, Recipe(), ("white", "red"), given=())


def test_a_picture_in_place_of_a_checkpoint_is_one_sentence(yogo: Yogo, definition: Path) -> None:
    picture = definition.parent / "images" / "picture_00.png"
    done = yogo.train(definition, *TINY, "--from-pretrained", picture, "--name", "no")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is not a checkpoint" in done.stderr
    assert not yogo.run("no").path.exists()
