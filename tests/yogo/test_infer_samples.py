"""`yogo infer --samples`: cells counted by sample, in one pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.errors import InferenceError
from yogo.infer import predict
from yogo.infer.prepare import prepare_job
from yogo.infer.request import InferenceRequest
from yogo.infer.sample_counts import SampleTally, count_samples
from yogo.model import YOGO, get_model_func
from yogo.run.correction import AssayLine, AssayRoles, CountCorrection

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
