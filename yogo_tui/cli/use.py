"""`yogo-tui test`, `infer` and `export`: use a run's best.pth in a job."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command
from yogo_tui.cli.planning_options import DEFINITION_HELP, add_size

if TYPE_CHECKING:
    from yogo_tui.launch.purpose import Purpose
    from yogo_tui.launch.use import SubmittedUse
    from yogo_tui.session import Session

_COMMANDS = {
    "test": (
        "submit a job that tests a run's best.pth on test images",
        "The figures are written to the run's folder, as best-test-DEFINITION.json.",
        "--batch-size 8",
    ),
    "infer": (
        "submit a job that finds cells in images with a run's best.pth",
        "The label files are written to a new folder below uses in the run's folder. The job's log has the counts.",
        "--draw-boxes",
    ),
    "export": (
        "submit a job for each run that exports its best.pth to ONNX and OpenVINO",
        "The files are written to a new folder below uses in the run's folder.",
        "--half",
    ),
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    for name, (what, where, example) in _COMMANDS.items():
        parser = new_command(commands, name, what, where)
        parser.epilog = f"Options of `yogo {name}` can follow after --, such as: -- {example}"
        if name == "export":
            parser.add_argument("names", nargs="+", action=_Names, metavar="RUN", help=RUN_HELP)
        else:
            parser.add_argument("names", nargs=1, metavar="RUN", help=RUN_HELP)
        if name == "test":
            definition = f"The dataset definition to test on: {DEFINITION_HELP} (default: the one it was trained on)"
            parser.add_argument("source", nargs="?", metavar="DEFINITION", help=definition)
        if name == "infer":
            parser.add_argument("source", metavar="IMAGES", help="A folder of images, one image, or a zarr store.")
        if name == "export":
            parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
        add_size(parser)
        add_json(parser)
        further = f"Options of `yogo {name}`, after --; `yogo {name} --help` lists them."
        default: Any = argparse.SUPPRESS if name == "export" else []
        parser.add_argument("options", nargs="*", default=default, metavar="-- OPTION", help=further)
        parser.set_defaults(run=run, source=None, purpose=name)


class _Names(argparse.Action):
    """Several runs take all words, those behind -- too: from the first one with a dash on they are options."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: Any, option_string: object = None
    ) -> None:
        names = list(itertools.takewhile(lambda word: not word.startswith("-"), values))
        if not names:
            raise argparse.ArgumentError(self, "the name of a run is expected before the options")
        namespace.names, namespace.options = names, values[len(names) :]


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    if args.purpose == "export":
        return await _export(session, args)
    if args.purpose == "test" and str(args.source or "").startswith("-"):  # no definition, but an option after --
        args.source, args.options = None, [args.source, *args.options]
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of, size_of
    from yogo_tui.cli.submitting import patiently
    from yogo_tui.launch.purpose import Purpose
    from yogo_tui.questions.paths import FindPath

    found = await session.runs.find(args.names[0])
    source: Path | None = None
    if args.source and args.purpose == "test":
        source = await definition_of(session.library, args.source)
    elif args.source:
        source = (await session.host.ask(FindPath(args.source, session.settings.start))).path
    if not _takes(Purpose(args.purpose), args.options):
        return 2
    using = session.jobs.use(
        found,
        purpose := Purpose(args.purpose),
        source=PurePosixPath(source) if source else None,
        size=size_of(session.settings, args.size),
        options=args.options,
    )
    used = await patiently(using, f"{found.name}-{purpose}", session.host, found.path, look="jobs")
    if args.json:
        print_json([_told(used)])
    else:
        _say(used)
    return 0 if used.job_id else 1


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
    return {"name": used.use.name, "folder": used.folder, "job": used.job_id, "notice": used.notice}


def _takes(purpose: Purpose, options: Sequence[str]) -> bool:
    """Whether `yogo` accepts these options; it prints what is wrong otherwise. A wrong option is refused here, before
    a job waits in the queue and then fails."""
    from yogo.cli import parser

    words = {"test": ["x.pth", "x.yml"], "infer": ["x.pth", "--path-to-images", "x"], "export": ["x.pth"]}[purpose]
    try:
        parser().parse_args([purpose, *words, *options])
    except SystemExit as stopped:
        return not stopped.code
    return True


def _say(used: SubmittedUse) -> None:
    if used.notice:
        print(printable(f"! {used.notice}"), file=sys.stderr)
    else:
        print(printable(f"{used.use.name} is job {used.job_id}; its results will be in {used.use.makes(used.folder)}"))
        print(f"Its log: {tui()} logs -f {used.job_id}")
