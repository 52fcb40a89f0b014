"""Which images a test of a run's weights looks at. Without torch, because a console says it before the test."""

from __future__ import annotations

import contextlib
from pathlib import Path

from yogo.definition.fractions import SplitFractions
from yogo.definition.lineage import digests
from yogo.definition.model import DatasetDefinition
from yogo.definition.record import DataRecord
from yogo.definition.split import Sample, split
from yogo.run.directory import RunDirectory
from yogo.text.wording import counted


def tested_images(
    definition: DatasetDefinition, run: RunDirectory, *, seed: int, memory: Path | None
) -> tuple[tuple[Sample, ...], str, DataRecord | None]:
    """The test images, a sentence that says which they are, and the run's record if they are the run's own: it has
    trained on this definition."""
    record = None
    with contextlib.suppress(FileNotFoundError):
        record = DataRecord.read(run.data)
    recorded = _recorded(record, definition) if record else ()
    if record and recorded:
        which = f"tests on the {counted(len(recorded), 'test image')} of {run.name}, as {run.data.name} has them"
        return recorded, which, record
    held = split(definition, seed=seed, memory=memory).test
    if held:
        return held, f"tests on the {counted(len(held), 'test image')} of {definition.path.name}", None
    everything = split(definition, override=SplitFractions(0.0, 0.0, 1.0), seed=seed).test
    which = "the only one" if len(everything) == 1 else f"all {len(everything):,}"
    return everything, f"{definition.path.name} sets no test images apart: tests on {which} it has", None


def _recorded(record: DataRecord, definition: DatasetDefinition) -> tuple[Sample, ...]:
    """The run's test images, if they are the definition's, even if both were moved since."""
    if Path(record.definition) == definition.path.absolute():
        return record.splits().test
    # The same names below the definition's labels and the same content: the definition was moved or copied.
    own = {entry.key: entry.image_stamp for entry in record.files if entry.split == "test"}
    everything = split(definition, override=SplitFractions(0.0, 0.0, 1.0)).test
    found = tuple(sample for sample in everything if sample.key in own)
    same_size = len(found) == len(own) and all(one.image.stat().st_size == own[one.key].size for one in found)
    return found if same_size and digests(found) == [own[one.key].sha256 for one in found] else ()
