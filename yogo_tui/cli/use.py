"""`yogo-tui test`, `infer` and `export`: use a run's best.pth in a job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
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
        "submit a job that exports a run's best.pth to ONNX and OpenVINO",
        "The files are written to a new folder below uses in the run's folder.",
        "--half",
    ),
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    for name, (what, where, example) in _COMMANDS.items():
        parser = new_command(commands, name, what, where)
        parser.epilog = f"Options of `yogo {name}` can follow after --, such as: -- {example}"
        parser.add_argument("name", metavar="RUN", help=RUN_HELP)
        if name == "test":
            definition = f"The dataset definition to test on: {DEFINITION_HELP} (default: the one it was trained on)"
            parser.add_argument("source", nargs="?", metavar="DEFINITION", help=definition)
        if name == "infer":
            parser.add_argument("source", metavar="IMAGES", help="A folder of images, one image, or a zarr store.")
        add_size(parser)
        add_json(parser)
        further = f"Options of `yogo {name}`, after --; `yogo {name} --help` lists them."
        parser.add_argument("options", nargs="*", default=[], metavar="-- OPTION", help=further)
        parser.set_defaults(run=run, source=None, purpose=name)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    if args.purpose == "test" and str(args.source or "").startswith("-"):  # no definition, but an option after --
        args.source, args.options = None, [args.source, *args.options]
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of, size_of
    from yogo_tui.cli.submitting import patiently
    from yogo_tui.launch.purpose import Purpose
    from yogo_tui.questions.paths import FindPath

    found = await session.runs.find(args.name)
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
        print_json([{"name": used.use.name, "folder": used.folder, "job": used.job_id, "notice": used.notice}])
    else:
        _say(used)
    return 0 if used.job_id else 1


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
        print(f"Its log: yogo-tui logs -f {used.job_id}")
