"""Every kind of image file becomes the bytes that its pixels are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.io import ImageReadMode, decode_image

from tests.picture_files import png16, tiff
from yogo.errors import DefinitionError
from yogo.images.depth import Bits
from yogo.images.pixels import read_pixels

HW = (12, 20)


def read_picture(path: Path, *, rgb: bool, image_hw: tuple[int, int] | None, bits: Bits = None) -> Tensor:
    return torch.from_numpy(read_pixels(path, rgb=rgb, image_hw=image_hw, bits=bits))


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
def test_sixteen_bits_keep_their_upper_eight_where_no_depth_is_known(
    tmp_path: Path, grey: np.ndarray, name: str
) -> None:
    deep = grey.astype(np.uint16) * 256 + 77
    picture = read_picture(saved(tmp_path / name, Image.fromarray(deep)), rgb=False, image_hw=HW)
    assert torch.equal(picture, torch.from_numpy(grey)[None])


def saved_deep(path: Path, values: np.ndarray) -> Path:
    return png16(path, values) if path.suffix == ".png" else tiff(path, values)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_the_range_of_a_known_depth_is_rounded_to_a_byte(tmp_path: Path, name: str, channels: int, bits: int) -> None:
    top = 2**bits - 1
    values = np.random.default_rng(2).integers(0, top + 1, (*HW, channels), dtype=np.uint16)
    read = read_pixels(saved_deep(tmp_path / name, values.squeeze()), rgb=channels == 3, image_hw=None, bits=bits)
    np.testing.assert_array_equal(read.transpose(1, 2, 0), np.rint(values * (255 / top)))


@pytest.mark.parametrize("kind", ["<i4", ">i4", "<u4", "<i2", ">i2", ">u2"])
def test_eight_bits_in_any_wider_integer_are_those_eight_bits(tmp_path: Path, grey: np.ndarray, kind: str) -> None:
    path = tiff(tmp_path / "a.tif", grey.astype(kind[1:]), order=kind[0])
    assert torch.equal(read_picture(path, rgb=False, image_hw=HW, bits=8), torch.from_numpy(grey)[None])


@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_of_sixteen_bits_changes_no_pixel(tmp_path: Path, grey: np.ndarray, channels: int) -> None:
    values = np.stack([grey.astype(np.uint16) * 16] * (channels - 1) + [np.full(HW, 9, np.uint16)], 2)
    for rgb in (False, True):
        read = read_pixels(png16(tmp_path / "a.png", values), rgb=rgb, image_hw=None, bits=12)
        np.testing.assert_array_equal(read[0], np.rint(grey.astype(int) * 16 * (255 / 4095)))


def test_values_above_the_range_are_white(tmp_path: Path) -> None:
    values = np.full(HW, 5_000, np.uint16)
    assert read_pixels(png16(tmp_path / "a.png", values), rgb=False, image_hw=None, bits=12).min() == 255


@pytest.mark.parametrize(("kind", "bits"), [("u1", 8), ("u2", 8), ("u2", 12)])
def test_white_is_zero_where_the_file_says_so(tmp_path: Path, grey: np.ndarray, kind: str, bits: int) -> None:
    dark = tiff(tmp_path / "a.tif", grey.astype(kind), white_is_zero=True)
    read = read_pixels(dark, rgb=False, image_hw=None, bits=bits)[0]
    np.testing.assert_array_equal(read, 255 - np.rint(grey.astype(int) * (255 / (2**bits - 1))))


def test_numbers_that_are_no_brightness_are_refused(tmp_path: Path) -> None:
    for values in (np.full(HW, 70_000, np.int32), np.full(HW, -3, np.int16)):
        with pytest.raises(DefinitionError, match=r"a\.tif cannot be read as an image: its pixels have more than 16"):
            read_pixels(tiff(tmp_path / "a.tif", values), rgb=False, image_hw=None, bits=12)


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_read_as_it_is_stored_whatever_its_orientation(
    tmp_path: Path, grey: np.ndarray, orientation: int, compression: str | None, kind: str
) -> None:
    picture = Image.fromarray(grey.astype(kind))
    path = saved(tmp_path / "a.tif", picture, tiffinfo={274: orientation}, compression=compression)
    np.testing.assert_array_equal(read_pixels(path, rgb=False, image_hw=None, bits=8)[0], grey)
    np.testing.assert_array_equal(read_pixels(path, rgb=True, image_hw=None, bits=8)[1], grey)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_turned_tiff_of_either_byte_order_is_read_as_it_is_stored(
    tmp_path: Path, grey: np.ndarray, order: str
) -> None:
    path = tiff(tmp_path / "a.tif", grey.astype(np.uint16), order=order, tags={274: 6})
    np.testing.assert_array_equal(read_pixels(path, rgb=False, image_hw=None, bits=8)[0], grey)


def test_every_page_of_a_turned_tiff_is_read_as_it_is_stored(tmp_path: Path, grey: np.ndarray) -> None:
    pages = [Image.fromarray(grey), Image.fromarray(255 - grey)]
    path = saved(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:], tiffinfo={274: 3})
    for page, expected in enumerate((grey, 255 - grey)):
        np.testing.assert_array_equal(read_pixels(path, rgb=False, image_hw=None, page=page)[0], expected)


def test_a_picture_of_a_hundred_megapixels_is_read_without_a_word(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("1", (10_000, 10_000), 1))
    assert read_pixels(path, rgb=False, image_hw=HW).min() == 255


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
        ("a.png", lambda data: b"no image at all"),
        ("a.tif", half),
        ("a.tif", lambda data: b"II*\0no image at all"),
        ("a.jpg", lambda data: data[:60]),
        ("a.jpg", half),
    ],
)
def test_a_broken_picture_is_one_sentence_with_its_name(
    tmp_path: Path, grey: np.ndarray, name: str, damage: Callable[[bytes], bytes], rgb: bool
) -> None:
    path = saved(tmp_path / name, Image.fromarray(grey))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DefinitionError, match=rf"{name} cannot be read as an image: .") as error:
        read_picture(path, rgb=rgb, image_hw=HW)
    assert "\n" not in str(error.value)


def test_a_missing_picture_a_folder_and_floating_point_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"none\.png cannot be read as an image: No such file or directory"):
        read_picture(tmp_path / "none.png", rgb=False, image_hw=HW)
    with pytest.raises(DefinitionError, match="cannot be read as an image: Is a directory"):
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
    with pytest.raises(DefinitionError, match=r"it has 60,000 x 60,000 pixels, and up to 268,435,456 are read"):
        read_picture(path, rgb=False, image_hw=HW)
