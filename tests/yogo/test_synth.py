"""Synthetic frames: the same everywhere, and labels that fit the pixels exactly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yogo.cli import main
from yogo.definition.labels import read_labels
from yogo.definition.model import DatasetDefinition
from yogo.definition.split import split
from yogo.errors import YogoError
from yogo.synth.cells import KINDS, draw
from yogo.synth.dataset import BRIGHT, DIM, make_dataset
from yogo.synth.frame import background, make_frame, paint, shares_of
from yogo.synth.plan import SynthPlan
from yogo.synth.png import png

SMALL = SynthPlan(pictures=4, image_hw=(97, 129), cells=8)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("radius", [3.5, 5.4, 21.4])
def test_a_box_touches_its_cells_outermost_pixels_on_all_four_sides(kind: object, radius: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        before = background(rng, (120, 150), BRIGHT)
        light = before.copy()
        box = paint(light, draw(kind, rng, radius), 0, int(rng.integers(150)), int(rng.integers(120)))  # type: ignore[arg-type]
        rows, columns = np.nonzero(light != before)
        assert (box.x0, box.x1) == (columns.min(), columns.max() + 1)
        assert (box.y0, box.y1) == (rows.min(), rows.max() + 1)


def test_label_files_say_where_the_boxes_are_to_a_thousandth_of_a_pixel(tmp_path: Path) -> None:
    frame = make_frame(np.random.default_rng(0), (193, 258), DIM, 20, shares_of(KINDS))
    path = tmp_path / "0.txt"
    path.write_text(frame.label)
    rows = np.array(read_labels(path, [kind.name for kind in KINDS]).rows).reshape(-1, 5)
    assert rows[:, 0].tolist() == [box.kind for box in frame.boxes]
    corners = rows[:, 1:] * [258, 193, 258, 193]
    assert np.abs(corners - [box[1:] for box in frame.boxes]).max() < 1e-3


def test_a_dark_cell_is_where_its_label_says_in_the_noisy_picture() -> None:
    frame = make_frame(np.random.default_rng(5), (193, 258), BRIGHT, 30, shares_of(KINDS))
    darkest = [frame.pixels[box.y0 : box.y1, box.x0 : box.x1].min() for box in frame.boxes]
    beside = np.median(frame.pixels)
    assert max(darkest) < beside - 40


def test_no_cell_is_so_small_that_its_label_would_be_dropped(tmp_path: Path) -> None:
    for image_hw in ((772, 1032), (193, 258), (64, 64)):
        frame = make_frame(np.random.default_rng(1), image_hw, BRIGHT, 12, shares_of(KINDS, even=True))
        path = tmp_path / "0.txt"
        path.write_text(frame.label)
        assert read_labels(path, [kind.name for kind in KINDS]).num_dropped == 0


def test_kinds_come_in_their_shares() -> None:
    frame = make_frame(np.random.default_rng(0), (772, 1032), BRIGHT, 600, shares_of(KINDS))
    counts = np.bincount([box.kind for box in frame.boxes], minlength=len(KINDS))
    assert counts[0] > 400
    assert (counts > 0).all()
    assert counts[0] > 5 * counts[1:].max()


def test_pixels_are_the_same_on_every_machine() -> None:
    frame = make_frame(np.random.default_rng([1, 2, 3]), (97, 129), DIM, 10, shares_of(KINDS, even=True))
    assert hashlib.sha256(frame.pixels.tobytes()).hexdigest()[:16] == "f5a9bfe36baa6834"
    assert hashlib.sha256(frame.label.encode()).hexdigest()[:16] == "47e09fa867fa1246"


def test_a_written_png_is_read_back_to_the_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (31, 47), dtype=np.uint8)
    with Image.open(io.BytesIO(png(pixels))) as picture:
        picture.load()
        assert picture.mode == "L"
        assert (np.asarray(picture) == pixels).all()


def test_a_dataset_is_the_same_from_the_same_seed_and_another_from_another(tmp_path: Path) -> None:
    make_dataset(tmp_path / "a", SMALL)
    make_dataset(tmp_path / "b", SMALL)
    make_dataset(tmp_path / "c", SynthPlan(4, (97, 129), 8, seed=1))
    a, b, c = (files_of(tmp_path / name) for name in "abc")
    assert a == b
    assert not {data for name, data in a.items() if name.startswith("images")} & set(c.values())


def test_its_definitions_can_be_trained_on(tmp_path: Path) -> None:
    make_dataset(tmp_path / "out", SMALL)
    sizes = {}
    for kind in ("pre-training", "fine-tuning"):
        definition = DatasetDefinition.from_yaml(tmp_path / "out" / "dataset_defs" / kind / "synthetic.yml")
        assert definition.classes == tuple(kind.name for kind in KINDS)
        sizes[kind] = tuple(len(part) for _, part in split(definition).items())
    assert sizes == {"pre-training": (3, 1, 0), "fine-tuning": (2, 0, 1)}


def test_the_fine_tuning_pictures_are_darker_than_the_others(tmp_path: Path) -> None:
    make_dataset(tmp_path / "out", SMALL)
    shades = {}
    for kind in ("pre-training", "fine-tuning", "test"):
        paths = sorted((tmp_path / "out" / "images" / kind).iterdir())
        shades[kind] = np.mean([np.asarray(Image.open(path)).mean() for path in paths])
    assert shades["pre-training"] > 1.1 * shades["fine-tuning"]
    assert shades["test"] == pytest.approx(shades["fine-tuning"], rel=0.1)


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(YogoError, match="is not empty, and yogo synth did not make it"):
        make_dataset(tmp_path, SMALL)
    assert files_of(tmp_path) == {"mine.txt": b"precious"}
    with pytest.raises(YogoError, match="is not a folder"):
        make_dataset(tmp_path / "mine.txt", SMALL)


def test_a_dataset_made_before_is_replaced_and_what_lies_beside_it_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_dataset(out, SynthPlan(9, (64, 64), 3))
    (out / "trained_models").mkdir()
    (out / "trained_models" / "best.pth").write_text("weights")
    make_dataset(out, SMALL)
    make_dataset(tmp_path / "fresh", SMALL)
    files = files_of(out)
    assert files.pop("trained_models/best.pth") == b"weights"
    assert files == files_of(tmp_path / "fresh")
    assert json.loads(files["synthetic.json"])["pictures"] == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "out"]


def test_labels_corrected_by_hand_are_not_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "data"
    make_dataset(out, SMALL)
    label = out / "labels/test/0000.txt"
    label.write_text("0 0.5 0.5 0.1 0.1\n")
    later = (out / "synthetic.json").stat().st_mtime + 60  # a person takes longer than a clock's tick
    os.utime(label, (later, later))
    with pytest.raises(YogoError, match=r"labels/test/0000\.txt was changed since yogo synth made"):
        make_dataset(out, SMALL)
    assert label.read_text() == "0 0.5 0.5 0.1 0.1\n"


def test_a_stop_half_way_leaves_no_half_dataset(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_dataset(tmp_path / "out", SMALL, stop)
    assert list(tmp_path.iterdir()) == []


def test_the_command_makes_it_and_says_where_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["synth", out, "--pictures", "2", "--image-hw", "64", "86", "--cells", "5", "--classes", "3"]) == 0
    assert f"{out}/dataset_defs/pre-training/synthetic.yml" in capsys.readouterr().out
    definition = DatasetDefinition.from_yaml(f"{out}/dataset_defs/fine-tuning/synthetic.yml")
    assert definition.classes == ("healthy", "ring", "trophozoite")
    with Image.open(f"{out}/images/test/0000.png") as picture:
        assert picture.size == (86, 64)


@pytest.mark.parametrize(
    "wrong", [["--pictures", "0"], ["--image-hw", "8", "86"], ["--classes", "8"], ["--seed", "-1"], ["--cells", "x"]]
)
def test_a_number_that_makes_no_sense_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["synth", str(tmp_path / "out"), *wrong])
    assert wrong[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_it_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from yogo.cli import main; "
        f"status = main(['synth', {str(tmp_path / 'out')!r}, '--pictures', '1', '--image-hw', '64', '64']); "
        "sys.exit(status or ('torch' in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_cells_fit_into_a_frame_of_any_proportions() -> None:
    for image_hw in ((32, 2000), (2000, 32), (32, 32)):
        frame = make_frame(np.random.default_rng(0), image_hw, BRIGHT, 50, shares_of(KINDS, even=True))
        assert len(frame.boxes) == 50
        assert all(0 <= box.x0 < box.x1 <= image_hw[1] and 0 <= box.y0 < box.y1 <= image_hw[0] for box in frame.boxes)
