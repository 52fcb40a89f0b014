"""What a conversion of labels tells: lines for a person, and data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yogo.formats.conversion import ConversionRequest, ConvertedLabels
from yogo.formats.table import FORMATS, WRITTEN
from yogo.text.wording import counted, listed


def conversion_data(found: ConvertedLabels, request: ConversionRequest) -> dict[str, Any]:
    return {
        "from": {"path": str(request.path), "format": found.of},
        "to": {"path": str(request.out), "format": found.to},
        "is_dry_run": request.is_dry,
        "images": found.num_images,
        "images_without_a_box": found.num_empty,
        "images_not_found": found.num_missing,
        "splits": {name or "none": number for name, number in found.splits.items()},
        "classes": [*found.classes],
        "boxes": {name: found.boxes[name] for name in found.classes},
        "omitted": [
            {
                "what": what,
                "number": number,
                "places": [{"file": str(file), "line": line} for file, line in found.omitted.places[what]],
            }
            for what, number in found.omitted.counts.items()
        ],
        "notes": found.notes,
    }


def conversion_lines(found: ConvertedLabels, request: ConversionRequest) -> Iterator[str]:
    images, boxes = counted(found.num_images, "image"), counted(found.boxes.total(), "box")
    empty = f" ({found.num_empty:,} without a box)" if found.num_empty else ""
    yield f"{FORMATS[found.of].title}, {request.path}: {images}{empty}, {boxes}"
    if {*found.splits} - {""}:
        yield "  " + ", ".join(f"{name or 'in no split'} {number:,}" for name, number in found.splits.items())
    for number, name in enumerate(found.classes):
        yield f"  class {number} {name}: {counted(found.boxes[name], 'box')}"
    for what, number in found.omitted.counts.items():
        places = found.omitted.places[what]
        shown = [str(one) for one in dict.fromkeys(places[:3])]
        more = f", and {number - 3:,} more" if number > 3 else ""
        yield f"Not carried over: {what}: {number:,} ({listed(shown) if not more else ', '.join(shown)}{more})"
    yield from found.notes
    if request.is_dry:
        yield f"Nothing was written; without --dry-run it would be {request.out}."
    else:
        yield f"{WRITTEN[found.to].title} written to {request.out}"
