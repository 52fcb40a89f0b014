"""`yogo-tui labels convert`: labels of other programs, there and back, on the machine where they lie."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from yogo.cli.labels import WHAT, add_arguments, request_of
from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.session.library import Library


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "labels",
        "convert labels of other programs",
        "What `yogo labels` does, on the machine where the labels lie.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, help="What to do with labels.")
    convert = new_command(actions, "convert", "convert labels from one format to another", WHAT)
    add_arguments(convert)
    add_json(convert)
    convert.set_defaults(run=run)


@in_library
async def run(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.formats import ConvertLabels

    with live() as tell:
        found = await library.host.ask(ConvertLabels(request_of(args), library.settings.start), tell=tell)
    if args.json:
        print_json(found.data)
    else:
        print("\n".join(map(printable, found.lines)))
    return 0
