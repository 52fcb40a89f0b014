"""Packed labels are what the label files say, one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from yogo.datasets.packed import PackedLabels, pack_labels
from yogo.definition.labels import read_labels
from yogo.definition.split import Sample
from yogo.errors import DefinitionError

CLASSES = ("healthy", "ring")


def write_samples(folder: Path, rows: list[list[str]]) -> list[Sample]:
    labels = folder / "labels"
    labels.mkdir()
    samples = []
    for index, lines in enumerate(rows):
        path = labels / f"{index}.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        samples.append(Sample(str(folder / f"{index}.png"), str(path), str(index)))
    return samples


MANY = [[f"{index % 2} 0.{index % 9 + 1} 0.5 0.1 0.2"] * (index % 4) for index in range(23)]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_packed_is_what_each_file_says_in_the_order_of_the_samples(tmp_path: Path, num_workers: int) -> None:
    samples = write_samples(tmp_path, MANY)[::-1]
    labels = pack_labels(samples, CLASSES, num_workers=num_workers, chunk_size=5)
    assert labels.num_samples == len(samples)
    for index, sample in enumerate(samples):
        assert sample.label is not None
        alone = torch.tensor(read_labels(sample.label, CLASSES).rows).reshape(-1, 5)
        assert torch.equal(labels.of(index), alone)


def test_an_unlabelled_picture_and_an_empty_file_have_no_boxes(tmp_path: Path) -> None:
    samples = [*write_samples(tmp_path, [[], ["1 .5 .5 .1 .1"]]), Sample(str(tmp_path / "2.png"), None, "2")]
    labels = pack_labels(samples, CLASSES)
    assert labels.offsets.tolist() == [0, 0, 1, 1]
    assert labels.boxes.tolist() == [pytest.approx([1, 0.45, 0.45, 0.55, 0.55])]


def test_no_samples_are_no_boxes() -> None:
    labels = pack_labels([], CLASSES)
    assert labels.boxes.shape == (0, 5)
    assert labels.num_samples == 0


def test_dropped_boxes_are_counted_over_all_files(tmp_path: Path) -> None:
    samples = write_samples(tmp_path, [["0 .5 .5 .001 .001"] * 2, ["0 .5 .5 .2 .2", "0 .5 .5 .001 .001"]])
    labels = pack_labels(samples, CLASSES)
    assert (labels.num_dropped, len(labels.boxes)) == (3, 1)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_wrong_row_names_its_file_and_line(tmp_path: Path, num_workers: int) -> None:
    samples = write_samples(tmp_path, [["0 .5 .5 .2 .2"]] * 4 + [["0 .5 .5 .2 .2", "9 .5 .5 .2 .2"]])
    with pytest.raises(DefinitionError, match=r"4\.txt, line 2: "):
        pack_labels(samples, CLASSES, num_workers=num_workers, chunk_size=2)


def test_a_process_of_its_own_answers_for_good_files_and_declines_wrong_ones(tmp_path: Path) -> None:
    good, wrong = (str(sample.label) for sample in write_samples(tmp_path, [["1 .5 .5 .2 .2"], ["1 .5 .5 .2"]]))
    command = [sys.executable, "-P", "-m", "yogo.datasets.label_files"]
    answers = []
    for paths in ([good, None, good], [good, wrong]):
        request = json.dumps({"paths": paths, "classes": CLASSES}).encode()
        answers.append(subprocess.run(command, input=request, capture_output=True, check=False))
    assert [answer.returncode for answer in answers] == [0, 1]
    assert np.frombuffer(answers[0].stdout[: 6 * 8], np.int64).tolist() == [1, 0, 1, 0, 0, 0], (
        "boxes, then dropped ones"
    )
    assert [answer.stderr for answer in answers] == [b"", b""]


def test_a_process_that_cannot_be_used_costs_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = write_samples(tmp_path, MANY)
    expected = pack_labels(samples, CLASSES)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert torch.equal(pack_labels(samples, CLASSES, num_workers=2, chunk_size=5).boxes, expected.boxes)


def test_names_are_mapped_by_the_notes_beside_the_label_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"categories": [{"id": 7, "name": "ring"}]}')
    labels = pack_labels(write_samples(tmp_path, [["7 .5 .5 .2 .2"], ["ring .5 .5 .2 .2"]]), CLASSES)
    assert labels.boxes[:, 0].tolist() == [1, 1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data())
def test_a_batch_gathers_the_boxes_of_its_pictures_in_their_order(counts: list[int], data: st.DataObject) -> None:
    offsets = torch.tensor([0, *counts]).cumsum(0)
    labels = PackedLabels(
        torch.arange(float(sum(counts)))[:, None].expand(-1, 5), offsets, torch.zeros(len(counts)).long()
    )
    wanted = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=8))
    boxes, image_index = labels.gather(torch.tensor(wanted, dtype=torch.int64))
    expected = [(place, row) for place, index in enumerate(wanted) for row in labels.of(index)[:, 0].tolist()]
    assert list(zip(image_index.tolist(), boxes[:, 0].tolist(), strict=True)) == expected
