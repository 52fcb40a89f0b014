"""The counts of samples as lines of a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from yogo.assay.views.report_lines import WIDTH, sample_lines
from yogo.run.assay import AssayedSample
from yogo.run.inferred_samples import SamplesRecord
from yogo.text.terminal import printable
from yogo.text.wording import counted


def lines_of(record: SamplesRecord, *, has_counts: bool = False) -> Iterator[str]:
    """A row a sample, and with `has_counts` the sum of all samples by class. Names in them are safe for a terminal."""
    samples = record.samples
    if record.roles is not None:
        yield from textwrap.wrap(f"looked for: {printable(str(record.roles))}", WIDTH, break_on_hyphens=False)
        yield from sample_lines([AssayedSample.model_validate(one.model_dump()) for one in samples])
    else:
        yield from _counts(record)
    if has_counts:
        yield ""
        yield from _totals(record)
    images, unreadable = (sum(getattr(one, name) for one in samples) for name in ("num_images", "num_unreadable"))
    left_out = f"; {counted(unreadable, 'image')} could not be read" if unreadable else ""
    at = f" above the class probability {record.settings.threshold:g}" if record.settings.threshold else ""
    yield f"{counted(len(samples), 'sample')}, {counted(images, 'image')}, counted{at}{left_out}"


def _counts(record: SamplesRecord) -> Iterator[str]:
    names = [printable(name) for name in record.settings.classes]
    width = max(len("sample"), *(len(printable(one.name)) for one in record.samples))
    widths = [max(len(name), 7) for name in names]
    yield f"{'sample':<{width}}" + "".join(f"  {name:>{one}}" for name, one in zip(names, widths, strict=True))
    for sample in record.samples:
        numbers = zip(sample.counts.values(), widths, strict=True)
        yield f"{printable(sample.name):<{width}}" + "".join(f"  {number:>{one},.0f}" for number, one in numbers)


def _totals(record: SamplesRecord) -> Iterator[str]:
    names = record.settings.classes
    width = max(map(len, (*names, "cells")))
    sums = {name: sum(one.counts[name] for one in record.samples) for name in names}
    total = sum(sums.values())
    for name, number in (*sums.items(), ("cells", total)):
        yield f"{printable(name):<{width}}  {number:>9,.0f}  {number / max(total, 1):>6.1%}"
