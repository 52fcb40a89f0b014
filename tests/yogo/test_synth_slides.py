"""Synthetic slides: their parasitemia is the stated one, they differ, and all files that come with them can be used."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.cli import main
from yogo.definition import DatasetDefinition, split
from yogo.files import yaml12
from yogo.synth.cells import KINDS
from yogo.synth.dataset import DIM, make_dataset
from yogo.synth.frame import CLEAR, Look, make_frame
from yogo.synth.plan import SlidesPlan, SynthPlan
from yogo.synth.slides import make_slides, slide_shares

PLAN = SynthPlan(image_hw=(97, 129), cells=12)
SLIDES = SlidesPlan(samples=4, frames=3, per_microlitre=(0, 0, 250_000, 2_500_000))
SETS = ("pre-training", "fine-tuning", "titration")
NAMES = [kind.name for kind in KINDS]
TARGET = ("ring", "trophozoite", "schizont")


def definition(out: Path, kind: str) -> DatasetDefinition:
    return DatasetDefinition.from_yaml(out / "dataset_defs" / kind / "synthetic.yml")


def counts(folder: Path) -> Counter[str]:
    """How often each class is in the labels of a slide."""
    rows = (row for path in folder.iterdir() for row in path.read_text().splitlines())
    return Counter(NAMES[int(row.split()[0])] for row in rows)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_makes_the_same_slides_and_another_others(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_slides(tmp_path / name, SynthPlan(image_hw=(97, 129), cells=12, seed=seed), SLIDES)
    a, b, c = (files_of(tmp_path / name) for name in "abc")
    assert a == b
    assert not {data for name, data in a.items() if name.endswith(".png")} & set(c.values())


def test_pixels_of_a_slide_are_the_same_on_every_machine() -> None:
    look = Look(stain=0.7, blur=0.6, specks=0.5)
    frame = make_frame(np.random.default_rng(3), (97, 129), DIM, 12, slide_shares(500_000, NAMES), look=look)
    assert hashlib.sha256(frame.pixels.tobytes()).hexdigest()[:16] == "fbe47b55ad2e3dd2"
    assert hashlib.sha256(frame.label.encode()).hexdigest()[:16] == "d37e1b74dad72f59"


def test_no_two_images_are_the_same(tmp_path: Path) -> None:
    make_slides(tmp_path / "out", PLAN, SLIDES)
    images = [data for name, data in files_of(tmp_path / "out").items() if name.endswith(".png")]
    assert len(images) == len(set(images)) == 3 * (4 + 4 + 4 + 4)


def test_as_many_cells_are_parasites_as_is_stated_up_to_chance(tmp_path: Path) -> None:
    slides = SlidesPlan(samples=4, frames=40, per_microlitre=(0, 250_000, 2_500_000))
    make_slides(tmp_path / "out", SynthPlan(image_hw=(64, 64), cells=40), slides)
    for number, share in (("01", 0.0), ("02", 0.05), ("03", 0.5)):
        found = counts(tmp_path / "out" / "labels" / "titration" / number)
        targets = sum(found[name] for name in TARGET)
        cells = targets + found["healthy"]
        assert cells > 1_400
        assert abs(targets - share * cells) <= 4 * (cells * share * (1 - share)) ** 0.5
        assert (found["gametocyte"] > 0) == (share > 0.1) or share == 0.05
        assert found["wbc"] + found["misc"] > 0


def test_definitions_have_roles_and_samples_and_no_sample_is_in_two_splits(tmp_path: Path) -> None:
    make_slides(tmp_path / "out", PLAN, SLIDES)
    for kind in SETS:
        found = definition(tmp_path / "out", kind)
        assert not found.warnings
        assert found.roles is not None
        assert (found.roles.total, found.roles.target) == (("healthy", *TARGET), TARGET)
        pairs = (*found.dataset_paths, *found.test_dataset_paths)
        sample_of = {pair.images: pair.sample.name for pair in pairs}
        assert len(set(sample_of.values())) == len(pairs)
        parts = [{sample_of[one.image.parent] for one in part} for _, part in split(found).items()]
        assert sum(map(len, parts)) == len(set().union(*parts)) == len(pairs)
        assert [bool(part) for part in parts] == [True, True, kind != "pre-training"]


def test_the_titration_is_tested_on_with_the_values_that_were_asked_for(tmp_path: Path) -> None:
    make_slides(tmp_path / "out", PLAN, SLIDES)
    pairs = definition(tmp_path / "out", "titration").test_dataset_paths
    assert [pair.sample.target_per_microlitre for pair in pairs] == [0, 0, 250_000, 2_500_000]
    assert {pair.images.parent.name for pair in pairs} == {"titration"}


def test_samples_yml_lists_the_titration_by_paths_relative_to_it(tmp_path: Path) -> None:
    make_slides(tmp_path / "out", PLAN, SLIDES)
    told = yaml12.load(tmp_path / "out" / "samples.yml").data
    assert told["roles"] == {"total": ["healthy", *TARGET], "target": [*TARGET], "per_microlitre": 5e6}
    assert [one["target_per_microlitre"] for one in told["samples"].values()] == [0, 0, 250_000, 2_500_000]
    for one in told["samples"].values():
        assert len(list((tmp_path / "out" / one["images"]).glob("*.png"))) == 3


def test_slides_differ_in_light_and_stain_and_images_of_one_slide_much_less(tmp_path: Path) -> None:
    make_slides(tmp_path / "out", PLAN, SlidesPlan(samples=4, frames=6, per_microlitre=(0,) * 12))
    shades = np.array(
        [
            [np.median(np.asarray(Image.open(path))) for path in sorted(folder.iterdir())]
            for folder in sorted((tmp_path / "out" / "images" / "titration").iterdir())
        ]
    )
    assert shades.mean(1).std(ddof=1) > 1.5 * shades.std(1, ddof=1).mean()


def test_specks_darken_healthy_cells_and_change_no_label() -> None:
    def darkest(look: Look) -> list[float]:
        frame = make_frame(np.random.default_rng(0), (193, 258), DIM, 40, slide_shares(0, NAMES[:2]), look=look)
        assert {box.kind for box in frame.boxes} == {0}
        inside = [frame.pixels[box.y0 : box.y1, box.x0 : box.x1].min() for box in frame.boxes]
        return [shade / float(np.median(frame.pixels)) for shade in inside]

    assert np.median(darkest(Look(specks=1))) < 0.8 * np.median(darkest(CLEAR))


def test_blur_and_a_weak_stain_make_cells_hard_to_see() -> None:
    def contrast(look: Look) -> float:
        frame = make_frame(np.random.default_rng(0), (193, 258), DIM, 40, slide_shares(5e6, NAMES), look=look)
        darkest = [frame.pixels[box.y0 : box.y1, box.x0 : box.x1].min() for box in frame.boxes]
        return float(np.median(frame.pixels) - np.mean(darkest))

    assert contrast(Look(blur=0.8)) < 0.9 * contrast(CLEAR)
    assert contrast(Look(stain=0.6)) < 0.75 * contrast(CLEAR)


def test_a_dataset_without_slides_replaces_one_with_them_and_the_other_way_round(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_slides(out, PLAN, SLIDES)
    slides = files_of(out)
    make_dataset(out, PLAN)
    assert not (out / "samples.yml").exists()
    assert not (out / "dataset_defs" / "titration").exists()
    make_slides(out, PLAN, SLIDES)
    assert files_of(out) == slides


@pytest.mark.parametrize("classes", ["2", "7"])
def test_the_command_makes_slides_that_pass_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], classes: str
) -> None:
    out = str(tmp_path / "out")
    wanted = ["--samples", "4", "--frames", "2", "--per-microlitre", "0", "1e5", "--image-hw", "64", "86"]
    assert main(["synth", out, *wanted, "--cells", "5", "--classes", classes]) == 0
    assert f"{out}/samples.yml" in capsys.readouterr().out
    for kind in SETS:
        assert main(["check", f"{out}/dataset_defs/{kind}/synthetic.yml"]) == 0
    assert len(definition(tmp_path / "out", "titration").test_dataset_paths) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--frames", "3"], "--frames is about slides: give --samples too"),
        (["--per-microlitre", "0"], "--per-microlitre is about slides: give --samples too"),
        (["--samples", "4", "--pictures", "3"], "--pictures does not go with --samples"),
        (["--samples", "4", "--classes", "1"], "--samples needs --classes 2 or more"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str], said: str
) -> None:
    assert main(["synth", str(tmp_path / "out"), *wrong]) != 0
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--samples", "3"], ["--per-microlitre", "-1"], ["--per-microlitre", "6e6"]])
def test_numbers_that_no_slide_can_have_are_refused(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["synth", str(tmp_path / "out"), "--samples", "4", *wrong])
