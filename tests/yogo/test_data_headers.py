"""Image files are looked at without being decoded: what is wrong with them, and what is odd, is known at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.picture_files import png16, tiff
from yogo.definition.problem import Problem
from yogo.errors import DefinitionError
from yogo.images.headers import ImageHeader, depth, look
from yogo.images.pixels import read_pixels
from yogo.images.remarks import remarks

HW = (48, 64)


def noise(top: int = 256, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, top, HW, dtype=np.uint16)


def save_bytes(path: Path, values: np.ndarray | None = None) -> Path:
    Image.fromarray((noise() if values is None else values).astype(np.uint8)).save(path)
    return path


def looked(*paths: Path, memory: Path | None = None) -> list[ImageHeader]:
    found = look([str(path) for path in paths], memory=memory)
    assert all(isinstance(one, ImageHeader) for one in found), found
    return [one for one in found if isinstance(one, ImageHeader)]


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def pointed(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("gone.png")


def foreign(path: Path) -> None:
    path.write_bytes(b"GIF89a and so on")


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (emptied, "This file is empty"),
        (halved, "This image is damaged or cut short"),
        (pointed, "git lfs pull"),
        (dangling, "This is a link to gone.png, which is not there"),
        (foreign, "This is not a PNG, JPEG or TIFF image"),
        (removed, "This image cannot be read: No such file or directory"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_said_and_the_others_are_looked_at(
    tmp_path: Path, name: str, damage: Callable[[Path], None], said: str
) -> None:
    bad, good = save_bytes(tmp_path / name), save_bytes(tmp_path / "good.png")
    damage(bad)
    problem, header = look([str(bad), str(good)])
    assert isinstance(problem, Problem)
    assert problem.is_error
    assert problem.file == bad
    assert said in problem.message
    assert isinstance(header, ImageHeader)


def test_pictures_that_no_network_can_see_are_problems(tmp_path: Path) -> None:
    for values, said in ((np.zeros(HW, np.float32), "floating-point"), (np.full(HW, 70_000, np.int32), "16 bits")):
        (problem,) = look([str(tiff(tmp_path / "a.tif", values))])
        assert isinstance(problem, Problem)
        assert said in problem.message


def test_colours_that_cannot_be_made_grey_are_problems(tmp_path: Path) -> None:
    Image.new("LAB", (8, 8)).save(tmp_path / "a.tif")
    (problem,) = look([str(tmp_path / "a.tif")])
    assert isinstance(problem, Problem)
    assert "Its colours are LAB" in problem.message


def test_a_header_says_size_channels_pages_and_orientation(tmp_path: Path) -> None:
    pages = [Image.fromarray(noise(seed=seed).astype(np.uint8)) for seed in range(3)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    pages[0].convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    tiff(tmp_path / "turned.tif", noise(), tags={274: 3})
    of_pages, jpeg, turned = looked(tmp_path / "pages.tif", tmp_path / "turned.jpg", tmp_path / "turned.tif")
    assert (of_pages.height, of_pages.width, of_pages.channels, of_pages.num_pages) == (*HW, 1, 3)
    assert (jpeg.channels, jpeg.orientation, jpeg.is_deep) == (3, 6, False)
    assert (turned.orientation, turned.is_deep, turned.height) == (3, True, HW[0])
    said = "\n".join(remarks([of_pages, jpeg, turned], bits=8))
    assert "1 of 3 images is of several pages, of which the first is read: pages.tif (3 pages)" in said
    assert "2 of 3 images are marked as turned" in said
    assert "turned.jpg (orientation 6), turned.tif (orientation 3)" in said


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize(
    ("brightest", "bits"), [(200, 8), (256, 10), (900, 10), (4_095, 12), (9_000, 14), (16_384, 16), (65_535, 16)]
)
def test_the_depth_is_that_of_the_brightest_value_of_all(tmp_path: Path, name: str, brightest: int, bits: int) -> None:
    dim, bright = noise(100), noise(100, seed=1)
    bright[:2, :2] = brightest
    write = png16 if name == "a.png" else tiff
    paths = [write(tmp_path / f"{number}{name}", values) for number, values in enumerate((dim, bright, dim))]
    headers = looked(*paths, save_bytes(tmp_path / "plain.png"))
    assert depth(headers) == bits
    assert [header.is_deep for header in headers] == [True, True, True, False]


def test_pictures_of_eight_bits_have_no_depth_to_be_found(tmp_path: Path) -> None:
    headers = looked(save_bytes(tmp_path / "a.png"), save_bytes(tmp_path / "b.jpg"))
    assert depth(headers) == 8
    assert remarks(headers, bits=8) == []
    assert depth([]) == 8


def test_what_a_file_declares_is_believed_as_far_as_its_values_allow(tmp_path: Path) -> None:
    dim = noise(300)
    assert depth(looked(png16(tmp_path / "a.png", dim, chunks=((b"sBIT", b"\x0c"),)))) == 12
    assert depth(looked(tiff(tmp_path / "a.tif", dim, tags={341: 4095}))) == 12
    assert depth(looked(tiff(tmp_path / "b.tif", dim, tags={281: 1023}))) == 10
    # As much as the type can hold is what the format assumes, and values beyond what was declared are there.
    assert depth(looked(tiff(tmp_path / "c.tif", dim, tags={341: 65_535}))) == 10
    assert depth(looked(png16(tmp_path / "b.png", noise(65_536), chunks=((b"sBIT", b"\x0c"),)))) == 16


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_a_hot_pixel_does_not_make_the_pictures_of_twelve_bits_black(tmp_path: Path, name: str) -> None:
    hot = noise(4_000, seed=1)
    hot[5, 5] = 65_535
    write = png16 if name == "a.png" else tiff
    headers = looked(write(tmp_path / f"0{name}", noise(4_000)), write(tmp_path / f"1{name}", hot))
    assert depth(headers) == 12
    (said,) = remarks(headers, bits=12)
    assert "read as 12 bits (0 to 4,095; the brightest value is 65,535: what is above becomes white)" in said


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_picture_of_nearly_one_shade_is_named(tmp_path: Path, name: str) -> None:
    black = save_bytes(tmp_path / f"black_{name}", 11 + noise(3))
    headers = looked(black, save_bytes(tmp_path / name))
    assert [one.is_flat(8) for one in headers] == [True, False]
    (said,) = remarks(headers, bits=8)
    assert said.startswith("1 of 2 images is almost of one shade")
    assert f"black_{name} (" in said
    assert "of 255)" in said


def test_a_hot_pixel_does_not_hide_that_a_picture_is_black(tmp_path: Path) -> None:
    values = noise(3)
    values[5, 5] = 255
    assert looked(save_bytes(tmp_path / "a.png", values))[0].is_flat(8)


def test_the_upper_eight_bits_of_dim_pictures_are_named_as_black(tmp_path: Path) -> None:
    headers = looked(*(png16(tmp_path / f"{index}.png", noise(4_096)) for index in range(3)))
    assert not any(one.is_flat(12) for one in headers)
    depths, flat = remarks(headers, bits=None)
    assert depths.startswith("all 3 images are of 16 bits per value: their upper 8 are read")
    assert flat.startswith("all 3 images are almost of one shade")


def test_pictures_of_another_shape_are_counted_and_those_of_another_size_are_not(tmp_path: Path) -> None:
    headers = looked(save_bytes(tmp_path / "a.png"), save_bytes(tmp_path / "b.png", noise()[:, :48]))
    (said,) = remarks(headers, bits=8, image_hw=(96, 128))
    assert said == "1 of 2 images is of another shape than the network's 128x96, and stretched to it: 48x48 (1)"


def test_what_was_found_is_remembered_until_the_file_is_another(tmp_path: Path) -> None:
    memory, path = tmp_path / "memory", save_bytes(tmp_path / "a.png", np.full(HW, 7))
    (first,) = looked(path, memory=memory)
    os.chmod(path, 0)  # who looks into it again fails; root does not, and is answered from the memory all the same
    assert looked(path, memory=memory) == [first]
    os.chmod(path, 0o644)
    size, time = path.stat().st_size, path.stat().st_mtime_ns
    changed = bytearray(path.read_bytes())
    changed[-20:] = bytes(20)
    path.write_bytes(changed)
    os.utime(path, ns=(time, time))
    assert path.stat().st_size == size
    assert isinstance(look([str(path)], memory=memory)[0], Problem)


def test_a_memory_that_is_damaged_is_none(tmp_path: Path) -> None:
    memory, path = tmp_path / "memory", save_bytes(tmp_path / "a.png")
    (first,) = looked(path, memory=memory)
    for file in memory.iterdir():
        for content in (b"{", b"[]", b'{"version": 3, "files": {"a.png": [[1, 2, 3, 4], 5], "b.png": 3}}'):
            file.write_bytes(content)
            assert looked(path, memory=memory) == [first]


@pytest.mark.parametrize(
    ("name", "order", "tags", "said"),
    [
        ("packed", "<", {258: 10}, "10 bits per value"),
        ("packed", ">", {258: 14}, "14 bits per value"),
        ("white", ">", {262: 0}, "16 bits per value, 0 for white"),
        ("jpeg2000", "<", {259: 34_712, 258: 10}, "10 bits per value, compression 34712"),
    ],
)
def test_a_tiff_of_a_kind_that_is_not_read_is_told_as_such(
    tmp_path: Path, name: str, order: str, tags: dict[int, int], said: str
) -> None:
    path = tiff(tmp_path / f"{name}.tif", noise(1_000), order=order, tags=tags)
    (problem,) = look([str(path)])
    kind = f"a TIFF in a format that is not supported ({said}): save it in grey or RGB with 8 or 16 bits"
    assert isinstance(problem, Problem)
    assert problem.message == f"This is {kind}"
    with pytest.raises(DefinitionError) as refused:
        read_pixels(path, rgb=False, image_hw=None)
    assert str(refused.value) == f"{path} cannot be read as an image: it is {kind}"


XMP = b"<x:xmpmeta><rdf:RDF><rdf:Description %b</rdf:Description></rdf:RDF></x:xmpmeta>"


@pytest.mark.parametrize("packet", [b'tiff:Orientation="6">', b"><tiff:Orientation>6</tiff:Orientation>"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_an_orientation_in_xmp_is_one_too(tmp_path: Path, suffix: str, packet: bytes) -> None:
    path, picture, said = tmp_path / f"a{suffix}", Image.fromarray(noise().astype(np.uint8)), XMP % packet
    if suffix == ".png":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", said.decode())
        picture.save(path, pnginfo=text)
    elif suffix == ".jpg":
        picture.save(path, xmp=said)
    else:
        picture.save(path, tiffinfo={700: said})
    assert looked(path)[0].orientation == 6


def test_an_orientation_in_exif_that_was_written_as_a_text_is_one_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    for name, words in (("exif", exif.tobytes().hex()), ("APP1", exif.tobytes().hex()), ("exif", "no numbers")):
        text = PngInfo()
        text.add_text(f"Raw profile type {name}", f"\nexif\n{len(words) // 2:8}\n{words[:72]}\n{words[72:]}\n")
        Image.fromarray(noise().astype(np.uint8)).save(tmp_path / "a.png", pnginfo=text)
        assert looked(tmp_path / "a.png")[0].orientation == (1 if words == "no numbers" else 8)


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (b"GIF89a", "a GIF image"),
        (b"BM\x36\x10", "a BMP image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        (b"\0\0\0\x18ftypheic", "an image in HEIC"),
        (b"\n<!DOCTYPE html>", "a web page"),
        (b"P5\n8 8\n255\n", "a PNM image"),
    ],
)
def test_what_has_a_pictures_name_and_is_something_else_is_named(tmp_path: Path, begin: bytes, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(begin + bytes(100))
    (problem,) = look([str(tmp_path / "a.png")])
    assert isinstance(problem, Problem)
    assert f"This is not a PNG, JPEG or TIFF image but {kind}" in problem.message
