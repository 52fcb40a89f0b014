"""`yogo-tui sync`: show which runs are at W&B, and upload those that were logged without a connection."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import linked, printable
from yogo_tui.cli.options import RUN_HELP, Commands, Misuse, add_json, in_session, new_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yogo_tui.questions.wandb import WandbUpload
    from yogo_tui.runs.model import Run
    from yogo_tui.session import Session
    from yogo_tui.session.wandb import RunAtWandb


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "sync",
        "show which runs are at W&B, and upload those that were logged offline",
        "A run that was logged offline is uploaded by `wandb sync`, on the machine where the runs are, with the login "
        "there. Without a RUN or --all, the runs that were logged to W&B are listed, each with its address. "
        "Exit status 1: not all were uploaded.",
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--all", action="store_true", help="Upload all runs that are over and not uploaded.")
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.session.wandb import has_logged

    if args.all and args.runs:
        raise Misuse("--all uploads all runs: name no run with it.")
    if args.runs:
        return await _upload(session, await session.runs.find_all(args.runs), yes=args.yes, as_json=args.json)
    seen = (await session.runs.look()).runs
    if args.all:
        found = [one.run for one in await session.wandb.look(seen) if one.is_waiting]
        return await _upload(session, found, yes=args.yes, as_json=args.json)
    return _list(await session.wandb.look([one for one in seen if has_logged(one)]), as_json=args.json)


def _list(found: Sequence[RunAtWandb], *, as_json: bool) -> int:
    from yogo_tui.cli.output import print_json

    if as_json:
        print_json([_json(one) for one in found])
    for one in found if not as_json else ():
        words = linked(one.url, sys.stdout) if one.words == one.url else printable(one.words)
        print(f"{printable(one.run.name)}: {words}")
    if not found:
        print("No run was logged to W&B.", file=sys.stderr)
    return 0


def _json(one: RunAtWandb) -> dict[str, object]:
    parts = one.parts
    return {"name": one.run.name, "path": one.run.path, "url": one.url or None} | {
        "parts": parts.num_parts,
        "not_uploaded": parts.num_waiting,
    }


async def _upload(session: Session, runs: Sequence[Run], *, yes: bool, as_json: bool) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.wandb import UploadOutcome
    from yogo_tui.session.wandb import told_of, what_it_does

    waiting = await session.wandb.waiting(runs)
    if not confirm(what_it_does(waiting), yes=yes):
        return 1
    results: list[tuple[Run, WandbUpload]] = []
    for number, one in enumerate(waiting, 1):
        print(printable(f"uploading {one.run.name} ({number} of {len(waiting)}) …"), file=sys.stderr, flush=True)
        with live("  ") as tell:
            results.append((one.run, await session.wandb.upload(one.run, tell)))
        if not as_json:
            run, upload = results[-1]
            address = f" {linked(upload.url, sys.stdout)}" if upload.url else ""
            print(f"{printable(told_of(run, upload))}{address}", flush=True)
    if as_json:
        print_json(
            [
                {"name": run.name, "outcome": upload.outcome, "reason": upload.reason, "url": upload.url or None}
                for run, upload in results
            ]
        )
    return int(any(upload.outcome is not UploadOutcome.UPLOADED for _, upload in results))
