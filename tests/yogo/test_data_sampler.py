"""Who gets which images: nobody twice, nobody none, whatever the number of ranks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yogo.datasets.sampler import ShardedBatches
from yogo.errors import TrainingError

numbers = st.integers(min_value=0, max_value=200)
batch_sizes = st.integers(min_value=1, max_value=20)
worlds = st.integers(min_value=1, max_value=5)


def ranks_of(num_samples: int, batch_size: int, world_size: int, **more: object) -> list[ShardedBatches]:
    return [ShardedBatches(num_samples, batch_size, rank, world_size, **more) for rank in range(world_size)]  # type: ignore[arg-type]


def global_batches(ranks: list[ShardedBatches]) -> list[list[int]]:
    """What all ranks together take, batch by batch."""
    parts = [list(rank) for rank in ranks]
    most = max((len(part) for part in parts), default=0)
    return [[int(i) for part in parts if number < len(part) for i in part[number]] for number in range(most)]


@given(numbers, batch_sizes, worlds, st.integers(0, 2**63 - 1), st.integers(0, 1000))
def test_training_takes_no_picture_twice_and_leaves_out_fewer_than_there_are_ranks(
    num_samples: int, batch_size: int, world_size: int, seed: int, epoch: int
) -> None:
    if num_samples < world_size:
        with pytest.raises(TrainingError, match=f"{num_samples} training images? for {world_size} processes"):
            ranks_of(num_samples, batch_size, world_size)
        return
    ranks = ranks_of(num_samples, batch_size, world_size, seed=seed)
    for rank in ranks:
        rank.set_epoch(epoch)
    taken = [index for batch in global_batches(ranks) for index in batch]
    assert len(set(taken)) == len(taken)
    assert num_samples - len(taken) == ranks[0].num_left_out < world_size
    assert len({len(list(rank)) for rank in ranks}) == 1


@given(numbers, batch_sizes, worlds)
def test_validation_takes_every_picture_exactly_once(num_samples: int, batch_size: int, world_size: int) -> None:
    ranks = ranks_of(num_samples, batch_size, world_size, shuffle=False)
    taken = sorted(index for batch in global_batches(ranks) for index in batch)
    assert taken == list(range(num_samples))


@given(numbers, batch_sizes, worlds, st.booleans())
def test_sizes_and_lengths_are_those_of_the_batches(
    num_samples: int, batch_size: int, world_size: int, shuffle: bool
) -> None:
    ranks = ranks_of(max(num_samples, world_size), batch_size, world_size, shuffle=shuffle)
    assert [len(batch) for batch in global_batches(ranks)] == ranks[0].global_batch_sizes
    for rank in ranks:
        assert all(0 < len(batch) <= batch_size for batch in rank)


@given(st.integers(6, 200), st.integers(1, 4), st.integers(0, 100))
def test_one_rank_of_six_pictures_sees_what_two_of_three_and_three_of_two_see(
    num_samples: int, sixths: int, epoch: int
) -> None:
    seen = []
    for world_size in (1, 2, 3):
        ranks = ranks_of(num_samples, 6 * sixths // world_size, world_size, seed=7)
        for rank in ranks:
            rank.set_epoch(epoch)
        seen.append(global_batches(ranks))
    whole = num_samples // (6 * sixths)
    assert seen[0][:whole] == seen[1][:whole] == seen[2][:whole]
    if num_samples % (6 * sixths) >= 3:
        assert seen[0] == seen[1] == seen[2]


@given(st.integers(1, 100), batch_sizes, st.integers(0, 50), st.booleans())
def test_an_epoch_can_be_entered_at_any_batch(num_samples: int, batch_size: int, epoch: int, shuffle: bool) -> None:
    batches = ShardedBatches(num_samples, batch_size, seed=3, shuffle=shuffle)
    batches.set_epoch(epoch)
    whole = [batch.tolist() for batch in batches]
    for start in range(len(whole) + 1):
        batches.set_epoch(epoch, start)
        assert [batch.tolist() for batch in batches] == whole[start:]
        assert [batch.tolist() for batch in batches] == whole, "only the next iteration begins in the middle"


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {
        tuple(ShardedBatches(50, 10, seed=seed, epoch=epoch).order().tolist()) for seed in (0, 1) for epoch in (0, 1)
    }
    assert len(orders) == 4


def test_the_order_is_the_same_in_every_process_whatever_its_hash_seed() -> None:
    code = "from yogo.datasets.sampler import ShardedBatches as S; print(S(9, 4, seed=5, epoch=2).order().tolist())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{ShardedBatches(9, 4, seed=5, epoch=2).order().tolist()}\n"}


def test_the_order_is_written_down_so_that_a_resume_under_another_numpy_would_be_noticed() -> None:
    assert ShardedBatches(8, 4, seed=5, epoch=2).order().tolist() == [0, 1, 6, 2, 7, 5, 4, 3]
    assert ShardedBatches(8, 4, seed=5, epoch=2).order().dtype == np.int64
