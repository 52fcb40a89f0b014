"""Batches: the right images with their own boxes, from files and from the cache, with and without threads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from yogo.datasets.batch import Batch
from yogo.datasets.cache import open_cache
from yogo.datasets.loader import BatchLoader, LoaderOptions, loader
from yogo.datasets.packed import PackedLabels, pack_labels
from yogo.definition.split import Sample
from yogo.errors import DefinitionError

HW = (16, 24)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Image i is of shade 10 i and has i % 3 boxes of class i."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "labels").mkdir()
    found = []
    for index in range(11):
        Image.fromarray(np.full(HW, 10 * index, np.uint8)).save(folder / f"{index}.png")
        (folder / "labels" / f"{index}.txt").write_text(f"{index} 0.5 0.5 0.2 0.2\n" * (index % 3))
        found.append(Sample(str(folder / f"{index}.png"), str(folder / "labels" / f"{index}.txt"), str(index)))
    return found


@pytest.fixture(scope="module")
def labels(samples: list[Sample]) -> PackedLabels:
    return pack_labels(samples, [str(index) for index in range(11)])


def batches_of(
    samples: list[Sample], labels: PackedLabels, *, shuffle: bool = True, weighted: bool = False, **more: Any
) -> BatchLoader:
    defaults: dict[str, Any] = {"image_hw": HW, "rgb": False, "batch_size": 4, "num_workers": 0}
    options = LoaderOptions(**(defaults | more))
    return loader(samples, labels, options, shuffle=shuffle, weighted=weighted)


def check(batch: Batch) -> None:
    assert batch.images.dtype == torch.uint8
    assert torch.equal(batch.images[:, 0, 0, 0].long(), 10 * batch.indices)
    assert torch.equal(batch.boxes[:, 0].long(), batch.indices[batch.image_index])
    assert torch.bincount(batch.image_index, minlength=len(batch.indices)).tolist() == (batch.indices % 3).tolist()


@pytest.mark.parametrize("num_workers", [0, 3])
@pytest.mark.parametrize("source", ["grey files", "colour files", "grey cache", "colour cache"])
def test_every_picture_comes_with_its_own_boxes(
    samples: list[Sample], labels: PackedLabels, tmp_path: Path, num_workers: int, source: str
) -> None:
    rgb = source.startswith("colour")
    cache = open_cache(samples, image_hw=HW, rgb=rgb, folder=tmp_path) if source.endswith("cache") else None
    batches = batches_of(samples, labels, rgb=rgb, num_workers=num_workers, cache=cache)
    seen: list[int] = []
    for batch in batches:
        check(batch)
        assert batch.images.shape == (len(batch.indices), 3 if rgb else 1, *HW)
        seen += batch.indices.tolist()
    assert sorted(seen) == list(range(11))
    assert batches.global_batch_sizes == [4, 4, 3]
    batches.close()


def test_threads_change_nothing(samples: list[Sample], labels: PackedLabels) -> None:
    alone, threaded = batches_of(samples, labels), batches_of(samples, labels, num_workers=3)
    for epoch in range(3):
        for batches in (alone, threaded):
            batches.set_epoch(epoch)
        for one, other in zip(alone, threaded, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    threaded.close()


def test_an_epoch_is_resumed_without_reading_what_comes_before(
    samples: list[Sample], labels: PackedLabels, tmp_path: Path
) -> None:
    whole = batches_of(samples, labels)
    whole.set_epoch(2)
    first, *rest = whole
    gone = {index: samples[index] for index in first.indices.tolist()}
    without = [
        Sample(str(tmp_path / "gone.png"), None, sample.key) if index in gone else sample
        for index, sample in enumerate(samples)
    ]
    resumed = batches_of(without, labels, num_workers=2)
    resumed.set_epoch(2, start_batch=1)
    for one, other in zip(resumed, rest, strict=True):
        assert torch.equal(one.images, other.images)
    resumed.close()


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_broken_picture_ends_the_loop_with_its_name(
    samples: list[Sample], labels: PackedLabels, tmp_path: Path, num_workers: int
) -> None:
    (tmp_path / "torn.png").write_bytes(samples[0].image.read_bytes()[:50])
    broken = [*samples[:9], Sample(str(tmp_path / "torn.png"), None, "torn"), samples[10]]
    batches = batches_of(broken, labels, num_workers=num_workers, shuffle=False)
    with pytest.raises(DefinitionError, match=r"torn\.png cannot be read as an image"):
        list(batches)
    batches.close()


def test_leaving_an_epoch_in_the_middle_does_not_disturb_the_next(samples: list[Sample], labels: PackedLabels) -> None:
    batches = batches_of(samples, labels, num_workers=2, batch_size=2)
    next(iter(batches))
    batches.set_epoch(1)
    seen = []
    for batch in batches:
        check(batch)
        seen += batch.indices.tolist()
    assert sorted(seen) == list(range(11))
    batches.close()


def test_ranks_together_see_every_validation_picture_once(samples: list[Sample], labels: PackedLabels) -> None:
    seen = []
    for rank in range(3):
        for batch in batches_of(samples, labels, shuffle=False, batch_size=2, rank=rank, world_size=3):
            check(batch)
            seen += batch.indices.tolist()
    assert sorted(seen) == list(range(11))


def test_closing_ends_the_threads(samples: list[Sample], labels: PackedLabels) -> None:
    batches = batches_of(samples, labels, num_workers=2)
    list(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("yogo-pictures")]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_lie_in_pinned_memory_for_a_gpu(samples: list[Sample], labels: PackedLabels) -> None:
    for batch in batches_of(samples, labels, pin_memory=True, num_workers=2):
        assert all(part.is_pinned() for part in batch)
        check(batch)
        moved = batch.to("cuda")
        assert torch.equal(moved.images.cpu(), batch.images)


@pytest.mark.parametrize("weighted", [False, True])
def test_what_changes_are_drawn_by_is_the_same_on_all_ranks_in_all_batches_and_after_a_resume(
    samples: list[Sample], labels: PackedLabels, weighted: bool
) -> None:
    def drawn(start_batch: int = 0, **more: Any) -> list[tuple[int, int]]:
        batches = batches_of(samples, labels, weighted=weighted, **more)
        batches.set_epoch(3, start_batch)
        return [pair for batch in batches for pair in zip(batch.indices.tolist(), batch.draws.tolist(), strict=True)]

    alone = drawn()
    assert sorted(draw for _, draw in alone) == list(range(11))
    assert sorted(drawn(batch_size=2, rank=0, world_size=2) + drawn(batch_size=2, rank=1, world_size=2)) == sorted(
        alone
    )
    assert drawn(batch_size=3) == alone
    assert drawn(start_batch=1) == alone[4:]
    if weighted:
        assert len({index for index, _ in alone}) < 11, "an image comes twice, and each time is changed otherwise"
    else:
        assert all(index == draw for index, draw in alone)
