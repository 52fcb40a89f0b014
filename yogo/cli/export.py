"""`yogo export`: a checkpoint as ONNX and OpenVINO files."""

from __future__ import annotations

import argparse
import sys

from yogo.cli.flags import add_knobs, given
from yogo.export.request import ExportRequest
from yogo.text.terminal import printable


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="write a checkpoint as ONNX and OpenVINO files",
        description="Write a checkpoint as ONNX and OpenVINO files, which include normalisation and softmax. Their "
        "outputs are compared with the checkpoint's first; if they differ, nothing is written.",
    )
    add_knobs(parser, ExportRequest, one_of=("pictures", "data"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from yogo.export.exporting import export

    exported, notices = export(ExportRequest(**given(args, ExportRequest)))
    for notice in notices:
        print(f"note: {printable(notice)}", file=sys.stderr)
    for one in exported:
        print(f"{printable(str(one.path))}: {one.detail}; differs from torch by at most {one.difference:.1e}")
    return 0
