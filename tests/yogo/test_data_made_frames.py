"""Frames made of thumbnails: every label fits its thumbnail exactly, and the same seed makes the same frames."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.datasets.composed_frames import MOST, ComposedFrames
from yogo.datasets.loader import LoaderOptions, loader
from yogo.datasets.packed import pack_labels
from yogo.definition.split import Sample
from yogo.definition.thumbnails import Thumbnail, num_made, usable
from yogo.errors import DefinitionError
from yogo.images.pixels import Bytes

HW = (200, 300)


def thumbnail(folder: Path, kind: int, hw: tuple[int, int], *, colour: bool = False, rim: int = 220) -> Thumbnail:
    """A rim of bright background, and inside it no two pixels alike: what it was turned to can be told."""
    folder.mkdir(exist_ok=True)
    height, width = hw
    pixels = np.full((height, width), rim, np.uint8)
    inside = 10 * (kind + 1) + np.arange(height - 4)[:, None] % 5 + (np.arange(width - 4) % 3) * 50
    pixels[2:-2, 2:-2] = inside
    image = np.stack((pixels, pixels // 2, pixels), 2) if colour else pixels
    path = folder / f"{kind}-{height}x{width}.png"
    Image.fromarray(image).save(path)
    return Thumbnail(path, kind)


@pytest.fixture
def some(tmp_path: Path) -> list[Thumbnail]:
    return [thumbnail(tmp_path / "t", kind, hw) for kind, hw in enumerate([(25, 30), (40, 22), (31, 31)])]


def frames_of(some: list[Thumbnail], num: int = 6, *, seed: int = 0, **more: object) -> ComposedFrames:
    settings: dict[str, object] = {"frame_hw": HW, "image_hw": HW, "rgb": False}
    return ComposedFrames(some, num, seed=seed, **(settings | more))  # type: ignore[arg-type]


def painted(frames: ComposedFrames, index: int) -> Bytes:
    out = np.zeros((1, *frames.shape), np.uint8)
    frames.read(np.array([index]), out)
    (frame,) = out
    return np.asarray(frame)


def pixel_boxes(frames: ComposedFrames, index: int, hw: tuple[int, int] = HW) -> list[tuple[int, list[int]]]:
    """Class, and x0, y0, x1, y1 in pixels."""
    scale = torch.tensor([hw[1], hw[0], hw[1], hw[0]])
    boxes = frames.labels.of(index)
    corners = boxes[:, 1:] * scale
    assert torch.allclose(corners, corners.round(), atol=1e-3)
    return [(int(kind), box) for kind, box in zip(boxes[:, 0], corners.round().int().tolist(), strict=True)]


def test_each_box_holds_exactly_a_thumbnail_of_its_class_in_one_of_its_four_flips(some: list[Thumbnail]) -> None:
    frames = frames_of(some)
    originals = [np.asarray(Image.open(one.path)) for one in some]
    ways = set()
    for index in range(6):
        frame = painted(frames, index)[0]
        assert len(frames.labels.of(index))
        for kind, (x0, y0, x1, y1) in pixel_boxes(frames, index):
            found = frame[y0:y1, x0:x1]
            original = originals[kind]
            flips = {"": original, "y": original[::-1], "x": original[:, ::-1], "xy": original[::-1, ::-1]}
            fitting = [name for name, pixels in flips.items() if np.array_equal(found, pixels)]
            assert fitting
            ways.add(fitting[0])
            frame[y0:y1, x0:x1] = 220
        assert (frame == 220).all(), "all between the boxes is the thumbnails' background"
    assert ways == {"", "y", "x", "xy"}


def test_no_two_thumbnails_touch_and_none_leaves_the_frame(some: list[Thumbnail]) -> None:
    frames = frames_of(some, 20)
    for index in range(20):
        boxes = [box for _, box in pixel_boxes(frames, index)]
        assert all(x0 >= 0 and y0 >= 0 and x1 <= HW[1] and y1 <= HW[0] for x0, y0, x1, y1 in boxes)
        for (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) in combinations(boxes, 2):
            assert ax1 < bx0 or bx1 < ax0 or ay1 < by0 or by1 < ay0


def test_a_roomy_frame_has_a_hundred_thumbnails_and_a_crowded_one_as_many_as_fit(some: list[Thumbnail]) -> None:
    roomy = frames_of(some, 3, frame_hw=(3000, 3000), image_hw=(300, 300))
    assert [len(roomy.labels.of(index)) for index in range(3)] == [MOST] * 3
    crowded = frames_of(some, 20)
    counts = [len(crowded.labels.of(index)) for index in range(20)]
    assert min(counts) > 10
    assert max(counts) < 60


def test_all_classes_and_the_whole_frame_are_used(some: list[Thumbnail]) -> None:
    labels = frames_of(some, 100).labels
    assert torch.bincount(labels.boxes[:, 0].long(), minlength=3).min() > 500
    assert labels.boxes[:, 1].min() == 0
    assert labels.boxes[:, 4].max() == 1


def test_the_same_seed_makes_the_same_frames_whatever_their_number_and_another_seed_others(
    some: list[Thumbnail],
) -> None:
    one, again, other = frames_of(some), frames_of(some), frames_of(some, seed=1)
    for index in range(6):
        assert np.array_equal(painted(one, index), painted(again, index))
        assert torch.equal(one.labels.of(index), again.labels.of(index))
        assert not np.array_equal(painted(one, index), painted(other, index))
    assert not np.array_equal(painted(one, 0), painted(one, 1))


def test_between_them_is_the_mean_of_their_bright_pixels_or_210_where_none_is_bright(tmp_path: Path) -> None:
    bright = [thumbnail(tmp_path / "b", kind, (30, 30), rim=rim) for kind, rim in enumerate((220, 240))]
    shades = set()
    frames = frames_of(bright)
    for index in range(6):
        frame = painted(frames, index)[0]
        kinds = [kind for kind, _ in pixel_boxes(frames, index)]
        shades.add(round((220 * kinds.count(0) + 240 * kinds.count(1)) / len(kinds)))
        for _, (x0, y0, x1, y1) in pixel_boxes(frames, index):
            frame[y0:y1, x0:x1] = 0
        assert np.unique(frame).tolist() == [0, round((220 * kinds.count(0) + 240 * kinds.count(1)) / len(kinds))]
    assert len(shades) > 1
    dark = painted(frames_of([thumbnail(tmp_path / "d", 0, (30, 30), rim=200)]), 0)
    assert 210 in np.unique(dark)


def test_colour_thumbnails_make_colour_frames(tmp_path: Path) -> None:
    some = [thumbnail(tmp_path / "c", 0, (30, 30), colour=True)]
    frames = frames_of(some, rgb=True)
    frame = painted(frames, 0)
    assert frame.shape == (3, *HW)
    _, (x0, y0, x1, y1) = pixel_boxes(frames, 0)[0]
    assert np.array_equal(frame[1, y0:y1, x0:x1], frame[0, y0:y1, x0:x1] // 2)
    frame[:, y0:y1, x0:x1] = frame[:, :1, :1]
    # The green channel has no bright pixel of its own.
    assert {220, 210} <= set(np.unique(frame).tolist())


def test_frames_are_resized_as_the_pictures_are_that_the_thumbnails_were_cut_from(some: list[Thumbnail]) -> None:
    whole, small = frames_of(some), frames_of(some, image_hw=(100, 150))
    assert torch.equal(small.labels.boxes, whole.labels.boxes)
    expected = Image.fromarray(painted(whole, 2)[0]).resize((150, 100), Image.Resampling.BILINEAR)
    assert np.array_equal(painted(small, 2)[0], np.asarray(expected))


def test_thumbnails_larger_than_the_frame_are_an_error_if_none_fits(some: list[Thumbnail]) -> None:
    frames = frames_of(some, frame_hw=(26, 31), image_hw=(26, 31))
    assert set(frames.labels.boxes[:, 0].tolist()) == {0}
    with pytest.raises(DefinitionError, match="None of the 3 thumbnails fits a frame of 20 by 20 pixels"):
        frames_of(some, frame_hw=(20, 20))


def test_they_follow_the_pictures_in_a_loader_with_and_without_threads(some: list[Thumbnail], tmp_path: Path) -> None:
    samples = []
    for index in range(5):
        Image.fromarray(np.full(HW, index, np.uint8)).save(tmp_path / f"{index}.png")
        samples.append(Sample(str(tmp_path / f"{index}.png"), None, str(index)))
    made = frames_of(some, num_made(5))
    seen: list[int] = []
    for num_workers in (0, 2):
        options = LoaderOptions(image_hw=HW, rgb=False, batch_size=3, num_workers=num_workers)
        batches = loader(samples, pack_labels(samples, ["a"]), options, shuffle=True, made=made)
        for batch in batches:
            for place, index in enumerate(batch.indices.tolist()):
                boxes = batch.boxes[batch.image_index == place]
                if index < 5:
                    assert (batch.images[place] == index).all()
                    assert len(boxes) == 0
                else:
                    assert np.array_equal(batch.images[place].numpy(), painted(made, index - 5))
                    assert torch.equal(boxes, made.labels.of(index - 5))
                seen.append(index)
        batches.close()
    assert sorted(seen) == sorted([*range(7), *range(7)])


def test_only_pngs_of_more_than_500_pixels_count(tmp_path: Path) -> None:
    for name, hw in (("b.png", (20, 26)), ("small.png", (20, 25)), ("a.PNG", (40, 40)), (".c.png", (40, 40))):
        Image.fromarray(np.zeros(hw, np.uint8)).save(tmp_path / name)
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "d.jpg")
    assert [path.name for path in usable(tmp_path)] == ["a.PNG", "b.png"]


def test_a_thumbnail_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"GIF89a")
    with pytest.raises(DefinitionError, match=r"torn\.png: This thumbnail is not a PNG image"):
        list(usable(tmp_path))


def test_half_as_many_frames_are_made_as_there_are_training_pictures() -> None:
    assert [num_made(count) for count in (0, 1, 2, 7, 100)] == [0, 0, 1, 3, 50]
