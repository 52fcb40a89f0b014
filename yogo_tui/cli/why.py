"""`yogo-tui why`: say why a run waits, failed or is silent, and what one can do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.runs.why import Why
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.runs.silence import RULES

    parser = new_command(
        commands,
        "why",
        "say why a run waits, failed or is silent, and what one can do",
        "Of a run that failed, the error that ended it is looked for in its receipt and in the end of its log. Of one "
        f"that is over, it is said what it used of what it asked for, and what to ask for next time. {RULES}",
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.words import state_words

    found = await session.jobs.why(await session.runs.find(args.name))
    if args.json:
        print_json(why_json(found))
        return 0
    print(printable(f"{found.run.name} {state_words(found.run)}"))
    for title, words in found.lines():
        print(printable(f"{title:<9}  {words}"))
    return 0


def why_json(why: Why) -> dict[str, Any]:
    fault, job = why.fault, why.run.job
    return {
        "name": why.run.name,
        "state": why.run.state,
        "why": why.run.why,
        "reason": job.reason if job else "",
        "may_start_at": why.may_start_at.isoformat() if why.may_start_at else None,
        "error": {"said": fault.said, "words": fault.words, "where": fault.where} if fault else None,
        "lack": fault.lack if fault else None,
        "next": why.next_step,
        "log": why.log,
        "doubts": list(why.run.doubts),
        "used": list(why.used),
        "next_time": list(why.next_time),
    }
