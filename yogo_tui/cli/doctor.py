"""`yogo-tui doctor`: check that all works here, a line each, with what to do."""

from __future__ import annotations

import argparse
import contextlib
import sys
import textwrap
from typing import TYPE_CHECKING

from yogo.text.terminal import printable, redraws
from yogo_tui.cli.options import Commands, add_json, new_command, with_session

if TYPE_CHECKING:
    from yogo_tui.doctor.finding import Finding
    from yogo_tui.doctor.probe import JobProbe
    from yogo_tui.session import Session
    from yogo_tui.settings import Settings

_WIDTH = 12


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "doctor",
        "check that all works here: a line for each thing, with what to do",
        "✔ works, ✖ does not, ! works but there is something to know, – is not known or not there. That is the "
        "terminal, the machine, the settings, the cluster with its accounts and limits, job scripts, the trainer, W&B, "
        "and the folders that are written to. Exit status: 1 if there is a ✖.",
    )
    parser.add_argument(
        "--job",
        action="store_true",
        help="Also submit a tiny job, which says what training would find where the jobs run: yogo, torch, GPUs, and "
        "whether its files are seen here. It asks first. ctrl+c cancels the job.",
    )
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    parser.add_argument(
        "--info",
        action="store_true",
        help="Check nothing: print versions and settings for a bug report. Passwords and keys are left out, and the "
        "home folder is shown as ~.",
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    """Settings that cannot be used, and a machine that does not answer, are findings too."""
    from yogo_tui.cli.output import print_json
    from yogo_tui.doctor.finding import bad
    from yogo_tui.errors import HostError, SettingsError

    if args.info:
        return with_session(_info, args, is_told=False)
    try:
        return with_session(_doctor, args, is_told=False)
    except (SettingsError, HostError) as error:
        found = bad("settings" if isinstance(error, SettingsError) else "machine", str(error))
        _say(found, args)
        if args.json:
            print_json([found.json])
        return 1


async def _info(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.doctor.console_checks import TerminalFacts
    from yogo_tui.doctor.info import info_of

    text = await info_of(session, TerminalFacts.here())
    if args.json:
        print_json({"info": text})
    else:
        print("\n".join(printable(line) for line in text.splitlines()))
    return 0


async def _doctor(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.doctor.console_checks import TerminalFacts
    from yogo_tui.doctor.examination import Examination
    from yogo_tui.doctor.finding import Sign
    from yogo_tui.doctor.probe import JobProbe

    probe = JobProbe(session) if args.job else None
    if probe and not confirm(probe.question, yes=args.yes):
        return 1
    found: list[Finding] = []
    async with contextlib.aclosing(
        Examination(session, TerminalFacts.here(), _check_keys, with_job=args.job).findings()
    ) as findings:
        async for one in findings:
            found.append(one)
            _say(one, args)
    for one in await _of_job(probe) if probe else ():
        found.append(one)
        _say(one, args)
    if args.json:
        print_json([one.json for one in found])
    return int(any(one.sign is Sign.BAD for one in found))


def _check_keys(settings: Settings) -> None:
    if settings.keymap:  # the console need not be installed where none are given
        from yogo_tui.app import Console
        from yogo_tui.screens.keymap import keymap

        keymap(settings, Console)


async def _of_job(probe: JobProbe) -> tuple[Finding, ...]:
    from yogo_tui.doctor.finding import bad
    from yogo_tui.errors import ConsoleError

    is_shown = redraws(sys.stderr)

    def tell(what: str, done: int, total: int) -> None:
        if is_shown:
            print(f"\r{printable(what)}\x1b[K", end="", file=sys.stderr, flush=True)

    try:
        return await probe.findings(tell)
    except ConsoleError as error:
        return (bad("in a job", str(error)),)
    finally:
        if is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _say(one: Finding, args: argparse.Namespace) -> None:
    """Print the line; on a terminal it goes on below its own words."""
    from yogo_tui.cli.output import terminal_width

    if args.json:
        return
    room = (terminal_width() or 0) - _WIDTH - 3
    below = "\n" + " " * (_WIDTH + 3)
    words = textwrap.wrap(one.words, room, break_on_hyphens=False) if room > _WIDTH else [one.words]
    print(f"{one.sign} {printable(one.about):<{_WIDTH}} {below.join(words)}", flush=True)
