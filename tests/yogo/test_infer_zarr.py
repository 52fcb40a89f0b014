"""Frames in zarr stores: NGFF images of all versions, arrays with names for their axes, and shapes that say it all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yogo.errors import InferenceError
from yogo.infer.zarr_store import ZarrStore

zarr = pytest.importorskip("zarr")

HW = (24, 36)


def values(*shape: int, kind: str = "uint8", top: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, top, shape).astype(kind)


def array(path: Path, data: np.ndarray, **options: Any) -> Path:
    zarr.create_array(str(path), data=data, **options)
    return path


def ngff(path: Path, data: np.ndarray, axes: list[str], version: str, **more: object) -> Path:
    """An image of three levels, as OME-NGFF has it."""
    group = zarr.open_group(str(path), mode="w", zarr_format=3 if version == "0.5" else 2)
    kinds = {"t": "time", "c": "channel"}
    named: list[Any] = [{"name": axis, "type": kinds.get(axis, "space")} for axis in axes]
    scales: dict[str, Any] = {"version": version, "datasets": [{"path": str(level)} for level in range(3)]}
    if version != "0.2":
        scales["axes"] = axes if version == "0.3" else named
    about = {"multiscales": [scales], **more}
    group.attrs.update({"ome": {"version": version, **about}} if version == "0.5" else about)
    for level in range(3):
        group.create_array(str(level), data=np.ascontiguousarray(data[..., :: 2**level, :: 2**level]))
    return path


def read(store: ZarrStore, *, rgb: bool = False, **more: Any) -> np.ndarray:
    return np.stack([store.read(index, rgb=rgb, **more) for index in range(len(store.stems))])


@pytest.mark.parametrize("version", ["0.2", "0.3", "0.4", "0.5"])
def test_an_ngff_image_is_its_first_level_with_the_axes_that_it_names(tmp_path: Path, version: str) -> None:
    data = values(4, 1, 1, *HW)
    store = ZarrStore(ngff(tmp_path / "a.zarr", data, list("tczyx"), version), HW)
    np.testing.assert_array_equal(read(store), data[:, 0])
    assert store.summary.endswith("4 frames of 24 x 36 pixels (height x width); axes t 4, c 1, z 1, y 24, x 36")


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_one_ngff_image_is_one_picture_not_one_a_level(tmp_path: Path, version: str) -> None:
    data = values(*HW)
    store = ZarrStore(ngff(tmp_path / "a.zarr", data, ["y", "x"], version), HW)
    np.testing.assert_array_equal(read(store), data[None, None])


def test_times_and_depths_are_frames_in_their_order(tmp_path: Path) -> None:
    data = values(2, 3, *HW)
    store = ZarrStore(ngff(tmp_path / "a.zarr", data, ["t", "z", "y", "x"], "0.4"), HW)
    np.testing.assert_array_equal(read(store), data.reshape(6, 1, *HW))


def test_of_several_channels_one_is_to_be_named(tmp_path: Path) -> None:
    data = values(3, 2, *HW)
    channels = {"channels": [{"label": "DAPI"}, {"label": "BF"}]}
    path = ngff(tmp_path / "a.zarr", data, ["t", "c", "y", "x"], "0.4", omero=channels)
    with pytest.raises(InferenceError, match=r"a\.zarr has 2 channels \(DAPI, BF\): choose one with --zarr-channel"):
        ZarrStore(path, HW)
    with pytest.raises(InferenceError, match="there is no channel 2"):
        ZarrStore(path, HW, channel=2)
    np.testing.assert_array_equal(read(ZarrStore(path, HW, channel=1)), data[:, 1:])


def test_three_channels_are_colours_to_a_network_that_sees_colour(tmp_path: Path) -> None:
    data = values(2, 3, *HW)
    path = ngff(tmp_path / "a.zarr", data, ["t", "c", "y", "x"], "0.5")
    np.testing.assert_array_equal(read(ZarrStore(path, HW, rgb=True), rgb=True), data)
    with pytest.raises(InferenceError, match="3 channels"):
        ZarrStore(path, HW)


@pytest.mark.parametrize("hw", [HW, (200, 300)])
def test_height_width_and_three_are_one_colour_picture(tmp_path: Path, hw: tuple[int, int]) -> None:
    data = values(*hw, 3)
    store = ZarrStore(array(tmp_path / "a.zarr", data), HW, rgb=True)
    np.testing.assert_array_equal(read(store, rgb=True), data.transpose(2, 0, 1)[None])
    assert len(ZarrStore(tmp_path / "a.zarr", HW).stems) == 1
    assert "1 colour frame of" in store.summary


@pytest.mark.parametrize("version", [2, 3])
def test_axes_that_an_array_names_are_believed(tmp_path: Path, version: int) -> None:
    data = values(*HW, 5)
    path = tmp_path / "a.zarr"
    if version == 3:
        array(path, data, dimension_names=["y", "x", "time"])
    else:
        made = zarr.create_array(str(path), data=data, zarr_format=2)
        made.attrs["_ARRAY_DIMENSIONS"] = ["y", "x", "time"]
    np.testing.assert_array_equal(read(ZarrStore(path, (1, 1)))[:, 0], np.moveaxis(data, 2, 0))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((7, *HW), "tyx"), ((*HW, 7), "yxt"), ((7, 1, *HW), "tcyx"), ((1, 1, 1, *HW), "tczyx"), ((7, 48, 72), "tyx")],
)
def test_a_shape_that_leaves_no_doubt_needs_no_names(tmp_path: Path, shape: tuple[int, ...], axes: str) -> None:
    data = values(*shape)
    store = ZarrStore(array(tmp_path / "a.zarr", data), HW)
    assert len(store.stems) == 7 if 7 in shape else 1
    expected = np.moveaxis(data, -1, 0) if axes == "yxt" else data.reshape(-1, *shape[-2:])
    np.testing.assert_array_equal(read(store)[:, 0], expected)


@pytest.mark.parametrize("shape", [(20, 32, 40), (7, 3, *HW), (2, 7, *HW), (2, 2, 2, *HW)])
def test_a_shape_that_may_mean_several_things_is_refused_until_its_axes_are_named(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = array(tmp_path / "a.zarr", values(*shape), chunks=shape)
    with pytest.raises(InferenceError, match=r"a\.zarr has the shape .*--zarr-axes"):
        ZarrStore(path, HW)
    axes = {3: "tyx", 4: "tzyx", 5: "tczyx"}[len(shape)]
    named = ZarrStore(path, HW, axes=axes, channel=0)
    assert named.layout.frame_hw == shape[-2:]
    with pytest.raises(InferenceError, match="does not name axes"):
        ZarrStore(path, HW, axes="tqx")
    with pytest.raises(InferenceError, match="axes"):
        ZarrStore(path, HW, axes="yx")


def test_a_pyramid_that_does_not_say_so_is_not_taken_for_frames(tmp_path: Path) -> None:
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    for level in range(3):
        group.create_array(str(level), data=values(*(side // 2**level for side in HW)))
    with pytest.raises(InferenceError, match=r"arrays of several shapes, 0 \(24 x 36\), 1 \(12 x 18\).*a\.zarr/0"):
        ZarrStore(tmp_path / "a.zarr", HW)
    assert len(ZarrStore(tmp_path / "a.zarr" / "0", HW).stems) == 1


def test_a_group_of_images_is_looked_into_where_there_is_one_and_named_where_there_are_more(tmp_path: Path) -> None:
    data = values(2, *HW)
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    ngff(tmp_path / "a.zarr" / "0", data, ["t", "y", "x"], "0.4")
    np.testing.assert_array_equal(read(ZarrStore(tmp_path / "a.zarr", HW))[:, 0], data)
    ngff(tmp_path / "a.zarr" / "1", data, ["t", "y", "x"], "0.4")
    with pytest.raises(InferenceError, match=r"several images \(0, 1\): name one of them"):
        ZarrStore(tmp_path / "a.zarr", HW)


def test_a_damaged_description_is_a_sentence(tmp_path: Path) -> None:
    path = ngff(tmp_path / "a.zarr", values(*HW), ["y", "x"], "0.4")
    zarr.open_group(str(path)).attrs["multiscales"] = [{"datasets": [{"path": "gone"}]}]
    with pytest.raises(InferenceError, match="damaged NGFF image"):
        ZarrStore(path, HW)
    zarr.open_group(str(path)).attrs["multiscales"] = [{"datasets": [{"path": "0"}], "axes": ["y", "lambda"]}]
    with pytest.raises(InferenceError, match=r"has the axes y, lambda"):
        ZarrStore(path, HW)


@pytest.mark.parametrize(("kind", "top", "bits"), [("uint16", 256, 8), ("uint16", 4_096, 12), ("int32", 1_000, 10)])
def test_frames_of_whole_numbers_are_read_at_their_depth(tmp_path: Path, kind: str, top: int, bits: int) -> None:
    data = values(3, *HW, kind=kind, top=top)
    store = ZarrStore(array(tmp_path / "a.zarr", data), HW)
    assert store.depth() == bits
    np.testing.assert_array_equal(read(store, bits=bits)[:, 0], np.rint(data * (255 / (2**bits - 1))))


def test_a_hot_pixel_does_not_make_frames_of_twelve_bits_black(tmp_path: Path) -> None:
    data = values(3, *HW, kind="uint16", top=4_096)
    data[1, 3, 3] = 65_535
    assert ZarrStore(array(tmp_path / "a.zarr", data), HW).depth() == 12


def test_frames_of_other_numbers_are_refused(tmp_path: Path) -> None:
    for name, data in (("a", np.zeros((2, *HW), np.float32)), ("b", values(2, *HW, kind="int64", top=2**20))):
        store = ZarrStore(array(tmp_path / f"{name}.zarr", data), HW)
        with pytest.raises(InferenceError, match=rf"frame 0 of .*{name}\.zarr"):
            store.read(0, rgb=False, bits=12)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((0, *HW), "is empty: its shape is 0 x 24 x 36"),
        ((3, 0, 36), "is empty: its shape is 3 x 0 x 36"),
        ((100,), "has no rows and columns: its shape is 100"),
        ((), "has no rows and columns: it is a single number"),
    ],
)
def test_an_array_in_which_there_is_no_frame_is_told_as_such(tmp_path: Path, shape: tuple[int, ...], said: str) -> None:
    path = array(tmp_path / "a.zarr", np.zeros(shape, np.uint8))
    with pytest.raises(InferenceError, match=rf"a\.zarr {said}$"):
        ZarrStore(path, HW)


def test_what_is_no_store_is_told_in_plain_words(tmp_path: Path) -> None:
    def refusal(path: Path) -> str:
        with pytest.raises(InferenceError) as refused:
            ZarrStore(path, HW)
        return str(refused.value).removeprefix(f"{path} ")

    (tmp_path / "text").write_text("no store")
    assert refusal(tmp_path / "text") == "is not a zarr store: a store is a folder or a zip file"
    (tmp_path / "empty").mkdir()
    nothing = "is not a zarr store: it has none of zarr.json, .zarray and .zgroup at its top"
    assert refusal(tmp_path / "empty") == nothing
    inner = array(tmp_path / "out" / "a.zarr", values(2, *HW))
    assert refusal(tmp_path / "out") == f"{nothing}. Is {inner} meant?"
    zipped = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "out"))
    assert refusal(zipped) == f"{nothing}, but a.zarr in it has"
    zipped.write_bytes(zipped.read_bytes()[-200:])
    assert refusal(zipped).startswith("cannot be opened as a zarr store: ")
