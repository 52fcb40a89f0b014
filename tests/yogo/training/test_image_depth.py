"""Images of 8, 10 or 12 bits in files of 16 are trained on, and tested on, at their real range."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.picture_files import png16, tiff
from tests.yogo.training.tiny import TINY, Yogo, same_weights, stop_after_first_step, write_dataset
from yogo.checkpoint import load_checkpoint
from yogo.run.manifest import Manifest

ONE_EPOCH = (*TINY, "--epochs", "1", "--batch-size", "3", "--no-flips")


def deepened(
    definition: Path, folder: Path, *, times: int = 1, kind: type[np.generic] = np.uint16, suffix: str = ".png"
) -> Path:
    """The same dataset, its images' values multiplied and in files of 16 bits, or of another `kind` of number."""
    shutil.copytree(definition.parent, folder)
    for path in sorted((folder / "images").iterdir()):
        values = np.asarray(Image.open(path)).astype(kind) * times
        path.unlink()
        (png16 if suffix == ".png" else tiff)(path.with_suffix(suffix), values)
    return folder / definition.name


@pytest.mark.parametrize(
    ("suffix", "kind", "cache"),
    [
        (".png", np.uint16, "--cache"),
        (".png", np.uint16, "--no-cache"),
        (".tif", np.uint16, "--cache"),
        (".tif", np.int32, "--cache"),
    ],
)
def test_eight_bits_in_a_deeper_file_train_as_in_a_file_of_eight(
    yogo: Yogo, definition: Path, suffix: str, kind: type, cache: str
) -> None:
    plain = definition if suffix == ".png" else deepened(definition, yogo.home / "8", kind=np.uint8, suffix=suffix)
    deep = deepened(definition, yogo.home / "deep", kind=kind, suffix=suffix)
    for name, path in (("plain", plain), ("deep", deep)):
        done = yogo.train(path, "--name", name, *ONE_EPOCH, cache)
        assert done.returncode == 0, done.stderr
    assert "12 images are of more than 8 bits per value: read as 8 bits (0 to 255;" in done.stdout + done.stderr
    assert same_weights(yogo.run("plain").last, yogo.run("deep").last)


def test_the_depth_is_kept_in_the_run_and_goes_with_its_weights(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    deep = deepened(definition, tmp_path / "deep", times=16)
    assert yogo.train(deep, "--name", "one", *ONE_EPOCH).returncode == 0
    assert Manifest.read(yogo.run("one").manifest).image_bits == 12
    assert load_checkpoint(yogo.run("one").best).image_bits == 12
    # Dimmer images of the same camera keep the camera's depth.
    dim = deepened(definition, tmp_path / "dim", times=1)
    done = yogo.train(dim, "--name", "two", "--from-pretrained", yogo.run("one").best, *ONE_EPOCH)
    assert done.returncode == 0, done.stderr
    assert "read as 12 bits (0 to 4,095; the brightest value is 25" in done.stdout + done.stderr
    assert load_checkpoint(yogo.run("two").last).image_bits == 12
    # Unless the user knows better.
    done = yogo.train(
        dim, "--name", "three", "--from-pretrained", yogo.run("one").best, "--image-bits", "auto", *ONE_EPOCH
    )
    assert load_checkpoint(yogo.run("three").last).image_bits == 8


def test_a_run_that_goes_on_reads_as_it_began(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    deep = deepened(definition, tmp_path / "deep", times=4)
    process = yogo.start(deep, "--name", "one", *TINY, "--epochs", "2", "--batch-size", "1", "--image-bits", "14")
    assert stop_after_first_step(yogo, "one", process) == 75
    assert yogo.train("--resume", yogo.run("one").path).returncode == 0
    assert load_checkpoint(yogo.run("one").last).image_bits == 14
    assert Manifest.read(yogo.run("one").manifest).image_bits == 14


def forget_depth(path: Path) -> None:
    """As a checkpoint was before the depth was kept in it."""
    contents = torch.load(path, weights_only=True)
    del contents["image_bits"]
    torch.save(contents, path)


def test_weights_that_do_not_know_the_depth_go_on_with_the_upper_eight_bits_and_say_so(
    yogo: Yogo, definition: Path, tmp_path: Path
) -> None:
    assert yogo.train(definition, "--name", "old", *ONE_EPOCH).returncode == 0
    forget_depth(yogo.run("old").best)
    deep = deepened(definition, tmp_path / "deep", times=16)
    done = yogo.train(deep, "--name", "new", "--from-pretrained", yogo.run("old").best, *ONE_EPOCH)
    told = done.stdout + done.stderr
    assert "all 12 images are of 16 bits per value: their upper 8 are read, as the weights were trained" in told
    assert "--image-bits auto" in told
    assert "all 12 images are almost of one shade" in told
    assert load_checkpoint(yogo.run("new").best).image_bits is None
    assert Manifest.read(yogo.run("new").manifest).image_bits is None


def test_a_test_reads_as_the_training_did(yogo: Yogo, definition: Path, tmp_path: Path) -> None:
    deep = deepened(definition, tmp_path / "deep", times=16)
    assert yogo.train(deep, "--name", "one", *ONE_EPOCH).returncode == 0
    best = yogo.run("one").best
    done = yogo.command("test", best, deep, "--dump-to-disk")
    assert done.returncode == 0, done.stderr
    assert "3 images are of more than 8 bits per value: read as 12 bits" in done.stdout + done.stderr
    assert "almost of one shade" not in done.stdout + done.stderr
    forget_depth(best)
    done = yogo.command("test", best, deep)
    assert "all 3 images are almost of one shade" in done.stdout + done.stderr
    assert "read as 12 bits" in yogo.command("test", best, deep, "--image-bits", "12").stdout


def test_pictures_that_cannot_be_read_are_all_named_before_anything_is_trained(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    images = tmp_path / "data/images"
    (images / "picture_03.png").write_bytes(b"")
    (images / "picture_05.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    torn = images / "picture_07.png"
    torn.write_bytes(torn.read_bytes()[:500])
    done = yogo.train(definition, "--name", "one", *ONE_EPOCH)
    assert done.returncode == 1
    for name, why in (("picture_03.png", "empty"), ("picture_05.png", "Git LFS"), ("picture_07.png", "cut short")):
        assert f"{name}: " in done.stderr
        assert why in done.stderr
    assert not yogo.run("one").path.exists()


def test_pictures_that_show_hardly_anything_and_other_shapes_are_counted(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    Image.new("L", (64, 64), 3).save(tmp_path / "data/images/picture_02.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 128), dtype=np.uint8)).save(
        tmp_path / "data/images/picture_04.png"
    )
    done = yogo.train(definition, "--name", "one", *ONE_EPOCH)
    told = done.stdout + done.stderr
    assert "1 of 12 images is almost of one shade" in told
    assert "picture_02.png (3 to 3 of 255)" in told
    assert "1 of 12 images is of another shape than the network's 64x64, and stretched to it: 128x64 (1)" in told
