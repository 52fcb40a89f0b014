"""Parsing label files, many at a time: here, or in a process of its own.

    python -m yogo.datasets.label_files     reads a request from its standard input, answers on its standard output

Such a process imports nothing heavy, so it starts at once. It ends when its share of the files is done, or when
nobody is left to read the answer. It does not report errors: the caller then parses the files
itself, and gets the error where it can be raised.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from yogo.definition.labels import read_labels, read_notes
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint
from yogo.errors import YogoError


class Parsed(NamedTuple):
    """The contents of some label files, one after the other."""

    rows: array[float]
    """Five floats per box: class, x0, y0, x1, y1."""

    counts: array[int]
    """Number of boxes in each file."""

    dropped: array[int]
    """Boxes of each file that were too small to keep."""


def parse(paths: Sequence[str | None], classes: Sequence[str]) -> Parsed:
    """The boxes of label files; a missing file has none.

    Raises InvalidDatasetDefinitionFile for all files that are wrong, each by its first fault.
    """
    wrong: list[Problem] = []
    rows, counts, dropped = array("f"), array("q"), array("q")
    notes = {folder: read_notes(folder) for folder in {Path(path).parent for path in paths if path is not None}}
    for path in paths:
        before, num_dropped = len(rows), 0
        if path is not None:
            file = Path(path)
            try:
                labels = read_labels(file, classes, notes[file.parent])
            except InvalidDatasetDefinitionFile as error:
                wrong += error.problems
                continue
            rows.extend(labels.rows)
            num_dropped = labels.num_dropped
        counts.append((len(rows) - before) // 5)
        dropped.append(num_dropped)
    if wrong:
        raise complaint(wrong)
    return Parsed(rows, counts, dropped)


def parse_apart(paths: Sequence[str | None], classes: Sequence[str]) -> Parsed:
    """The same, in a separate process. Raises DefinitionError."""
    command = [sys.executable, "-P", "-m", "yogo.datasets.label_files"]
    request = json.dumps({"paths": paths, "classes": classes}).encode()
    answer = subprocess.run(command, input=request, capture_output=True, check=False)
    if answer.returncode:
        return parse(paths, classes)
    rows, counts, dropped = array("f"), array("q"), array("q")
    size = len(paths) * counts.itemsize
    counts.frombytes(answer.stdout[:size])
    dropped.frombytes(answer.stdout[size : 2 * size])
    rows.frombytes(answer.stdout[2 * size :])
    return Parsed(rows, counts, dropped)


def _answer() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all processes; the parent decides
    request = json.load(sys.stdin)
    try:
        parsed = parse(request["paths"], request["classes"])
    except YogoError:
        return 1
    out = sys.stdout.buffer
    out.write(parsed.counts.tobytes())
    out.write(parsed.dropped.tobytes())
    out.write(parsed.rows.tobytes())
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(_answer())
