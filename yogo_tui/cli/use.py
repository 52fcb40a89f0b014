"""`yogo-tui test`, `infer` and `export`: use what a run has trained, in a job."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.launch.use import Purpose, Used
    from yogo_tui.session import Session

_COMMANDS = {
    "test": "test a run's best.pth on a definition's test images, in a job",
    "infer": "look for cells in images with a run's best.pth, in a job",
    "export": "export a run's best.pth to ONNX and OpenVINO, in a job",
}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    for name, what in _COMMANDS.items():
        parser = new_command(commands, name, what)
        parser.epilog = f"Options of `yogo {name}` may follow behind --, such as: -- --batch-size 8"
        parser.add_argument("name", metavar="RUN", help="the run's name or folder")
        if name == "test":
            parser.add_argument("source", nargs="?", metavar="DEFINITION", help="what to test on (what it trained on)")
        if name == "infer":
            parser.add_argument("source", metavar="IMAGES", help="a folder of images, one image, or a zarr store")
        parser.add_argument(
            "--size", metavar="GPUS", help="the size, by its GPUs or its name (1, or the first there is)"
        )
        add_json(parser)
        further = f"further words for `yogo {name}`"
        parser.add_argument("options", nargs="*", default=[], metavar="-- OPTION", help=further)
        parser.set_defaults(run=run, source=None, purpose=name)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo_tui.cli.output import print_json
        from yogo_tui.cli.planning import definition_of, size_of
        from yogo_tui.launch.use import Purpose

        found = await session.find(args.name)
        source: Path | None = Path(args.source).expanduser().absolute() if args.source else None
        if args.purpose == "test" and args.source:
            source = definition_of(session.settings, args.source)
        if not _takes(Purpose(args.purpose), args.options):
            return 2
        used = await session.use(
            found,
            Purpose(args.purpose),
            source=PurePosixPath(source) if source else None,
            size=size_of(session.settings, args.size),
            options=args.options,
        )
        if args.json:
            print_json([{"name": used.use.name, "folder": used.folder, "job": used.job_id, "notice": used.notice}])
        else:
            _say(used)
        return 0 if used.job_id else 1

    return in_session(args, act)


def _takes(purpose: Purpose, options: Sequence[str]) -> bool:
    """Whether `yogo` takes these options: a wrong one is told now, and not by a job that has waited for its turn."""
    from yogo.cli import parser

    words = {"test": ["x.pth", "x.yml"], "infer": ["x.pth", "--path-to-images", "x"], "export": ["x.pth"]}[purpose]
    try:
        parser().parse_args([purpose, *words, *options])
    except SystemExit as stopped:
        return not stopped.code
    return True


def _say(used: Used) -> None:
    from yogo.terminal import printable

    if used.notice:
        print(printable(f"! {used.notice}"), file=sys.stderr)
    else:
        print(printable(f"{used.use.name} is job {used.job_id}; what it makes will be {used.use.makes(used.folder)}"))
        print(f"Its log: yogo-tui logs -f {used.job_id}")
