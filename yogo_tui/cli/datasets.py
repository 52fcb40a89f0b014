"""`yogo-tui datasets`: the dataset definitions there are, and what one amounts to."""

from __future__ import annotations

import argparse
import sys

from yogo.terminal import printable, redraws
from yogo_tui.cli.options import Commands, add_json, new_command, settings_of


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(commands, "datasets", "list the dataset definitions, or count and check one")
    parser.add_argument("definition", nargs="?", metavar="FILE", help="the definition to count and check")
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    return _one(args) if args.definition else _all(args)


def _all(args: argparse.Namespace) -> int:
    from yogo.definition import check
    from yogo_tui.cli.output import print_json, terminal_width
    from yogo_tui.settings import definition_files
    from yogo_tui.widgets.words import cut_middle

    settings = settings_of(args)
    found = [(path, check(path)) for path, _ in definition_files(settings)]
    if args.json:
        read = "the files of the definitions, and the names in their folders"
        print_json(
            [{"path": path, "problems": [str(one) for one in problems], "read": read} for path, problems in found]
        )
        return 0
    columns = terminal_width()
    for path, problems in found:
        errors = [problem for problem in problems if problem.is_error]
        print(f"{'✖' if errors else '·'} {cut_middle(str(path), columns - 2) if columns else printable(str(path))}")
        for problem in problems:
            print(f"    {'✖' if problem.is_error else '!'} {printable(str(problem))}")
    if found:
        print("\nNo label and no picture was read: `yogo-tui datasets FILE` reads those of one.")
    else:
        folders = ", ".join(str(folder) for folder in settings.definition_folders)
        print(f"There are no dataset definitions in {printable(folders)}.", file=sys.stderr)
    return 0


def _one(args: argparse.Namespace) -> int:
    import dataclasses

    from yogo.data.cache import own_folder
    from yogo.data.checking import full_survey
    from yogo.definition.report import report
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of

    path = definition_of(settings_of(args), args.definition, check=False)
    shows = redraws(sys.stderr)
    found = full_survey(path, memory=own_folder(), progress=_say if shows else None)
    if shows:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        print_json({"path": path} | dataclasses.asdict(found))
    else:
        print("\n".join(printable(line) for line in report(found)))
    return 1 if found.has_errors else 0


def _say(what: str, done: int, total: int) -> None:
    of = f" of {total:,}" if total else ""
    print(f"\r{what} · {done:,}{of}\x1b[K", end="", file=sys.stderr, flush=True)
