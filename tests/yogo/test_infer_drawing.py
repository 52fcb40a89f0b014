"""Boxes and their names on an image can be read, however many there are."""

from __future__ import annotations

import numpy as np
import torch

from yogo.infer.drawing import bbox_colour, draw_boxes, label_places


def overlaps(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_names_of_neighbouring_boxes_do_not_lie_on_each_other_where_there_is_room() -> None:
    corners = [(100.0 + 30 * column, 100.0 + 30 * row) for column in range(4) for row in range(4)]
    boxes = [(left, top, left + 28, top + 28) for left, top in corners]
    boxes.append((102.0, 101.0, 129.0, 130.0))  # almost the first one
    places = label_places(boxes, [(26.0, 10.0)] * len(boxes), (400, 400))
    assert not any(overlaps(one, other) for index, one in enumerate(places) for other in places[:index])


def test_every_name_stays_within_the_picture() -> None:
    boxes = [(0.0, 0.0, 20.0, 20.0), (380.0, 0.0, 400.0, 15.0), (0.0, 385.0, 15.0, 400.0), (370.0, 390.0, 400.0, 400.0)]
    for left, top, right, bottom in label_places(boxes, [(60.0, 12.0)] * 4, (400, 400)):
        assert min(left, top) >= 0
        assert max(right, bottom) <= 400


def test_lines_and_names_grow_with_the_picture() -> None:
    def coloured(size: int) -> int:
        rows = torch.tensor([[0.5, 0.5, 0.4, 0.4, 0.9, 1.0, 0.0]])
        drawn = np.asarray(draw_boxes(np.zeros((1, size, size), np.uint8), rows, ["red", "white"]))
        return int((drawn == bbox_colour(0, 2)[:3]).all(2).sum())

    small, large = coloured(200), coloured(2_000)
    assert large > 30 * small  # a line of one pixel would make it ten times as much
