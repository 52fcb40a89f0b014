"""`yogo synth`: synthetic frames with exact labels, and definitions to train on them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yogo.cli.flags import add_knobs, given
from yogo.distribution import installing
from yogo.errors import YogoError
from yogo.synth.plan import SlidesPlan, SynthPlan
from yogo.text.terminal import printable, redraws


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "synth",
        help="make synthetic images with exact labels",
        description="Make synthetic grey images of cells with exact labels, and definitions to pre-train and "
        "fine-tune on. The same seed makes the same images on every machine. With --samples they are slides of known "
        "parasitemia: the definitions have roles and samples, one tests a titration, and samples.yml lists it.",
    )
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="The folder to write. One that this command made before is replaced."
    )
    add_knobs(parser, SynthPlan)
    add_knobs(parser, SlidesPlan)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    pictures, slides = given(args, SynthPlan), given(args, SlidesPlan)
    if "samples" in slides:
        if "pictures" in pictures:
            raise YogoError("--pictures does not go with --samples: --frames says how many images a slide has")
        if pictures.get("classes", 7) < 2:
            raise YogoError("--samples needs --classes 2 or more: the first class is healthy, the next are looked for")
    elif slides:
        raise YogoError(f"--{next(iter(slides)).replace('_', '-')} is about slides: give --samples too")
    plan, progress = SynthPlan(**pictures), _show if redraws(sys.stderr) else None
    try:
        from yogo.synth.dataset import make_dataset
        from yogo.synth.slides import make_slides
    except ImportError as error:
        raise YogoError(f"yogo synth needs {error.name}, which is not installed: {installing('train')}") from error
    if slides:
        make_slides(args.out, plan, SlidesPlan(**slides), progress)
    else:
        make_dataset(args.out, plan, progress)
    _tell(args.out, is_slides=bool(slides))
    return 0


def _tell(out: Path, *, is_slides: bool) -> None:
    definitions = out / "dataset_defs"
    print(f"Made {printable(str(out))}. Pre-train on, then fine-tune on:")
    for kind in ("pre-training", "fine-tuning"):
        print(f"  {printable(str(definitions / kind / 'synthetic.yml'))}")
    if is_slides:
        print("Slides of known parasitemia, with labels and without:")
        for path in (definitions / "titration" / "synthetic.yml", out / "samples.yml"):
            print(f"  {printable(str(path))}")


def _show(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\rmaking images · {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)
