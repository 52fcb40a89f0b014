"""`yogo-tui test`, `assay`, `infer`, `export`, `rank`, `label` and `next`: use a run's best.pth in a job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from yogo.text.arguments import Parser
from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, count, in_session, new_command
from yogo_tui.cli.planning_options import DEFINITION_HELP, add_size

if TYPE_CHECKING:
    from yogo_tui.launch.purpose import Purpose
    from yogo_tui.launch.use import SubmittedUse
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session

_COMMANDS = {
    "test": (
        "submit a job that tests a run's best.pth on test images",
        "The figures are written to the run's folder, as best-test-DEFINITION.json.",
        "--batch-size 8",
    ),
    "assay": (
        "submit a job that tells what the counts of a run's best.pth are worth",
        "False positives, the limit of detection and sensitivities at each threshold of the class probability, and the "
        "estimate of each sample, with intervals. They are written to the run's folder, as "
        "best-assay-DEFINITION.json; `yogo-tui results RUN` shows them.",
        "--cells 200000",
    ),
    "infer": (
        "submit a job that finds cells in images with a run's best.pth",
        "The label files are written to a new folder below uses in the run's folder. The job's log has the counts. Of "
        "a file of samples, a row an image and a row a sample are written, with the targets per microlitre and their "
        "intervals.",
        "--draw-boxes",
    ),
    "export": (
        "submit a job for each run that exports its best.pth to ONNX and OpenVINO",
        "The files are written to a new folder below uses in the run's folder.",
        "--half",
    ),
    "rank": (
        "submit a job that ranks labels by how much a run's best.pth disagrees with them",
        "The ranking is written into a review folder; once the job is over, `yogo-tui review FOLDER` goes through it. "
        "No label is changed. A folder in which somebody has decided about labels is not ranked anew.",
        "--folds 5",
    ),
    "label": (
        "submit a job that labels images by a run's best.pth, for a person to correct",
        "It writes label files, a dataset definition of them, and order.csv, the images with the most errors to be "
        "expected first. The job's log says how many of them a person should look at.",
        "--error 0.05",
    ),
    "next": (
        "submit a job that chooses the images to label next, by a run's best.pth",
        "It chooses those on which the model is unsure, and that are unlike the labelled ones and each other. Links to "
        "them are written into a new folder; once the job is over, `yogo-tui chosen FOLDER` shows them, and why.",
        "--batch-size 8",
    ),
}
_PURPOSES = {"rank": "review"}
"""The `yogo` command of a command, where it has another name: `yogo-tui review` is the queue."""

_DEFINITIONS = {
    "test": "The dataset definition to test on",
    "assay": "The dataset definition whose test images to look at, or a file of samples",
    "rank": "The dataset definition whose labels to rank",
}
_OUTS = {
    "rank": "The review folder. (default: reviews/DEFINITION-RUN beside the definition, where d in Datasets lists it)",
    "label": "The folder to write. A label file that is there stays as it is, so a job that was stopped is gone on "
    "with by naming its folder again. (default: a new folder below uses in the run's folder)",
    "next": "A new folder, for the links and the reasons. (default: one below uses in the run's folder)",
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    for name, (what, where, example) in _COMMANDS.items():
        parser = new_command(commands, name, what, where)
        assert isinstance(parser, Parser)
        parser.rest, purpose = "options", _PURPOSES.get(name, name)
        parser.epilog = f"Options of `yogo {purpose}` can follow after --, such as: -- {example}"
        if name == "export":
            parser.add_argument("names", nargs="+", metavar="RUN", help=RUN_HELP)
        else:
            parser.add_argument("names", nargs=1, metavar="RUN", help=RUN_HELP)
        if name in _DEFINITIONS:
            definition = f"{_DEFINITIONS[name]}: {DEFINITION_HELP} (default: the one it was trained on)"
            parser.add_argument("source", nargs="?", metavar="DEFINITION", help=definition)
        if name == "infer":
            parser.add_argument(
                "source",
                metavar="IMAGES",
                help="A folder of images, one image, a zarr store, or a file of samples (.yml).",
            )
        if name in ("label", "next"):
            parser.add_argument("source", metavar="IMAGES", help="A folder of images.")
        if name == "next":
            _add_choice(parser)
        if name in _OUTS:
            parser.add_argument("--out", metavar="FOLDER", help=_OUTS[name])
        if name == "export":
            parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
        add_size(parser)
        add_json(parser)
        further = f"Options of `yogo {purpose}`, after --; `yogo {purpose} --help` lists them."
        parser.add_argument("options", nargs="*", default=[], metavar="-- OPTION", help=further)
        parser.set_defaults(run=run, source=None, purpose=purpose)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    labelled = (
        f"The dataset definition of the images that are labelled already: {DEFINITION_HELP} An empty one, '', says "
        "that none is. (default: the one that the run was trained on)"
    )
    parser.add_argument("--labelled", metavar="DEFINITION", help=labelled)
    parser.add_argument("-n", "--number", type=count, metavar="N", help="How many images to choose. (default: 30)")


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    if args.purpose == "export":
        return await _export(session, args)
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of, size_of
    from yogo_tui.cli.submitting import patiently
    from yogo_tui.launch.purpose import OF_A_DEFINITION, Purpose

    found = await session.runs.find(args.names[0])
    source: PurePosixPath | None = None
    purpose, out = Purpose(args.purpose), getattr(args, "out", None)
    if args.source and purpose in OF_A_DEFINITION:
        # An assay looks into it itself: it may be a file of samples, which no training takes.
        is_checked = purpose is not Purpose.ASSAY
        source = PurePosixPath(await definition_of(session.library, args.source, check=is_checked))
    elif args.source:
        source = await session.uses.source(purpose, args.source)
    if purpose is Purpose.NEXT:
        args.options = [*await _choice(session, found, args), *args.options]
    if not _takes(purpose, args.options):
        return 2
    using = session.jobs.use(
        found,
        purpose,
        source=source,
        size=size_of(session.settings, args.size),
        options=args.options,
        out=await session.uses.place(out) if out else None,
    )
    used = await patiently(using, f"{found.name}-{purpose}", session.host, found.path, look="jobs")
    if args.json:
        print_json([_told(used)])
    else:
        _say(used)
    return 0 if used.job_id else 1


async def _choice(session: Session, found: Run, args: argparse.Namespace) -> list[str]:
    """The options of `yogo next` that this command has too."""
    from yogo_tui.cli.planning import definition_of

    labelled = args.labelled if args.labelled is not None else found.definition or ""
    words = ["--labelled", str(await definition_of(session.library, labelled))] if labelled else []
    return [*words, *(["--number", str(args.number)] if args.number else [])]


async def _export(session: Session, args: argparse.Namespace) -> int:
    """Export the best.pth of each run. Of several it is asked first."""
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.cli.planning import size_of
    from yogo_tui.cli.submitting import patiently
    from yogo_tui.launch.machine import size_words
    from yogo_tui.launch.purpose import Purpose
    from yogo_tui.launch.use import what_export_does

    options = args.options
    if not _takes(Purpose.EXPORT, options):
        return 2
    found = await session.runs.find_all(list(dict.fromkeys(args.names)))
    runs = list({run.key: run for run in found}.values())
    size = size_of(session.settings, args.size)
    if len(runs) > 1:
        said = what_export_does([run.name for run in runs], options, size_words(size, session.machine))
        if not confirm(" ".join(said), yes=args.yes):
            return 1
    submitted: list[SubmittedUse] = []
    refused: list[str] = []
    for run in runs:
        using = session.jobs.export([run], size=size, options=options)
        done, wrong = await patiently(using, f"{run.name}-export", session.host, run.path, look="jobs")
        submitted, refused = [*submitted, *done], [*refused, *wrong]
    for sentence in refused:
        print(printable(f"yogo-tui: {sentence}"), file=sys.stderr)
    if args.json:
        print_json([_told(used) for used in submitted])
    else:
        for used in submitted:
            _say(used)
    return 0 if not refused and all(used.job_id for used in submitted) else 1


def _told(used: SubmittedUse) -> dict[str, object]:
    return {
        "name": used.use.name,
        "folder": used.folder,
        "job": used.job_id,
        "results": used.makes,
        "notice": used.notice,
    }


def _takes(purpose: Purpose, options: Sequence[str]) -> bool:
    """Whether `yogo` accepts these options; it prints what is wrong otherwise. A wrong option is refused here, before
    a job waits in the queue and then fails."""
    from yogo.cli import parser

    words = {"infer": ["--path-to-images", "x"], "export": [], "label": ["x", "x"], "next": ["x"]}.get(
        purpose, ["x.yml"]
    )
    try:
        given = parser().parse_args([purpose, "x.pth", *words, *options])
    except SystemExit as stopped:
        return not stopped.code
    if wrong := _fit_together(given) if purpose == "review" else "":
        print(printable(f"yogo review: {wrong}"), file=sys.stderr)
    return not wrong


def _fit_together(args: argparse.Namespace) -> str:
    """What is wrong with the options of a review together; empty if nothing is."""
    from yogo.cli.flags import given
    from yogo.review.request import ReviewRequest, misuse

    return misuse(ReviewRequest(**given(args, ReviewRequest)), given(args))


def _say(used: SubmittedUse) -> None:
    if used.notice:
        print(printable(f"! {used.notice}"), file=sys.stderr)
    else:
        print(printable(f"{used.use.name} is job {used.job_id}; its results will be in {used.makes}"))
        print(f"Its log: {tui()} logs -f {used.job_id}")
        if used.next:
            print(printable(f"Once it is over: {used.next}"))
