"""`yogo-tui jobs`: the user's jobs, as the scheduler describes them, runs or not."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo_tui.cli.options import Commands, add_json, count, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.cluster.base import Job
    from yogo_tui.session import Session

_HEAD = ("job", "name", "state", "gpus", "nodes", "submitted", "after", "reason")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "jobs", "list the jobs in the queue, and those that have just left it")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only jobs that have these in id, name or state")
    parser.add_argument("-n", "--num", type=count, metavar="N", help="only the N latest")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    async def act(session: Session) -> int:
        from yogo.terminal import printable
        from yogo_tui.cli.output import job_json, print_json, print_table
        from yogo_tui.widgets.words import since

        words = [word.lower() for word in args.words]
        jobs = [job for job in await session.jobs() if all(word in _told(job) for word in words)]
        jobs = jobs[-args.num :] if args.num else jobs
        if args.json:
            print_json([job_json(job) for job in jobs])
            return 0
        if not jobs:
            print(
                f"There are no {'such ' if args.words else ''}jobs on {printable(session.cluster.name)}.",
                file=sys.stderr,
            )
            return 0
        rows = [
            [
                job.id,
                job.name,
                job.word or job.state,
                str(job.num_gpus),
                job.nodes,
                since(job.submitted_at),
                ",".join(job.after),
                job.reason,
            ]
            for job in jobs
        ]
        print_table(_HEAD, rows, right=("gpus", "submitted"))
        return 0

    return in_session(args, act)


def _told(job: Job) -> str:
    return f"{job.id} {job.name} {job.word} {job.state}".lower()
