"""Every kind of picture file becomes the bytes that its pixels are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_image

from yogo.data.pictures import read_picture
from yogo.errors import DefinitionError

HW = (12, 20)


@pytest.fixture
def grey() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, HW, dtype=np.uint8)


def saved(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.tiff"])
def test_grey_bytes_come_back_as_they_were_saved(tmp_path: Path, grey: np.ndarray, name: str) -> None:
    picture = read_picture(saved(tmp_path / name, Image.fromarray(grey)), rgb=False, image_hw=HW)
    assert picture.dtype == torch.uint8
    assert torch.equal(picture, torch.from_numpy(grey)[None])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_a_grey_picture_read_in_colour_has_three_equal_channels(tmp_path: Path, grey: np.ndarray, name: str) -> None:
    picture = read_picture(saved(tmp_path / name, Image.fromarray(grey)), rgb=True, image_hw=HW)
    assert torch.equal(picture, torch.from_numpy(grey).expand(3, *HW))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_keep_their_upper_eight(tmp_path: Path, grey: np.ndarray, name: str) -> None:
    deep = grey.astype(np.uint16) * 256 + 77
    picture = read_picture(saved(tmp_path / name, Image.fromarray(deep)), rgb=False, image_hw=HW)
    assert torch.equal(picture, torch.from_numpy(grey)[None])


def test_a_big_endian_sixteen_bit_tiff_is_read_alike(tmp_path: Path, grey: np.ndarray) -> None:
    deep = Image.frombytes("I;16B", (HW[1], HW[0]), (grey.astype(np.uint16) * 256).astype(">u2").tobytes())
    picture = read_picture(saved(tmp_path / "a.tif", deep), rgb=False, image_hw=HW)
    assert torch.equal(picture, torch.from_numpy(grey)[None])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_transparency_changes_no_pixel(tmp_path: Path, grey: np.ndarray, name: str) -> None:
    alpha = Image.fromarray(255 - grey)
    colour = Image.merge("RGB", [Image.fromarray(grey)] * 3)
    clear = colour.copy()
    clear.putalpha(alpha)
    picture = read_picture(saved(tmp_path / name, clear), rgb=True, image_hw=HW)
    assert torch.equal(picture, torch.from_numpy(np.asarray(colour).copy()).permute(2, 0, 1))
    two = Image.merge("LA", [Image.fromarray(grey), alpha])
    assert torch.equal(
        read_picture(saved(tmp_path / f"two-{name}", two), rgb=False, image_hw=HW), torch.from_numpy(grey)[None]
    )


def test_a_palette_is_looked_up(tmp_path: Path, grey: np.ndarray) -> None:
    picture = Image.fromarray(grey).quantize(16)
    read = read_picture(saved(tmp_path / "a.png", picture), rgb=True, image_hw=HW)
    assert torch.equal(read, torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1))
    read_grey = read_picture(tmp_path / "a.png", rgb=False, image_hw=HW)
    assert torch.equal(read_grey[0], read[0])


def test_a_black_and_white_picture_is_0_and_255(tmp_path: Path, grey: np.ndarray) -> None:
    bits = Image.fromarray(grey).point(lambda shade: 255 * (shade > 99), "1")
    read = read_picture(saved(tmp_path / "a.png", bits), rgb=False, image_hw=HW)
    assert torch.equal(read[0], torch.from_numpy((grey > 99) * np.uint8(255)))


def test_a_colour_jpeg_gives_its_luminance_and_ignores_exif(tmp_path: Path) -> None:
    red = Image.new("RGB", (HW[1], HW[0]), (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    path = saved(tmp_path / "a.jpg", red, exif=exif, quality=95)
    picture = read_picture(path, rgb=False, image_hw=HW)
    assert picture.shape == (1, *HW)
    assert abs(picture.float().mean().item() - (0.299 * 200 + 0.587 * 30 + 0.114 * 30)) < 2
    assert read_picture(path, rgb=True, image_hw=HW)[0].float().mean().item() == pytest.approx(200, abs=3)


@pytest.mark.filterwarnings("ignore:The image decoding and encoding:DeprecationWarning")  # what published yogo used
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_pixels_are_those_that_published_yogo_saw(tmp_path: Path, name: str) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (*HW, 3), dtype=np.uint8)
    path = saved(tmp_path / name, Image.fromarray(colours))
    assert torch.equal(read_picture(path, rgb=True, image_hw=HW), decode_image(str(path), ImageReadMode.RGB))
    # Colour made grey is rounded otherwise by the two libraries.
    grey = decode_image(str(path), ImageReadMode.GRAY).int()
    assert (read_picture(path, rgb=False, image_hw=HW).int() - grey).abs().max() <= 1


def test_another_size_is_averaged_down_not_sampled(tmp_path: Path) -> None:
    stripes = np.zeros((24, 40), np.uint8)
    stripes[:, ::2] = 200
    picture = read_picture(saved(tmp_path / "a.png", Image.fromarray(stripes)), rgb=False, image_hw=HW)
    assert picture.shape == (1, *HW)
    assert (picture[:, :, 2:-2].float() - 100).abs().max() < 10


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def with_a_hole(data: bytes) -> bytes:
    return data[:50] + bytes(20) + data[70:]


@pytest.mark.parametrize("rgb", [False, True])
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("a.png", half),
        ("a.png", with_a_hole),
        ("a.png", lambda data: b""),
        ("a.png", lambda data: b"no picture at all"),
        ("a.tif", half),
        ("a.tif", lambda data: b"II*\0no picture at all"),
        ("a.jpg", lambda data: data[:60]),
        ("a.jpg", half),
    ],
)
def test_a_broken_picture_is_one_sentence_with_its_name(
    tmp_path: Path, grey: np.ndarray, name: str, damage: Callable[[bytes], bytes], rgb: bool
) -> None:
    path = saved(tmp_path / name, Image.fromarray(grey))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DefinitionError, match=rf"{name} cannot be read as a picture: .") as error:
        read_picture(path, rgb=rgb, image_hw=HW)
    assert "\n" not in str(error.value)


def test_a_missing_picture_a_folder_and_floating_point_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"none\.png cannot be read as a picture: No such file or directory"):
        read_picture(tmp_path / "none.png", rgb=False, image_hw=HW)
    with pytest.raises(DefinitionError, match="cannot be read as a picture: Is a directory"):
        read_picture(tmp_path, rgb=False, image_hw=HW)
    path = saved(tmp_path / "a.tif", Image.fromarray(np.zeros(HW, np.float32)))
    with pytest.raises(DefinitionError, match="floating-point"):
        read_picture(path, rgb=False, image_hw=HW)


def test_a_png_that_claims_to_be_gigantic_is_refused_before_it_is_decoded(tmp_path: Path, grey: np.ndarray) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(grey))
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    path.write_bytes(data)
    with pytest.raises(DefinitionError, match="cannot be read as a picture"):
        read_picture(path, rgb=False, image_hw=HW)
