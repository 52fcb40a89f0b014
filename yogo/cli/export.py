"""`yogo export`: a checkpoint as ONNX and OpenVINO files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yogo.terminal import printable

_SWITCH = argparse.BooleanOptionalAction


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="write a checkpoint as ONNX and OpenVINO files",
        description="Write a checkpoint as ONNX and OpenVINO files, normalisation and softmax inside. They are "
        "compared with the checkpoint first; where they answer otherwise, nothing is written.",
        allow_abbrev=False,
    )
    parser.add_argument("pth", metavar="PTH", type=Path, help="the checkpoint")
    parser.add_argument(
        "--output-filename", type=Path, metavar="FILE", help="the ONNX file (default: beside PTH, as NAME.onnx)"
    )
    parser.add_argument("--crop-height", type=float, metavar="FRACTION", help="expect frames of this share of the rows")
    parser.add_argument(
        "--simplify", action=_SWITCH, default=True, help="fold and merge the graph's nodes (default: yes)"
    )
    parser.add_argument("--dynamic-batch", action=_SWITCH, default=False, help="take any number of frames at a time")
    parser.add_argument("--openvino", action=_SWITCH, default=True, help="write an OpenVINO IR too (default: yes)")
    parser.add_argument("--half", action=_SWITCH, default=False, help="keep the IR's weights in 16 bits")
    parser.add_argument(
        "--overwrite", action=_SWITCH, default=False, help="replace files that no export made (default: refuse)"
    )
    frames = parser.add_mutually_exclusive_group()
    frames.add_argument("--pictures", type=Path, metavar="P", help="compare on these pictures (default: the run's own)")
    frames.add_argument(
        "--data", type=Path, metavar="DEFINITION", help="compare on this definition's pictures, and compare mAP too"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.export import ExportRequest, export

    request = ExportRequest(
        pth=args.pth,
        output=args.output_filename,
        crop_height=args.crop_height,
        simplify=args.simplify,
        dynamic_batch=args.dynamic_batch,
        openvino=args.openvino,
        half=args.half,
        pictures=args.pictures,
        data=args.data,
        overwrite=args.overwrite,
    )
    exported, notices = export(request)
    for notice in notices:
        print(f"note: {printable(notice)}", file=sys.stderr)
    for one in exported:
        print(f"{printable(str(one.path))}: {one.detail}; differs from torch by at most {one.difference:.1e}")
    return 0
