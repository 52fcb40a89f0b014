"""`yogo-tui jobs`: list the user's jobs as the scheduler describes them, whether or not they belong to runs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_listing, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.cluster.base import Job
    from yogo_tui.session import Session

_HEAD = ("job", "name", "state", "gpus", "nodes", "submitted", "after", "reason")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "jobs",
        "list your jobs in the queue, and those that have just left it",
        "Jobs that are not runs of this program are listed too.",
    )
    add_listing(parser, "jobs whose id, name or state")
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    import asyncio

    from yogo_tui.cli.output import job_json, print_json, print_table
    from yogo_tui.hosts.clock import time_there
    from yogo_tui.words import since

    words = [word.lower() for word in args.words]
    listed, at = await asyncio.gather(session.runs.jobs(), time_there(session.host))
    jobs = [job for job in listed if all(word in _told(job) for word in words)]
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
            since(job.submitted_at, at),
            ",".join(job.after),
            job.reason_words,
        ]
        for job in jobs
    ]
    print_table(_HEAD, rows, right=("gpus", "submitted"))
    return 0


def _told(job: Job) -> str:
    return f"{job.id} {job.name} {job.word} {job.state}".lower()
