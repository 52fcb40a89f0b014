"""`yogo infer --samples`: cells counted by sample, in one pass."""

from __future__ import annotations

import contextlib
import csv
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.waiting import until
from yogo.assay.assayed import estimate_per_ul
from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.roles import Roles
from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.errors import InferenceError
from yogo.infer import predict
from yogo.infer.prepare import prepare_job
from yogo.infer.request import InferenceRequest
from yogo.infer.sample_counts import SampleTally, count_samples
from yogo.infer.sample_pictures import SamplePictures
from yogo.infer.sample_rows import ImageRows
from yogo.model import YOGO, get_model_func
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection
from yogo.run.inferred_samples import SamplesRecord
from yogo.run.result import sha256

HEIGHT, WIDTH = 64, 96
NAMES = ("healthy", "ring", "wbc")
ROLES = AssayRoles(total=("healthy", "ring"), target=("ring",), per_microlitre=5e6)
CORRECTION = CountCorrection(
    roles=ROLES,
    classes=NAMES,
    threshold=0.36,
    line=AssayLine(slope=0.9, intercept=0.05, slope_variance=1e-4, intercept_variance=1e-5, source="labels"),
    matrix=((0.9, 0.1, 0.0), (0.05, 0.95, 0.0), (0.0, 0.0, 1.0)),
    inverses=(
        ((1.12, -0.12, 0.0), (-0.06, 1.06, 0.0), (0.0, 0.0, 1.0)),
        ((1.1, -0.1, 0.0), (-0.05, 1.05, 0.0), (0.0, 0.0, 1.0)),
    ),
)


def made_pth(path: Path, correction: CountCorrection | None = CORRECTION) -> Path:
    torch.manual_seed(3)
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 3, normalize_images=True, model_func=get_model_func("quarter_filters"))
    save_checkpoint(path, model, epoch=1, step=2, classes=NAMES, run_name="run", count_correction=correction)
    return path


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return made_pth(tmp_path / "best.pth")


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shades = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
    Image.fromarray(shades).save(path)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A slide of 3 images, one of 2 of which one is no image, and a store of 2 frames."""
    zarr = pytest.importorskip("zarr")
    for index in range(3):
        picture(tmp_path / "slides" / "1" / f"p{index}.png", index)
    picture(tmp_path / "slides" / "2" / "p0.png", 7)
    (tmp_path / "slides" / "2" / "p1.png").write_bytes(b"no image")
    store = zarr.open(str(tmp_path / "tube.zarr"), mode="w", shape=(2, HEIGHT, WIDTH), dtype="u1", chunks=(1, 64, 96))
    store[:] = np.random.default_rng(5).integers(0, 255, (2, HEIGHT, WIDTH), dtype=np.uint8)
    path = tmp_path / "samples.yml"
    path.write_text(
        "samples:\n  slide-1: {images: slides/1, target_per_microlitre: 200, group: donor}\n"
        "  slide-2: {images: slides/2}\n  tube: {zarr: tube.zarr, target_per_microlitre: 0}\n"
    )
    return path


def tally_of(pth: Path, samples: Path, batch_size: int = 2) -> SampleTally:
    request = InferenceRequest(pth, samples=samples, batch_size=batch_size, device="cpu", engine="torch")
    return count_samples(prepare_job(request, lambda _: None, None))


def counted(capsys: pytest.CaptureFixture[str], *words: object) -> list[int]:
    """What `yogo infer --count` prints, of each class."""
    assert main([str(word) for word in ("infer", *words, "--count", "--device", "cpu", "--engine", "torch")]) == 0
    rows = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines())
    return [int(rows[name].replace(",", "")) for name in NAMES]


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_one_pass_counts_each_sample_at_each_threshold_as_count_does(
    pth: Path, samples: Path, tmp_path: Path, batch_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = tally_of(pth, samples, batch_size)
    assert tally.images_S.tolist() == [3, 1, 2]
    assert tally.unreadable_S.tolist() == [0, 1, 0]
    assert tally.confidences_T[0] == 0
    assert tally.confidences_T[1] == 0.5
    assert tally.counts_TSK.shape == (51, 3, 3)
    for place, confidence in ((0, 0.0), (1, 0.5), (5, 0.54)):
        least = ("--min-class-confidence-threshold", confidence)
        for sample, source in enumerate(("slides/1", "slides/2")):
            expected = counted(capsys, pth, "--path-to-images", tmp_path / source, *least)
            assert tally.counts_TSK[place, sample].tolist() == expected
        expected = counted(capsys, pth, "--path-to-zarr", tmp_path / "tube.zarr", *least)
        assert tally.counts_TSK[place, 2].tolist() == expected
    assert tally.counts_TSK[0].sum() > tally.counts_TSK[1].sum()


def test_predict_leaves_samples_to_the_command(pth: Path, samples: Path) -> None:
    with pytest.raises(InferenceError, match="yogo infer --samples"):
        predict(pth, samples=samples)


def infer(capsys: pytest.CaptureFixture[str], pth: Path, samples: Path, *words: object, status: int = 0) -> str:
    """What is printed; the files are in the folder `out` beside the samples."""
    command = ("infer", pth, "--samples", samples, "--output-dir", samples.parent / "out", "--device", "cpu", *words)
    assert main([str(word) for word in (*command, "--engine", "torch", "--batch-size", 2)]) == status
    shown = capsys.readouterr()
    return shown.out + shown.err


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def record_of(samples: Path) -> SamplesRecord:
    return SamplesRecord.read(samples.parent / "out" / "samples.json")


def test_rows_of_images_and_samples_add_up_to_what_count_says(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = infer(capsys, pth, samples, "--count")
    assert "slides/2/p1.png cannot be read as an image" in shown
    assert "3 samples, 6 images, counted above the class probability 0.36; 1 image could not be read" in shown
    images, rows = table(tmp_path / "out" / "images.csv"), table(tmp_path / "out" / "samples.csv")
    assert " ".join(f"{row['sample']}/{row['image']}" for row in images) == (
        "slide-1/p0.png slide-1/p1.png slide-1/p2.png slide-2/p0.png tube/frame_000000 tube/frame_000001"
    )
    assert " ".join(f"{row['num_images']}-{row['num_unreadable']}" for row in rows) == "3-0 1-1 2-0"
    for kind, least in (("count", 0.36), ("every", 0)):
        for sample, source in (("slide-1", "slides/1"), ("slide-2", "slides/2")):
            counts = [sum(int(one[f"{kind}_{name}"]) for one in images if one["sample"] == sample) for name in NAMES]
            above = ("--min-class-confidence-threshold", least)
            assert counts == counted(capsys, pth, "--path-to-images", tmp_path / source, *above)
    for row in rows:
        own = [one for one in images if one["sample"] == row["sample"]]
        for name in NAMES:
            assert int(row[f"count_{name}"]) == sum(int(one[f"count_{name}"]) for one in own)
    total = sum(int(row[f"count_{name}"]) for row in rows for name in NAMES)
    assert f"cells    {total:>9,}  100.0%" in shown


def test_a_sample_is_estimated_raw_by_the_line_and_by_the_matrix(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = infer(capsys, pth, samples)
    (row, *_), record = table(tmp_path / "out" / "samples.csv"), record_of(samples)
    (one, two, tube) = record.samples
    roles = Roles.of(ROLES, NAMES)
    above_K, every_K = (np.array(list(counts.values())) for counts in (one.counts, one.every_count))
    assert CORRECTION.line is not None
    assert one.raw_per_ul == estimate_per_ul(above_K, roles, None)
    assert one.line_per_ul == estimate_per_ul(above_K, roles, CorrectionLine.of(CORRECTION.line))
    assert one.matrix_per_ul == estimate_per_ul(every_K, roles, CorrectionMatrix.of(CORRECTION))
    assert one.published["raw"].per_ul == pytest.approx(one.raw_per_ul.value)
    assert (one.cells, one.targets) == (above_K[:2].sum(), above_K[1])
    assert (one.known_per_ul, two.known_per_ul, tube.known_per_ul) == (200, None, 0)
    assert (row["group"], row["known_per_ul"], row["threshold"]) == ("donor", "200.0", "0.36")
    for name, figure in (("raw", one.raw_per_ul), ("line", one.line_per_ul), ("matrix", one.matrix_per_ul)):
        assert figure is not None
        assert figure.low is not None
        assert float(row[f"{name}_per_ul"]) == figure.value
        assert float(row[f"{name}_percent_low"]) == pytest.approx(figure.low / 5e4)
    assert row["checkpoint_sha256"] == sha256(pth)
    assert record.complete
    assert not record.remarks
    assert "slide-1         34       10     200  counts" in shown


def test_at_another_threshold_the_line_is_left_out(
    pth: Path, samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = infer(capsys, pth, samples, "--min-class-confidence-threshold", 0.4)
    assert "the line of the correction is left out: it holds at the class probability 0.36, and cells are" in shown
    one = record_of(samples).samples[0]
    assert one.line_per_ul is None
    assert one.matrix_per_ul is not None
    same = infer(capsys, pth, samples, "--min-class-confidence-threshold", 0.36)
    assert "holds counts of another checkpoint, threshold or setting: they are replaced" in same
    assert record_of(samples).samples[0].line_per_ul is not None


def test_with_other_boxes_the_correction_is_left_out(
    pth: Path, samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = infer(capsys, pth, samples, "--obj-thresh", 0.45)
    assert "left out: it does not hold with another --obj-thresh" in shown
    one = record_of(samples).samples[0]
    assert (one.line_per_ul, one.matrix_per_ul) == (None, None)
    assert one.raw_per_ul is not None


def test_without_a_correction_roles_give_the_raw_figures(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = made_pth(tmp_path / "plain.pth", None)
    shown = infer(capsys, plain, samples)
    assert "no roles are known" in shown
    assert "plain.pth holds no correction of its counts: the figures are as counted" in shown
    assert (record_of(samples).samples[0].cells, record_of(samples).settings.threshold) == (None, 0)
    assert table(tmp_path / "out" / "samples.csv")[0]["raw_per_ul"] == ""

    told = "roles: {total: [healthy, ring], target: [ring], per_microlitre: 5.0e6}\n"
    definition = tmp_path / "d.yml"
    definition.write_text(f"class_names: [healthy, ring, wbc]\n{told}dataset_paths: {{x: {{defn_path: gone.yml}}}}\n")
    shown = infer(capsys, plain, samples, "--roles", definition)
    assert "6 images are counted already in" in shown
    one = record_of(samples).samples[0]
    assert (one.cells, one.targets) == (one.counts["healthy"] + one.counts["ring"], one.counts["ring"])

    samples.write_text(told.replace("healthy, ring", "healthy") + samples.read_text())
    infer(capsys, plain, samples)
    other = record_of(samples).samples[0]
    assert (other.cells, other.targets) == (one.counts["healthy"], one.counts["ring"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--min-class-confidence-threshold", "1.5"), "must be a fraction from 0 to 1"),
        (("--roles", "HERE/samples.yml"), "samples.yml has no roles"),
        (("--roles", "HERE/none.yml"), "This file does not exist"),
    ],
)
def test_what_cannot_be_is_refused(
    pth: Path, samples: Path, words: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tuple(word.replace("HERE", str(samples.parent)) for word in words)
    assert expected in infer(capsys, pth, samples, *words, status=1)
    assert not (samples.parent / "out" / "images.csv").exists()


def test_roles_name_classes_of_the_model(pth: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples.write_text("rolls: 1\n" + samples.read_text())
    assert "line 1: The key 'rolls' is not known and is ignored; is roles meant?" in infer(capsys, pth, samples)
    samples.write_text("roles: {total: [helthy], target: [ring], per_microlitre: 1}\n" + samples.read_text())
    shown = infer(capsys, pth, samples, status=1)
    assert 'name helthy, which the model does not know. Did you mean "healthy"?' in shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--samples", "s.yml"), "name a folder to write to with --output-dir"),
        (("--samples", "s.yml", "--output-dir", "o", "--draw-boxes"), "leave out --draw-boxes"),
        (("--samples", "s.yml", "--output-dir", "o", "--thresholds", "counts"), "leave out --thresholds counts"),
        (("--path-to-images", "p", "--roles", "s.yml"), "--roles needs --samples"),
    ],
)
def test_what_does_not_fit_together_is_said(
    words: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["infer", "a.pth", *words])
    assert expected in capsys.readouterr().err


def test_what_is_counted_is_not_counted_again(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    infer(capsys, pth, samples)
    path = tmp_path / "out" / "images.csv"
    whole = path.read_text()
    header, first, *_, last = whole.splitlines(keepends=True)
    marked = first.rpartition(",")[0] + ",999\n"
    path.write_text(header + marked + last[:-1])
    shown = infer(capsys, pth, samples)
    assert "1 image is counted already in" in shown
    assert path.read_text() == whole.replace(first, marked), "a torn row is counted again, and all are in order"
    assert record_of(samples).samples[0].every_count["wbc"] > 900
    assert "counted already" not in infer(capsys, pth, samples, "--overwrite")
    assert path.read_text() == whole


def test_an_image_that_was_changed_is_counted_again(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    infer(capsys, pth, samples)
    before = table(tmp_path / "out" / "images.csv")
    picture(tmp_path / "slides" / "1" / "p1.png", 99)
    picture(tmp_path / "slides" / "2" / "p1.png", 98)
    assert "5 images are counted already" in infer(capsys, pth, samples)
    after = table(tmp_path / "out" / "images.csv")
    assert [row["image"] for row in after if row not in before] == ["p1.png", "p1.png"]
    assert len(after) == len(before) + 1, "one could not be read before"


def test_counts_of_another_checkpoint_are_replaced_and_a_persons_files_are_not(
    pth: Path, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    infer(capsys, pth, samples)
    other = made_pth(tmp_path / "other.pth", CORRECTION.model_copy(update={"threshold": 0.4}))
    assert "they are replaced" in infer(capsys, other, samples)
    assert record_of(samples).settings.threshold == 0.4
    (tmp_path / "out" / "samples.json").unlink()
    refused = infer(capsys, pth, samples, status=1)
    assert "already holds images.csv and samples.csv, which may be someone's work" in refused
    infer(capsys, pth, samples, "--overwrite")
    assert record_of(samples).settings.threshold == 0.36


def test_a_full_disk_leaves_whole_rows(pth: Path, samples: Path, tmp_path: Path) -> None:
    request = InferenceRequest(pth, samples=samples, device="cpu", engine="torch")
    pictures = prepare_job(request, lambda _: None, None).pictures
    assert isinstance(pictures, SamplePictures)
    rows = ImageRows(tmp_path / "images.csv", pictures, NAMES)
    rows.begin()
    counts_TIK = np.arange(6).reshape(2, 1, 3)
    rows.add([(0, "p0.png")], counts_TIK)
    whole = (tmp_path / "images.csv").read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 9, before[1]))
    try:
        with pytest.raises(OSError, match=r"images\.csv"):
            rows.add([(0, "p1.png")], counts_TIK)
    finally:
        rows.close()
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "images.csv").read_bytes() == whole


def held(pipe: Path, writers: list[int]) -> bool:
    """Whether a process has it open; then it waits for what is written, until the writer is closed."""
    with contextlib.suppress(OSError):
        writers.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    return bool(writers)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stop_loses_a_batch_at_most_and_the_command_goes_on(
    pth: Path, samples: Path, tmp_path: Path, how: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    last = tmp_path / "slides" / "2" / "p2.png"  # nobody ever finishes reading it
    os.mkfifo(last)
    out = tmp_path / "out"
    words = ("--output-dir", out, "--batch-size", 1, "--device", "cpu", "--engine", "torch")
    command = [sys.executable, "-m", "yogo", "infer", pth, "--samples", samples, *words]
    writers: list[int] = []
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    try:
        rows = out / "images.csv"
        until(lambda: process.poll() is not None or (rows.exists() and len(rows.read_text().splitlines()) == 5))
        assert process.poll() is None, process.communicate()[1]
        until(lambda: held(last, writers))
        process.send_signal(how)
        os.close(writers[0])  # lets go of the thread that reads it
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert "Traceback" not in said
    assert [row["image"] for row in table(rows)] == ["p0.png", "p1.png", "p2.png", "p0.png"]
    assert not (out / "samples.csv").exists()
    assert not record_of(samples).complete
    last.unlink()
    assert "4 images are counted already" in infer(capsys, pth, samples)
    assert [one.num_images for one in record_of(samples).samples] == [3, 1, 2]
    resumed = (rows.read_text(), (out / "samples.csv").read_text())
    infer(capsys, pth, samples, "--overwrite")
    assert resumed == (rows.read_text(), (out / "samples.csv").read_text())


def test_openvino_counts_the_same(pth: Path, samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infer(capsys, pth, samples)
    expected = record_of(samples).samples
    out = samples.parent / "out"
    words = ("infer", pth, "--samples", samples, "--output-dir", out, "--device", "cpu", "--overwrite")
    assert main([str(word) for word in (*words, "--engine", "openvino")]) == 0
    assert "OpenVINO computes the network" in capsys.readouterr().err
    assert record_of(samples).samples == expected
