"""A file of samples in words, as `yogo check` prints it, and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from yogo.definition.report import told
from yogo.definition.samples_file import SampleEntry, SamplesFile
from yogo.text.wording import counted


def samples_report(file: SamplesFile) -> Iterator[str]:
    """The lines of a file whose images were counted. Names in them are unchanged: make them printable before you print
    them."""
    if file.samples:
        yield _summary(file)
        if file.roles:
            yield f"looked for: {file.roles}"
        yield _known(file)
        yield ""
        yield from _table(file.samples)
    if file.problems:
        if file.samples:
            yield ""
        yield counted(len(file.problems), "problem")
        yield from told(file.problems, "--json lists all")


def as_data(file: SamplesFile) -> dict[str, Any]:
    """For JSON, with `str` as the default."""
    return {
        "path": file.path,
        "roles": file.roles.model_dump() if file.roles else None,
        "samples": [asdict(one) for one in file.samples],
        "problems": [asdict(one) for one in file.problems],
    }


def _summary(file: SamplesFile) -> str:
    images = sum(one.num_images or 0 for one in file.samples)
    stores = sum(one.zarr is not None for one in file.samples)
    in_stores = f" · {counted(stores, 'zarr store')}, whose frames are not counted" if stores else ""
    return f"{counted(len(file.samples), 'sample')} · {counted(images, 'image')}{in_stores}"


def _known(file: SamplesFile) -> str:
    known = [one.target_per_microlitre for one in file.samples if one.target_per_microlitre is not None]
    if not known:
        return "known otherwise: none"
    negative = sum(value == 0 for value in known)
    least, most = min(known), max(known)
    values = f"{least:,g} per µL" if least == most else f"{least:,g} to {most:,g} per µL"
    return f"known otherwise: {len(known):,} of {len(file.samples):,}, {values}; {negative:,} negative"


def _table(samples: tuple[SampleEntry, ...]) -> Iterator[str]:
    width = max(len("sample"), *(len(one.name) for one in samples))
    has_groups = any(one.group for one in samples)
    yield f"{'sample':<{width}}  {'images':>9}  {'known per µL':>12}{'  group' if has_groups else ''}"
    for one in samples:
        images = "zarr" if one.zarr else "-" if one.num_images is None else f"{one.num_images:,}"
        known = "-" if one.target_per_microlitre is None else f"{one.target_per_microlitre:,g}"
        group = f"  {one.group}" if has_groups else ""
        yield f"{one.name:<{width}}  {images:>9}  {known:>12}{group}".rstrip()
