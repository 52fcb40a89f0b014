"""`yogo assay PTH DEFINITION_OR_SAMPLES` as a user calls it, with a small network of random weights."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.checkpoint import load_checkpoint, save_checkpoint
from yogo.cli import main
from yogo.model import YOGO, get_model_func
from yogo.run.assay import AssayFile
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection

HEIGHT, WIDTH = 64, 96
NAMES = ("healthy", "ring", "wbc")
ROLES = "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e6, cells: 10000}\n"
KNOWN = {"blank-1": 0, "blank-2": 0, "blank-3": 0, "slide-1": 100_000, "slide-2": 500_000, "slide-3": 1_000_000}
CORRECTION = CountCorrection(
    roles=AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6),
    classes=NAMES,
    threshold=0.5,
    line=AssayLine(slope=0.9, intercept=0.05, slope_variance=1e-4, intercept_variance=1e-5, source="labels"),
    matrix=((0.9, 0.1, 0.0), (0.05, 0.95, 0.0), (0.0, 0.0, 1.0)),
    inverses=(
        ((1.12, -0.12, 0.0), (-0.06, 1.06, 0.0), (0.0, 0.0, 1.0)),
        ((1.1, -0.1, 0.0), (-0.05, 1.05, 0.0), (0.0, 0.0, 1.0)),
    ),
)


def made_pth(
    path: Path, correction: CountCorrection | None = None, names: tuple[str, ...] = NAMES, run_name: str = "run"
) -> Path:
    torch.manual_seed(3)
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 3, normalize_images=True, model_func=get_model_func("quarter_filters"))
    with torch.no_grad():
        for weights in list(model.parameters())[-2:]:
            weights.mul_(30)  # else no class is probable
    save_checkpoint(path, model, epoch=1, step=2, classes=names, run_name=run_name, count_correction=correction)
    return path


def pictures(folder: Path, seed: int, num: int = 2) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(num):
        Image.fromarray(rng.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)).save(folder / f"p{index}.png")


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return made_pth(tmp_path / "best.pth")


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Slides whose labels are a grid of cells, of which each fifth is a ring on slides with targets."""
    rng = np.random.default_rng(1)
    lines = ["class_names: [healthy, ring, wbc]", ROLES.strip(), "dataset_split_fractions: {train: 1.0}"]
    pairs, folders = [], []
    for number, (name, known) in enumerate(KNOWN.items()):
        pictures(tmp_path / "images" / name, number)
        labels = tmp_path / "labels" / name
        labels.mkdir(parents=True)
        for index in range(2):
            kinds = rng.random(24) < (0.2 if known else 0)
            rows = [
                f"{int(kind)} {(place % 6 + 0.5) / 6:.4f} {(place // 6 + 0.5) / 4:.4f} 0.1 0.1"
                for place, kind in enumerate(kinds)
            ]
            (labels / f"p{index}.txt").write_text("\n".join(rows) + "\n")
        pairs.append(f"  {name}: {{image_path: images/{name}, label_path: labels/{name}}}")
        folders.append(f"  {name}: {{sample: {name}, target_per_microlitre: {known}}}")
    path = tmp_path / "d.yml"
    train = "dataset_paths:\n  a: {image_path: train/images, label_path: train/labels}"
    pictures(tmp_path / "train" / "images", 99, 1)
    (tmp_path / "train" / "labels").mkdir()
    (tmp_path / "train" / "labels" / "p0.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    path.write_text("\n".join([*lines, train, "test_paths:", *pairs, "folders:", *folders]) + "\n")
    return path


@pytest.fixture
def samples(definition: Path) -> Path:
    path = definition.with_name("samples.yml")
    rows = [f"  {name}: {{images: images/{name}, target_per_microlitre: {known}}}" for name, known in KNOWN.items()]
    path.write_text("\n".join([ROLES.strip(), "samples:", *rows]) + "\n")
    return path


def assayed(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["assay", *map(str, words), "--device", "cpu", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: object, status: int = 1) -> str:
    assert main(["assay", *map(str, words), "--device", "cpu"]) == status
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert shown.out == ""
    return shown.err


def test_a_definition_is_told_by_threshold_and_sample(
    pth: Path, definition: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = assayed(capsys, pth, definition)["report"]
    assert (report["over"], report["num"], report["num_images"], report["num_negatives"]) == ("samples", 6, 12, 3)
    assert [one["threshold"] for one in report["thresholds"]] == pytest.approx(np.arange(50, 100) / 100)
    assert {one["name"]: one["known_per_ul"] for one in report["samples"]} == KNOWN
    assert report["roles"]["cells"] == 10000
    assert report["correction"]["definition"] == str(definition)


def test_counts_of_a_definition_are_those_of_the_same_folders_without_labels(
    pth: Path, definition: Path, samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = made_pth(pth.with_name("own.pth"), CORRECTION)
    by_labels = assayed(capsys, labelled, definition)["report"]
    alone = assayed(capsys, labelled, samples, "--engine", "torch")["report"]
    assert sum(one["cells"] for one in alone["samples"]) > 0
    for one, other in zip(by_labels["samples"], alone["samples"], strict=True):
        same = ("name", "num_images", "counts", "cells", "targets", "known_per_ul", "raw_per_ul", "matrix_per_ul")
        assert {name: one[name] for name in same} == {name: other[name] for name in same}
    assert not by_labels["chosen_here"]
    assert by_labels["best"]["threshold"] == 0.5


def test_a_threshold_of_the_checkpoint_may_be_chosen_anew(
    pth: Path, definition: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = made_pth(pth.with_name("own.pth"), CORRECTION)
    assert assayed(capsys, own, definition, "--choose")["report"]["chosen_here"]


def test_the_table_fits_80_columns_and_stands_alone_on_standard_output(
    pth: Path, definition: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assay", str(pth), str(definition), "--device", "cpu"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("Targets: ring. Cells: healthy, ring; 5,000,000 in a microlitre.")
    assert max(map(len, shown)) <= 80
    assert any(line.startswith("blank-1 ") for line in shown)


def test_everything_asked_is_written(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    before = hashlib.sha256(pth.read_bytes()).hexdigest()
    own = made_pth(tmp_path / "own.pth", CORRECTION)
    places = {"--csv": out / "t", "--html": out / "r.html", "--files": out / "m", "--save": out / "s.pth"}
    words = ("--dump-to-disk", *(word for pair in places.items() for word in pair))
    told = assayed(capsys, own, samples, *words)
    assert AssayFile.read(tmp_path / "own-assay-samples.json").model_dump(mode="json") == told
    assert told["checkpoint_sha256"] == hashlib.sha256(own.read_bytes()).hexdigest()
    for name, number in (("samples", 6), ("thresholds", 50)):
        assert len(list(csv.DictReader(io.StringIO((out / "t" / f"{name}.csv").read_text())))) == number
    assert "own on samples" in (out / "r.html").read_text()
    saved = load_checkpoint(out / "s.pth")
    assert saved.count_correction is not None
    assert saved.count_correction.model_dump(mode="json") == told["report"]["correction"]
    assert hashlib.sha256(pth.read_bytes()).hexdigest() == before
    # What assay wrote, it may replace; a checkpoint is not replaced.
    assayed(capsys, own, samples, *words[:-2])
    assert "exists: name a new file with --save" in refused(capsys, own, samples, *words)


def test_the_files_of_remo_stats_utils_give_the_same_figures(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the way that a lab would go: the files are written, and the counts told by `--counts` with them."""
    own = made_pth(tmp_path / "own.pth", CORRECTION)
    report = assayed(capsys, own, samples, "--files", tmp_path / "m", "--engine", "torch")["report"]
    assert (tmp_path / "m" / "run" / "run-cmatrix-mean.npy").is_file()
    every = [one for one in report["samples"] if one["matrix_per_ul"] and one["matrix_per_ul"]["value"] is not None]
    roles = {"total": ["healthy", "ring"], "target": ["ring"], "per_microlitre": 5e6}
    counts = tmp_path / "counts.json"
    # At threshold 0 the matrix corrects; only counts at the threshold are in the report, so they are asked for that.
    asked = [
        {"kind": "deskew", "model": "run", "classes": NAMES, "roles": roles, "counts": list(one["counts"].values())}
        for one in every
    ]
    counts.write_text(json.dumps(asked))
    assert main(["assay", "--counts", str(counts), "--data", str(tmp_path / "m"), "--json"]) == 0
    for found, one in zip(json.loads(capsys.readouterr().out), every, strict=True):
        inverse = np.linalg.inv(np.array(CORRECTION.matrix))
        fixed = np.maximum(np.array(list(one["counts"].values())) @ inverse, 0)
        assert found["per_ul"][0] == pytest.approx(5e6 * fixed[1] / fixed[:2].sum())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("", ""), "has no roles, and the checkpoint neither"),
        (("target: [ring]", "target: [rings]"), "rings"),
    ],
)
def test_roles_that_are_missing_or_do_not_fit_are_told(
    pth: Path, samples: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], words: str
) -> None:
    text = samples.read_text()
    samples.write_text(text.replace(*change) if change[0] else text.replace(ROLES, ""))
    said = refused(capsys, pth, samples)
    assert words in said
    assert "samples.yml" in said


def test_a_folder_without_images_and_a_source_that_is_none_are_told(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    samples.write_text(samples.read_text().replace("images/blank-2", "empty"))
    said = refused(capsys, pth, samples)
    assert "empty" in said
    assert "samples.yml, line 4" in said
    samples.write_text(samples.read_text().replace("empty", "images/blank-2"))
    assert "gone.yml" in refused(capsys, pth, tmp_path / "gone.yml")
    assert "gone.pth" in refused(capsys, tmp_path / "gone.pth", samples)


def test_classes_that_do_not_fit_are_told(tmp_path: Path, definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = made_pth(tmp_path / "other.pth", names=("a", "b", "c"))
    assert "other.pth" in refused(capsys, other, definition)


def test_a_file_that_no_assay_wrote_is_not_replaced(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "best-assay-samples.json").write_text('{"mine": 1}')
    assert "no assay wrote it" in refused(capsys, pth, samples, "--dump-to-disk")
    (tmp_path / "page.html").write_text("my notes")
    assert "no assay wrote it" in refused(capsys, pth, samples, "--html", tmp_path / "page.html")
    (tmp_path / "samples.csv").write_text("name,age\n")
    assert "no assay wrote it" in refused(capsys, pth, samples, "--csv", tmp_path)
    assert (tmp_path / "page.html").read_text() == "my notes"


def test_an_unreadable_image_is_left_out_and_told(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images" / "slide-1" / "p1.png").write_bytes(b"no image")
    report = assayed(capsys, pth, samples)["report"]
    assert [one["num_images"] for one in report["samples"]] == [2, 2, 2, 1, 2, 2]
    assert "1 image of slide-1 could not be read and is left out." in report["remarks"]


def test_samples_of_which_nothing_is_known_give_no_correction_to_save(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line.split(", target_per")[0] for line in samples.read_text().splitlines()]
    samples.write_text("\n".join(f"{line}}}" if "images:" in line else line for line in lines))
    assert main(["assay", str(pth), str(samples), "--device", "cpu", "--save", str(tmp_path / "s.pth")]) == 1
    shown = capsys.readouterr()
    assert "there is no correction to save" in shown.err
    assert "blank-1" in shown.out
    assert not (tmp_path / "s.pth").exists()


@pytest.mark.parametrize("words", [("best.pth",), ("best.pth", "d.yml", "--limits"), ()])
def test_what_does_not_go_together_is_a_usage_error(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["assay", *words])
    assert ended.value.code == 2
    assert "--counts" in capsys.readouterr().err


def test_a_run_name_that_is_no_folder_names_no_files(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = made_pth(tmp_path / "odd.pth", CORRECTION, run_name="../../away")
    assayed(capsys, odd, samples, "--files", tmp_path / "m" / "n")
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["n"]
    assert [path.name for path in (tmp_path / "m" / "n").iterdir()] == ["odd"]
