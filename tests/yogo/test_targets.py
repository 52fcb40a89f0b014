"""From labelled boxes to the grid."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from yogo.model.targets import build_targets, count_collisions

SX, SY = 7, 5


def _one_by_one(boxes: list[list[float]], index: list[int], num_images: int) -> torch.Tensor:
    """The plain way: each box written in turn, as the rule says it."""
    out = torch.zeros(num_images, 6, SY, SX)
    for row, image in zip(torch.tensor(boxes), index, strict=True):
        column = min(max(int((row[1] + row[3]) * SX // 2), 0), SX - 1)
        line = min(max(int((row[2] + row[4]) * SY // 2), 0), SY - 1)
        out[image, :, line, column] = torch.tensor([1, *row[1:].tolist(), row[0].item()])
    return out


side = st.floats(-0.25, 1.25, width=32)
box = st.tuples(st.integers(0, 6).map(float), side, side, side, side).map(list)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(box, st.integers(0, 2)), min_size=1, max_size=40))
def test_targets_are_those_of_filling_cell_by_cell(labels: list[tuple[list[float], int]]) -> None:
    boxes, index = [list(row) for row, _ in labels], [image for _, image in labels]
    targets = build_targets(torch.tensor(boxes), torch.tensor(index), 3, SX, SY)
    assert torch.equal(targets, _one_by_one(boxes, index, 3))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(box, st.integers(0, 2)), min_size=1, max_size=40))
def test_every_box_is_in_the_grid_or_counted_as_lost(labels: list[tuple[list[float], int]]) -> None:
    boxes, index = torch.tensor([row for row, _ in labels]), torch.tensor([image for _, image in labels])
    kept = build_targets(boxes, index, 3, SX, SY)[:, 0].sum()
    assert int(kept) + count_collisions(boxes, index, SX, SY) == len(labels)


@pytest.mark.parametrize(
    ("x", "y", "cell"), [(1.0, 1.0, (SY - 1, SX - 1)), (-0.01, 0.0, (0, 0)), (0.5, 1.0, (SY - 1, 3))]
)
def test_a_centre_on_the_edge_belongs_to_the_cell_there(x: float, y: float, cell: tuple[int, int]) -> None:
    boxes = torch.tensor([[2.0, x - 0.1, y - 0.1, x + 0.1, y + 0.1]])
    targets = build_targets(boxes, torch.zeros(1, dtype=torch.long), 1, SX, SY)
    assert targets[0, 0].nonzero().tolist() == [list(cell)]


def test_images_without_boxes_have_empty_targets() -> None:
    nothing = build_targets(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long), 2, SX, SY)
    assert nothing.shape == (2, 6, SY, SX)
    assert not nothing.any()
    assert count_collisions(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long), SX, SY) == 0
