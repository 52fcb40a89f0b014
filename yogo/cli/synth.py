"""`yogo synth`: made-up frames with exact labels, and definitions to train on them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yogo.distribution import installing
from yogo.errors import YogoError
from yogo.terminal import printable, redraws


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "synth",
        help="make synthetic frames with exact labels",
        description="Make grey frames with cells, their exact labels, and definitions to pre-train and fine-tune on. "
        "The same seed makes the same pictures on every machine.",
        allow_abbrev=False,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write; one made before is replaced")
    parser.add_argument(
        "--pictures",
        type=_count,
        default=24,
        help="to pre-train on; half as many more to fine-tune on, a quarter to test on (24)",
    )
    parser.add_argument(
        "--image-hw", type=_side, nargs=2, metavar=("H", "W"), default=(772, 1032), help="size of the frames (772 1032)"
    )
    parser.add_argument("--cells", type=_count, default=40, help="cells on a frame, on average (40)")
    parser.add_argument("--seed", type=_seed, default=0, help="another seed makes other pictures (0)")
    parser.add_argument("--classes", type=int, choices=range(1, 8), default=7, help="how many kinds of cells (7)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from yogo.synth.dataset import Plan, make_dataset
    except ImportError as error:
        raise YogoError(f"yogo synth needs {error.name}, which is not installed: {installing('train')}") from error
    plan = Plan(args.pictures, tuple(args.image_hw), args.cells, args.seed, args.classes)
    make_dataset(args.out, plan, _show if redraws(sys.stderr) else None)
    print(f"Made {printable(str(args.out))}. Pre-train on, then fine-tune on:")
    for kind in ("pre-training", "fine-tuning"):
        print(f"  {printable(str(args.out / 'dataset_defs' / kind / 'synthetic.yml'))}")
    return 0


def _show(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\rmaking pictures · {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


def _whole(text: str, smallest: int, largest: int) -> int:
    if not text.isdecimal() or not smallest <= int(text) <= largest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {smallest:,} to {largest:,}")
    return int(text)


def _count(text: str) -> int:
    return _whole(text, 1, 1_000_000)


def _side(text: str) -> int:
    return _whole(text, 32, 16_384)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**63 - 1)
