"""`yogo labels convert`: labels of other programs, there and back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yogo.formats.table import FORMATS, WRITTEN
from yogo.text.output import must_arrive
from yogo.text.terminal import printable, progress_line

if TYPE_CHECKING:
    from yogo.formats.conversion import ConversionRequest

_SHORT = "Convert labels of other programs."
WHAT = (
    "Convert labels between YOLO, COCO, Pascal VOC, Label Studio and CVAT. Images are neither copied nor changed. "
    "What the other format cannot hold (polygons, turns, crowds, attributes) is counted and named. docs/labels.md says "
    "which files each program exports, and what its boxes mean."
)


def register(commands: Any) -> None:
    from yogo.cli.flags import add_json

    parser = commands.add_parser("labels", help="convert labels of other programs", description=_SHORT)
    inner = parser.add_subparsers(dest="action", metavar="ACTION", required=True, help="What to do: convert.")
    convert = inner.add_parser("convert", help="convert labels from one format to another", description=WHAT)
    add_arguments(convert)
    add_json(convert)
    convert.set_defaults(run=run)


def add_arguments(convert: argparse.ArgumentParser) -> None:
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


def request_of(args: argparse.Namespace) -> ConversionRequest:
    from yogo.formats.conversion import ConversionRequest

    return ConversionRequest(
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


def run(args: argparse.Namespace) -> int:
    from yogo.formats.conversion import convert
    from yogo.formats.report import conversion_data, conversion_lines

    request = request_of(args)
    with progress_line(sys.stderr) as tell:
        found = convert(request, tell)
    if args.json:
        must_arrive()
        print(json.dumps(conversion_data(found, request), indent=2))
    else:
        print("\n".join(printable(line) for line in conversion_lines(found, request)))
    return 0
