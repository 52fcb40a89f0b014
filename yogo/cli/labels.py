"""`yogo labels convert`: labels of other programs, there and back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.cli.flags import add_json
from yogo.formats.table import FORMATS, WRITTEN
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line

if TYPE_CHECKING:
    from yogo.formats.conversion import ConvertedLabels

_SHORT = "Convert labels of other programs."
_WHAT = (
    "Convert labels between YOLO, COCO, Pascal VOC, Label Studio and CVAT. Images are neither copied nor changed. "
    "What the other format cannot hold (polygons, turns, crowds, attributes) is counted and named. docs/labels.md says "
    "which files each program exports, and what its boxes mean."
)


def register(commands: Any) -> None:
    parser = commands.add_parser("labels", help="convert labels of other programs", description=_SHORT)
    inner = parser.add_subparsers(dest="action", metavar="ACTION", required=True, help="What to do: convert.")
    convert = inner.add_parser("convert", help="convert labels from one format to another", description=_WHAT)
    _add_arguments(convert)
    add_json(convert)
    convert.set_defaults(run=run)


def _add_arguments(convert: argparse.ArgumentParser) -> None:
    convert.add_argument("source", metavar="FROM", type=Path, help="The exported file, or the folder of the export.")
    convert.add_argument("out", metavar="OUT", type=Path, help="A new folder to write to.")
    convert.add_argument(
        "--to",
        choices=[*WRITTEN],
        required=True,
        help="The format to write. With yolo, a dataset definition for yogo train lies beside the labels; with "
        "ultralytics a data.yaml, and with darknet what darknet and CVAT (YOLO 1.1) read: there images are linked.",
    )
    convert.add_argument(
        "--from", dest="of", choices=[*FORMATS], default="", help="The format to read. (default: found out)"
    )
    _add_options(convert)


def _add_options(convert: argparse.ArgumentParser) -> None:
    convert.add_argument(
        "--images",
        metavar="FOLDER",
        type=Path,
        help="Where the images are: in this folder or below it. (default: beside the labels, as programs export them)",
    )
    convert.add_argument(
        "--classes",
        metavar="NAME",
        nargs="+",
        default=[],
        help="The classes in the order of their numbers. (default: as the labels list them, else by name)",
    )
    convert.add_argument(
        "--predictions",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Read and write Label Studio's pre-annotations, which a model proposes, instead of annotations. "
        "(default: no)",
    )
    convert.add_argument(
        "--voc-corners",
        choices=("edges", "inclusive"),
        help="What corners of Pascal VOC mean: the edges of a box, from 0, or its first and last pixel, from 1. "
        "(default: inclusive for files of VOC's own sets, else edges)",
    )
    convert.add_argument(
        "--dry-run",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="Read everything and report, and write nothing. (default: no)",
    )


def run(args: argparse.Namespace) -> int:
    from yogo.formats.conversion import ConversionRequest, convert

    request = ConversionRequest(
        args.source,
        args.out,
        args.to,
        args.of,
        args.images,
        tuple(args.classes),
        args.predictions,
        args.voc_corners,
        args.dry_run,
    )
    with progress_line(sys.stderr) as tell:
        found = convert(request, tell)
    if args.json:
        must_arrive()
        print(json.dumps(_as_data(found, args), indent=2))
    else:
        print("\n".join(printable(line) for line in _lines(found, args)))
    return 0


def _as_data(found: ConvertedLabels, args: argparse.Namespace) -> dict[str, Any]:
    return {
        "from": {"path": str(args.source), "format": found.of},
        "to": {"path": str(args.out), "format": found.to},
        "is_dry_run": args.dry_run,
        "images": found.num_images,
        "images_without_a_box": found.num_empty,
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


def _lines(found: ConvertedLabels, args: argparse.Namespace) -> Iterator[str]:
    from yogo.text.wording import counted, listed

    images, boxes = counted(found.num_images, "image"), counted(found.boxes.total(), "box")
    empty = f" ({found.num_empty:,} without a box)" if found.num_empty else ""
    yield f"{FORMATS[found.of].title}, {args.source}: {images}{empty}, {boxes}"
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
    if args.dry_run:
        yield f"Nothing was written; without --dry-run it would be {args.out}."
    else:
        yield f"{WRITTEN[found.to].title} written to {args.out}"
