"""What inference makes of images that are not as expected, and what it says of them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.picture_files import png16
from yogo.checkpoint import save_checkpoint
from yogo.cli import main
from yogo.infer import predict
from yogo.model import YOGO, get_model_func
from yogo.model.boxes import format_preds

HEIGHT, WIDTH = 64, 96


def checkpoint(path: Path, *, image_bits: int | None = None) -> Path:
    torch.manual_seed(3)
    model = YOGO((HEIGHT, WIDTH), 0.1, 0.1, 2, normalize_images=True, model_func=get_model_func("quarter_filters"))
    save_checkpoint(path, model, epoch=1, step=2, classes=("red", "white"), run_name="run", image_bits=image_bits)
    return path


@pytest.fixture
def pth(tmp_path: Path) -> Path:
    return checkpoint(tmp_path / "best.pth")


def values(index: int, *, top: int = 256, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(index).integers(0, top, (height, width), dtype=np.uint16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "run_7" / "images"
    path.mkdir(parents=True)
    for index in range(3):
        Image.fromarray(values(index).astype(np.uint8)).save(path / f"p{index}.png")
    return path


def deep_folder(path: Path, *, times: int) -> Path:
    path.mkdir()
    for index in range(3):
        png16(path / f"p{index}.png", values(index) * times)
    return path


def seen(pth: Path, folder: Path, **more: Any) -> torch.Tensor:
    found = predict(pth, folder, device="cpu", return_full_predictions=True, **more)
    assert isinstance(found, torch.Tensor)
    return found


def infer(capsys: pytest.CaptureFixture[str], pth: Path, folder: Path, *options: object) -> tuple[int, str]:
    arguments = ["infer", pth, "--path-to-images", folder, "--device", "cpu", "--no-use-tqdm", *options]
    status = main([str(one) for one in arguments])
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def test_pictures_that_are_marked_as_turned_are_named(
    pth: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, suffix in enumerate((".jpg", ".tif", ".png")):
        picture = Image.fromarray(values(index).astype(np.uint8))
        exif = picture.getexif()
        exif[274] = 6
        picture.save(folder / f"turned{index}{suffix}", exif=exif)
    status, told = infer(capsys, pth, folder)
    assert status == 0
    assert told.count("is marked as turned or mirrored (EXIF orientation)") == 1
    assert "3 of 6 images are marked as turned or mirrored" in told
    assert all(
        f"turned{index}{suffix} (orientation 6)" in told for index, suffix in enumerate((".jpg", ".tif", ".png"))
    )


def test_pictures_of_several_pages_are_named(pth: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [Image.fromarray(values(index).astype(np.uint8)) for index in range(3)]
    pages[0].save(folder / "moving.png", save_all=True, append_images=pages[1:])
    pages[0].save(folder / "several.jpg", format="MPO", save_all=True, append_images=pages[1:])
    status, told = infer(capsys, pth, folder)
    assert status == 0
    assert told.count("has several pages; only the first is used") == 1
    assert "2 of 5 images are of several pages" in told
    assert "several.jpg (3 pages)" in told


def test_counts_that_cannot_be_printed_are_a_failure_and_files_that_were_written_are_not(
    pth: Path, folder: Path, tmp_path: Path
) -> None:
    def status(*options: object) -> tuple[int, str]:
        command = ("infer", pth, "--path-to-images", folder, "--device", "cpu", "--no-use-tqdm", *options)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "yogo", *map(str, command)],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        return done.returncode, done.stderr

    failed, told = status()
    assert failed == 1
    assert told.endswith("yogo: Standard output cannot be written to: No space left on device.\n")
    assert status("--save-preds", "--output-dir", tmp_path / "out")[0] == 0


def test_deep_pictures_are_looked_at_at_the_depth_of_the_weights(tmp_path: Path, folder: Path) -> None:
    known = checkpoint(tmp_path / "known.pth", image_bits=12)
    # 16 x 255 of 4095 is white but for a shade.
    deep, plain = deep_folder(tmp_path / "deep", times=16), seen(known, folder)
    torch.testing.assert_close(seen(known, deep), plain, rtol=0, atol=0.02)
    # Dim images stay dim.
    assert (seen(known, deep_folder(tmp_path / "dim", times=1)) - plain).abs().max() > 0.02


def test_weights_of_bytes_look_at_deep_pictures_at_the_range_that_they_need(tmp_path: Path, folder: Path) -> None:
    known = checkpoint(tmp_path / "known.pth", image_bits=8)
    assert torch.equal(seen(known, deep_folder(tmp_path / "deep", times=1)), seen(known, folder))


def test_weights_of_unknown_depth_read_the_upper_eight_bits_and_both_are_said(
    pth: Path, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = deep_folder(tmp_path / "deep", times=1)
    _, told = infer(capsys, pth, deep)
    assert "the upper 8 are read, as the weights were trained (--image-bits auto" in told
    assert "p0.png (0 to 0 of 255) is almost of one shade" in told
    assert "all 3 images are almost of one shade" in told
    _, told = infer(capsys, pth, deep, "--image-bits", "auto")
    assert "read as 8 bits (0 to 255)" in told
    assert "almost of one shade" not in told
    assert torch.equal(seen(pth, deep, image_bits=8), seen(pth, folder))


def test_pages_of_a_deep_tiff_are_looked_at_as_the_files_are(pth: Path, tmp_path: Path, folder: Path) -> None:
    pages = [Image.fromarray(values(index)) for index in range(3)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    assert torch.equal(seen(pth, tmp_path / "stack.tif", image_bits="auto"), seen(pth, folder))


def test_pictures_of_another_shape_are_told_once_and_counted(
    pth: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(2):
        Image.fromarray(values(9, height=2 * HEIGHT).astype(np.uint8)).save(folder / f"q{index}.png")
    Image.fromarray(values(9, height=2 * HEIGHT, width=2 * WIDTH).astype(np.uint8)).save(folder / "r.png")
    _, told = infer(capsys, pth, folder)
    assert told.count("is of another shape (96x128) than the network's 96x64: stretched") == 1
    assert "2 of 6 images were stretched" in told


def test_label_files_of_a_crop_fit_the_picture_they_are_of(pth: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = seen(pth, folder, output_dir=out, save_preds=True, save_npy=True, obj_thresh=0.3, vertical_crop_height=0.5)
    rows = format_preds(found[1], 0.3, 0.5)
    text = np.loadtxt(out / "p1.txt", ndmin=2)
    assert len(text) > 0
    np.testing.assert_allclose(text[:, 2], 0.25 + rows[:, 1] / 2, atol=1e-5)
    np.testing.assert_allclose(text[:, 4], rows[:, 3] / 2, atol=1e-5)
    np.testing.assert_allclose(text[:, [1, 3]], rows[:, [0, 2]], atol=1e-5)
    facts = json.loads((out / "run_7.json").read_text())
    assert (facts["frame_height_px"], facts["frame_width_px"]) == (HEIGHT // 2, WIDTH)
    # One that was cropped before is a whole image of its own.
    cropped = tmp_path / "cropped"
    cropped.mkdir()
    Image.fromarray(values(1).astype(np.uint8)[16:48]).save(cropped / "p1.png")
    seen(pth, cropped, output_dir=out / "c", save_preds=True, obj_thresh=0.3, vertical_crop_height=0.5)
    np.testing.assert_allclose(np.loadtxt(out / "c/p1.txt", ndmin=2)[:, 1:], rows[:, :4], atol=1e-5)


def test_drawings_have_the_size_of_their_pictures(pth: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pixels = values(3, height=3 * HEIGHT, width=3 * WIDTH).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    seen(pth, tmp_path / "in", output_dir=tmp_path / "out", draw_boxes=True, vertical_crop_height=0.5, obj_thresh=0.3)
    drawn = np.array(Image.open(tmp_path / "out" / "a.png"))
    assert drawn.shape == (3 * HEIGHT, 3 * WIDTH, 3)
    untouched = (drawn == pixels[..., None]).all(2)
    assert untouched[: HEIGHT // 2].mean() > 0.95  # above the crop are no boxes, but for parts of some and their labels
    assert untouched.mean() < 1


def test_hand_made_labels_are_not_written_over(pth: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = folder.parent / "labels"
    labels.mkdir()
    (labels / "p1.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    status, told = infer(capsys, pth, folder, "--save-preds", "--output-dir", labels)
    assert status == 1
    assert f"{labels} already holds p1.txt, which may be someone's work" in told
    assert "--overwrite" in told
    assert [path.read_text() for path in labels.iterdir()] == ["0 0.5 0.5 0.1 0.1\n"]
    assert infer(capsys, pth, folder, "--save-preds", "--output-dir", labels, "--overwrite")[0] == 0
    assert len(list(labels.iterdir())) == 3


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_persons_pictures_and_arrays_are_not_written_over_and_inferences_own_are(
    pth: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    out = tmp_path / "out"
    options = ("--draw-boxes", "--save-npy", "--output-dir", out, "--output-img-filetype", suffix)
    for _ in range(2):
        assert infer(capsys, pth, folder, *options)[0] == 0
    Image.fromarray(values(8).astype(np.uint8)).save(out / f"p2{suffix}")
    status, told = infer(capsys, pth, folder, *options)
    assert status == 1
    assert f"already holds p2{suffix}" in told
    (out / f"p2{suffix}").unlink()
    (out / "run_7.json").write_text("{}")
    assert "already holds run_7.npy, run_7.json" in infer(capsys, pth, folder, *options)[1]


def test_finding_nothing_says_how_near_it_came(pth: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best = float(seen(pth, folder)[:, 4].max())
    _, told = infer(capsys, pth, folder, "--obj-thresh", "0.999")
    assert f"no cell was found: the best objectness is {best:.3f}, and --obj-thresh asks for more than 0.999" in told
    _, told = infer(capsys, pth, folder, "--obj-thresh", "0.2", "--min-class-confidence-threshold", "1")
    assert "all were left out by --min-class-confidence-threshold" in told
    assert "no cell was found" not in infer(capsys, pth, folder, "--obj-thresh", "0.2")[1]


@pytest.mark.parametrize(("option", "name"), [("--save-npy", "run_7.npy"), ("--draw-boxes", "p0.png")])
def test_a_full_disk_names_the_file_that_did_not_fit(
    pth: Path, folder: Path, tmp_path: Path, option: str, name: str
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "yogo", "infer", pth, "--path-to-images", folder, "--device", "cpu", option]
    done = subprocess.run(
        [str(part) for part in (*command, "--output-dir", out, "--obj-thresh", "0.1", "--iou-thresh", "0")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000)),
        check=False,
        timeout=240,
    )
    assert done.returncode == 1
    assert f"{out / name} cannot be used: File too large" in done.stderr
    assert "Traceback" not in done.stderr
