"""`yogo-tui results`: what a run's best.pth finds and misses."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import RUN_HELP, Commands, add_json, count, in_session, new_command
from yogo_tui.errors import LaunchError

if TYPE_CHECKING:
    from yogo_tui.questions.results import ResultSet
    from yogo_tui.session import Session


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "results",
        "show what a run's best.pth finds and misses",
        "The confusion matrix, figures by class with their intervals, what one kind of error costs, and the "
        "images with the most wrong boxes: of the validation images, "
        "of the test images, and of each test that followed. Where a definition has roles, or an assay was made: "
        "false positives and the limit of detection by threshold, sensitivities, and the estimate of each sample.",
    )
    parser.add_argument("name", metavar="RUN", help=RUN_HELP)
    parser.add_argument(
        "--only", type=count, metavar="N", help="Show only the results of this number, from 1. (default: all)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


@in_session
async def run(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json

    found = list(enumerate(await session.results.read(await session.runs.find(args.name)), start=1))
    if args.only is not None:
        if args.only > len(found):
            raise LaunchError(f"{args.name} has results 1 to {len(found)}: there is no {args.only}.")
        found = [found[args.only - 1]]
    if args.json:
        print_json([_json(number, one) for number, one in found])
    else:
        for number, one in found:
            _print(number, one)
    return 1 if any(one.problem for _, one in found) else 0


def _print(number: int, found: ResultSet) -> None:
    from yogo_tui.cli.output import print_table, terminal_width
    from yogo_tui.session.confusion import matrix_text
    from yogo_tui.session.result_views import result_views

    print(f"{number}. {printable(found.title)}: {printable(str(found.file))}")
    if found.problem:
        print(f"! {printable(found.problem)}")
        return
    if metrics := found.metrics:
        width = terminal_width()
        made = matrix_text(metrics, width and width - 2 * len(metrics.names))
        print_table(made.head, made.rows, right=made.head[1:])
        print()
        for view in result_views(metrics):
            print(f"{view.title}:")
            print_table(view.head, view.rows, right=view.head[1:])
            for note in view.notes:
                print(printable(note))
            print()
    if found.assay:
        from yogo.assay.views.report_lines import report_lines

        print("\n".join(report_lines(found.assay)), end="\n\n")
    if found.worst:
        head = ["worst image", "missed", "false", "of another class", "labels"]
        counts = [(one.image, one.missed, one.false, one.confused, one.num_labels) for one in found.worst]
        print_table(head, [list(map(str, row)) for row in counts], right=head[1:])
    print()


def _json(number: int, found: ResultSet) -> dict[str, Any]:
    from yogo_tui.session.mending import KINDS, mending_gains

    kinds = [name.replace(" ", "_") for name, _ in KINDS]
    gains = mending_gains(found.metrics) if found.metrics else ()
    return {
        "number": number,
        "title": found.title,
        "file": found.file,
        "problem": found.problem,
        "metrics": found.metrics.model_dump(mode="json", exclude={"curves", "assay"}) if found.metrics else None,
        "assay": found.assay.model_dump(mode="json") if found.assay else None,
        "f1_if_mended": [
            {"class": one.name, "f1": one.f1, **dict(zip(kinds, one.gains, strict=True))} for one in gains
        ],
        "worst_file": found.worst_file,
        "worst": [
            {
                "image": one.image,
                "missed": one.missed,
                "false": one.false,
                "confused": one.confused,
                "labels": one.num_labels,
                "predictions": one.num_predictions,
            }
            for one in found.worst
        ],
    }
