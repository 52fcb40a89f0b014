"""Presets: recipes that people keep, edit by hand and by form, and share."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yogo.architectures import MODEL_NAMES
from yogo.errors import RecipeError
from yogo.presets import FIELDS, Fingerprint, Preset, builtin, find, fingerprint, load, load_all, save
from yogo.recipe import Recipe, differences

NIGHT = """\
# mine, from the group meeting
title: Night shift
# as long as the queue allows
epochs: 128  # long
learning_rate: 1e-4
image_hw: [240, 320]
note: 'slow'
"""


@pytest.fixture
def night(tmp_path: Path) -> Path:
    path = tmp_path / "night-shift.yaml"
    path.write_text(NIGHT)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RecipeError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(preset: Preset, **values: Any) -> Preset:
    return replace(preset, recipe=Recipe(**{**preset.recipe.model_dump(), **values}))


def test_the_shipped_presets_are_the_labs() -> None:
    presets = {preset.slug: preset for preset in builtin() if not preset.slug.startswith("few-")}
    best = {
        "epochs": 256,
        "iou_weight": 1,
        "label_smoothing": 0.0005,
        "lr_decay_factor": 3,
        "weight_decay": 0.0001930025077473428,
    }

    assert {
        slug: {name: new for name, (_, new) in differences(one.recipe).items()} for slug, one in presets.items()
    } == {
        "defaults": {},
        "pretrain": {"epochs": 16, "learning_rate": 0.0005, "normalize_images": True},
        "finetune": best,
        "still-voice-4405-as-it-ran": best,
        "still-voice-4405-as-written": {**best, "classify_weight": 10},
    }
    assert all(one.path is None and one.title and one.note and not one.problem for one in presets.values())
    assert "2023" in presets["still-voice-4405-as-it-ran"].note
    assert "2023" in presets["still-voice-4405-as-written"].note


def test_the_preset_for_few_pictures_says_why_it_works() -> None:
    (few,) = (preset for preset in builtin() if preset.slug == "few-pictures")
    assert (few.recipe.model, few.recipe.image_hw, few.recipe.epochs) == ("base_model", (240, 320), 40)
    assert "background weight" in few.note


def test_the_preset_for_few_colour_pictures_turns_on_what_ranks_and_fits_boxes() -> None:
    few, colour = (preset for preset in builtin() if preset.slug.startswith("few-"))
    assert set(differences(colour.recipe)) - set(differences(few.recipe)) == {
        "ema_decay",
        "size_weight",
        "objectness_loss",
        "objectness_target",
        "ignore_overlap",
        "rgb_images",
        "suppression_iou",
        "average_boxes",
    }
    assert "--no-rgb-images" in colour.note


def test_a_preset_is_read_as_it_was_written(night: Path) -> None:
    preset = load(night)

    assert (preset.title, preset.note, preset.slug, preset.path) == ("Night shift", "slow", "night-shift", night)
    assert preset.recipe == Recipe(epochs=128, learning_rate=1e-4, image_hw=(240, 320))


def test_a_preset_without_a_title_is_called_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "plain.yml").write_text("")

    assert load(tmp_path / "plain.yml").title == "plain"
    assert load(tmp_path / "plain.yml").recipe == Recipe()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("epochs: 6o", 2, "epochs must be a whole number, not '6o'"),
        ("learning_rate: 3e-4x", 2, "learning_rate must be a number, not '3e-4x'"),
        ("epochs: '64'", 2, "epochs must be a whole number, not '64'"),
        ("epochs: 1.5", 2, "epochs must be a whole number, not 1.5"),
        ("epochs: true", 2, "epochs must be a whole number, not true"),
        ("epochs:", 2, "epochs must be a whole number, not empty"),
        ("epochs: {a: 1}", 2, "epochs must be a whole number, not a map"),
        ("epochs: 0", 2, "epochs must be greater than 0, not 0"),
        ("learning_rate: .inf", 2, "learning_rate must be a number that is finite"),
        ("seed: 99999999999999999999", 2, "seed must be less than"),
        ("normalize_images: yes", 2, "normalize_images must be true or false, not 'yes'"),
        ("image_hw: 772", 2, "image_hw needs height and width, such as 772x1032"),
        ("image_hw: [772]", 2, "image_hw needs height and width"),
        ("image_hw: [772,\n  1o32]", 2, "image_hw"),
        ("model: resnet", 2, 'There is no model "resnet". There are base_model'),
        ("precision: fp8", 2, "precision must be one of auto, fp32, bf16 or fp16, not 'fp8'"),
        ("learning_rte: 1", 2, 'There is no field "learning_rte". Did you mean "learning_rate"?'),
        ("zzz: 1", 2, "There are title, note, epochs"),
        ("epochs: 3\nepochs: 4", 3, "'epochs' is in one map twice"),
        ("epochs: [", 3, "This is not YAML"),
    ],
)
def test_each_fault_gets_one_sentence_with_file_line_and_field(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"title: X\n{text}\n")

    assert refusal(path).startswith(f"{path}, line {line}: ")
    assert words in refusal(path)


def test_what_is_no_preset_file_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "photo.yaml").write_bytes(b"\xff\xd8\xff\xe0")

    assert "a list" in refusal(tmp_path / "list.yaml")
    assert "not YAML but a JPEG image" in refusal(tmp_path / "photo.yaml")
    assert "folder" in refusal(tmp_path)
    assert refusal(tmp_path / "none.yaml") == f"{tmp_path / 'none.yaml'}: This file does not exist"


def test_an_unreadable_preset_is_listed_with_its_problem(night: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("epochs: 6o\n")
    (tmp_path / ".hidden.yaml").write_text("epochs: 6o\n")
    (tmp_path / "readme.md").touch()

    found = load_all([tmp_path, tmp_path / "none"])

    assert [(preset.title, bool(preset.problem)) for preset in found] == [("broken", True), ("Night shift", False)]
    assert found[0].problem == f"{tmp_path / 'broken.yml'}, line 1: epochs must be a whole number, not '6o'"


def test_saving_keeps_comments_order_and_what_was_not_changed(night: Path) -> None:
    preset = load(night)

    save(changed(preset, epochs=7, model="half_filters"), night, seen=preset.seen)

    assert night.read_text() == NIGHT.replace("epochs: 128", "epochs: 7") + "model: half_filters\n"


def test_saving_without_a_change_leaves_every_byte(night: Path) -> None:
    preset = load(night)

    save(preset, night, seen=preset.seen)

    assert night.read_text() == NIGHT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("note: old  # why\nepochs: 7\n", 'note: "new: #1\\nof two"  # why\nepochs: 7\n'),
        ("note: old\nepochs: 7\n", "note: |-\n  new: #1\n  of two\nepochs: 7\n"),
        ("note: >-\n  old\n  words\n\n# c\nepochs: 7\n", "note: |-\n  new: #1\n  of two\n# c\nepochs: 7\n"),
        ("note:\nepochs: 7", "note: |-\n  new: #1\n  of two\nepochs: 7"),
        ("epochs: 7", "epochs: 7\nnote: |-\n  new: #1\n  of two\n"),
        ("note: 'o''ld'\nepochs:   7 # c\r\n", "note: |-\n  new: #1\n  of two\nepochs:   7 # c\r\n"),
    ],
)
def test_a_note_takes_the_place_of_the_old_one_however_that_was_written(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"title: x\n{before}", newline="")
    preset = load(path)

    save(replace(preset, note="new: #1\nof two"), path, seen=preset.seen)

    assert path.read_bytes().decode() == f"title: x\n{after}"


@pytest.mark.parametrize("text", ["epochs: &n 3\nbatch_size: *n\n", "{title: x, epochs: 3}\n", "epochs: 3\n...\n"])
def test_a_file_that_only_a_person_can_edit_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    preset = load(path)

    with pytest.raises(RecipeError, match="only a person can edit"):
        save(changed(preset, epochs=4, seed=2), path, seen=preset.seen)
    assert path.read_text() == text


def test_a_value_that_goes_back_to_the_default_is_written(night: Path) -> None:
    preset = load(night)

    save(changed(preset, epochs=64), night, seen=preset.seen)

    assert "epochs: 64  # long" in night.read_text()
    assert load(night).recipe.epochs == 64


def test_a_saved_preset_can_be_saved_again(night: Path) -> None:
    once = save(changed(load(night), epochs=7), night, seen=load(night).seen)
    twice = save(changed(once, epochs=8), night, seen=once.seen)

    assert load(night) == twice


def test_a_file_that_was_edited_meanwhile_is_left_as_it_is(night: Path) -> None:
    preset = load(night)
    night.write_text(NIGHT + "batch_size: 3\n")

    with pytest.raises(RecipeError, match="edited elsewhere in the meantime"):
        save(changed(preset, epochs=7), night, seen=preset.seen)
    assert night.read_text() == NIGHT + "batch_size: 3\n"


def test_of_several_who_save_a_preset_at_once_all_but_one_are_told(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"

    def saved(epochs: int, seen: Fingerprint | None) -> int:
        """Its number of epochs; 0 where it was refused."""
        try:
            return save(Preset("New", "", Recipe(epochs=epochs), None), file, seen=seen).recipe.epochs
        except RecipeError:
            return 0

    for turn in range(4):
        seen = fingerprint(file) if turn else None
        with ThreadPoolExecutor(8) as threads:
            (kept,) = filter(None, threads.map(saved, range(10 * turn + 10, 10 * turn + 18), [seen] * 8))
        assert load(file).recipe.epochs == kept
        assert [path.name for path in tmp_path.iterdir()] == ["new.yaml"]


def test_a_new_preset_does_not_fall_upon_an_old_one(night: Path) -> None:
    with pytest.raises(RecipeError, match="already exists"):
        save(Preset("Other", "", Recipe(), None), night, seen=None)
    assert night.read_text() == NIGHT


def test_a_built_in_preset_is_saved_elsewhere_and_never_over_itself(tmp_path: Path) -> None:
    import yogo.presets

    preset = find("pretrain")
    mine = save(changed(preset, epochs=3), tmp_path / "new" / "mine.yaml", seen=None)
    shipped = Path(yogo.presets.__file__).parent / "preset_files" / "pretrain.yaml"

    assert load(tmp_path / "new" / "mine.yaml") == mine
    assert mine.recipe.normalize_images
    with pytest.raises(RecipeError, match="built in and read-only"):
        save(preset, shipped, seen=fingerprint(shipped))


def test_a_link_is_written_through_and_the_mode_stays(night: Path, tmp_path: Path) -> None:
    night.chmod(0o600)
    link = tmp_path / "link.yaml"
    link.symlink_to(night)
    preset = load(link)

    save(changed(preset, epochs=7), link, seen=preset.seen)

    assert link.is_symlink()
    assert load(night).recipe.epochs == 7
    assert night.stat().st_mode & 0o777 == 0o600


def test_a_byte_order_mark_and_crlf_do_not_hinder_saving(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbftitle: X\r\nepochs: 3\r\n")
    preset = load(path)

    save(changed(preset, epochs=4), path, seen=preset.seen)

    assert load(path).recipe.epochs == 4


def test_a_failed_save_leaves_the_old_file_and_no_other(night: Path, tmp_path: Path) -> None:
    preset = load(night)
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("root may write everywhere")
        with pytest.raises(OSError, match="Permission denied"):
            save(changed(preset, epochs=7), night, seen=preset.seen)
    finally:
        tmp_path.chmod(0o700)
    assert [path.name for path in tmp_path.iterdir()] == [night.name]


@pytest.mark.parametrize("name", ["night-shift", "Night shift", "NIGHT SHIFT"])
def test_a_preset_is_found_by_its_title_or_file_name(night: Path, name: str) -> None:
    assert find(name, [night.parent]).path == night
    assert find(night).path == night
    assert find(str(night)).path == night


def test_a_built_in_preset_is_found_without_any_folder() -> None:
    assert find("Pre-train").slug == find("pretrain").slug == "pretrain"


def test_a_preset_that_is_not_there_is_told_with_the_near_ones(night: Path) -> None:
    with pytest.raises(RecipeError, match=r'no recipe "nightshift". Did you mean "night-shift"\?$'):
        find("nightshift", [night.parent])
    with pytest.raises(RecipeError, match="defaults, pretrain, finetune"):
        find("qqqqqq")


def test_a_broken_preset_is_found_and_told(tmp_path: Path) -> None:
    (tmp_path / "pretrain.yaml").write_text("epochs: 6o\n")

    with pytest.raises(RecipeError, match=r"pretrain\.yaml, line 1: epochs must be a whole number, not '6o'"):
        find("pretrain", [tmp_path])


positive = st.floats(1e-12, 1e6)
recipes = st.builds(
    Recipe,
    epochs=st.integers(1, 10**6),
    learning_rate=st.floats(1e-12, 1),
    weight_decay=st.floats(0, 1),
    iou_weight=positive,
    label_smoothing=st.floats(0, 1),
    seed=st.integers(0, 2**63 - 1),
    model=st.sampled_from(MODEL_NAMES),
    image_hw=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    normalize_images=st.booleans(),
    anchor_width=positive,
    precision=st.sampled_from(["auto", "fp32", "bf16", "fp16"]),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).map(str.strip)


@settings(max_examples=50)
@given(recipes, recipes, texts, texts)
def test_every_recipe_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, first: Recipe, second: Recipe, title: str, note: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.unlink(missing_ok=True)
    once = save(Preset(title or "x", note, first, None), path, seen=None)
    assert load(path) == once

    twice = save(replace(once, recipe=second, note=title), path, seen=once.seen)
    assert load(path) == twice


def test_a_preset_file_may_set_every_knob(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    default = Recipe().model_dump(mode="json")
    path.write_text("".join(f"{name}: {default.get(name, 'x')}\n".lower() for name in FIELDS))

    assert load(path).recipe == Recipe()
