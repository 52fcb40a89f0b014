"""What pretrained weights pass on: said on the recipe's fields, and the same for trainer and console."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest

from yogo.checkpoint import save_checkpoint
from yogo.model import YOGO, get_model_func
from yogo.model.inheritance import recipe_of
from yogo.recipe import Recipe, applied, inherited, inheriting
from yogo.training.planning.pretrained import inherit
from yogo_tui.errors import LaunchError
from yogo_tui.hosts.here import HereHost
from yogo_tui.runs.parent import of_file

OTHER = {
    "model": "quarter_filters",
    "image_hw": (64, 96),
    "rgb_images": True,
    "normalize_images": True,
    "anchor_width": 0.125,
    "anchor_height": 0.25,
}
"""Another value than the default for each field that is inherited; of those, numbers that fp32 holds."""

YOGO_COMMAND = (sys.executable, "-m", "yogo")


def model_of(recipe: Recipe) -> YOGO:
    return YOGO(
        recipe.image_hw,
        recipe.anchor_width,
        recipe.anchor_height,
        2,
        is_rgb=recipe.rgb_images,
        normalize_images=recipe.normalize_images,
        model_func=get_model_func(recipe.model),
    )


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "best.pth"
    save_checkpoint(path, model_of(applied(Recipe(), OTHER)), epoch=1, step=9, classes=("a", "b"), run_name="owl")
    return path


@pytest.mark.parametrize("name", inherited(Recipe()))
def test_each_field_that_is_inherited_is_read_off_the_model(name: str) -> None:
    changed = applied(Recipe(image_hw=(64, 96), anchor_width=0.5, anchor_height=0.5), {name: OTHER[name]})
    assert recipe_of(model_of(changed)) == changed


async def test_trainer_and_console_inherit_the_same_from_a_file(checkpoint: Path) -> None:
    asked = Recipe(epochs=3, model="half_filters", anchor_width=0.3)
    trained, _, notices = inherit(checkpoint, asked, ("a", "b"), given={"model"})
    parent = await of_file(HereHost(), YOGO_COMMAND, PurePosixPath(checkpoint))
    assert parent.pass_forward(asked) == trained == inheriting(asked, applied(Recipe(), OTHER))
    assert trained.epochs == 3
    assert any("--model half_filters is ignored" in notice for notice in notices)


async def test_a_network_that_only_another_yogo_knows_is_refused_in_a_sentence(checkpoint: Path) -> None:
    newer = (sys.executable, "-c", f"print({NEWER!r})")
    with pytest.raises(LaunchError, match=r'best.pth cannot be trained on: model: There is no model "vast_model"'):
        await of_file(HereHost(), newer, PurePosixPath(checkpoint))


NEWER = (
    '{"sha256": "0", "classes": ["a"], "model": "vast_model", "image_hw": [64, 96], "rgb_images": false, '
    '"normalize_images": true, "anchor_width": 0.1, "anchor_height": 0.1}'
)
"""What `yogo inspect` of a later version might say."""
