"""`yogo synth`: synthetic frames with exact labels, and definitions to train on them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yogo.cli.flags import add_knobs, given
from yogo.distribution import installing
from yogo.errors import YogoError
from yogo.synth.plan import SynthPlan
from yogo.text.terminal import printable, redraws


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "synth",
        help="make synthetic images with exact labels",
        description="Make synthetic grey images of cells with exact labels, and definitions to pre-train and "
        "fine-tune on. The same seed makes the same images on every machine.",
    )
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="The folder to write. One that this command made before is replaced."
    )
    add_knobs(parser, SynthPlan)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        from yogo.synth.dataset import make_dataset
    except ImportError as error:
        raise YogoError(f"yogo synth needs {error.name}, which is not installed: {installing('train')}") from error
    make_dataset(args.out, SynthPlan(**given(args, SynthPlan)), _show if redraws(sys.stderr) else None)
    print(f"Made {printable(str(args.out))}. Pre-train on, then fine-tune on:")
    for kind in ("pre-training", "fine-tuning"):
        print(f"  {printable(str(args.out / 'dataset_defs' / kind / 'synthetic.yml'))}")
    return 0


def _show(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\rmaking images · {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)
