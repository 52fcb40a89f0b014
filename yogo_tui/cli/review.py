"""`yogo-tui review`: decide about the labels that a model doubts, and write them out as reviewed."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.cli.options import Commands, Misuse, add_json, count, in_library, new_command

if TYPE_CHECKING:
    from yogo_tui.questions.reviews import DecisionOutcome, SuspectRow
    from yogo_tui.session.library import Library
    from yogo_tui.session.reviews import Reviews

KINDS = ("overlooked", "badly_placed", "wrong_class", "twice")
STATES = ("undecided", "decided", "skipped", "contested", "beyond_doubt")
_AT_A_TIME = 1_000

_FOLDER = "The review folder that yogo review has made, or its name in the workspace's folder reviews."
_AS = "Decide under this name. (default: your login name where the folder lies)"


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "review",
        "go through the labels that a model doubts, decide about each, and write them out as reviewed",
        "Without an option or an action, the console opens on the queue. Decisions are kept in the folder, a file for "
        "each reviewer, so that two can review at once; the labels that were reviewed stay as they are.",
    )
    parser.add_argument("folder", metavar="FOLDER", help=_FOLDER)
    parser.add_argument("--as", dest="reviewer", default="", metavar="NAME", help=_AS)
    parser.add_argument("--show", action="store_true", help="List the suspects, with what was decided about each.")
    parser.add_argument("--kind", choices=KINDS, default="", help="Only suspects of this kind.")
    parser.add_argument(
        "--class", dest="class_name", default="", metavar="NAME", help="Only suspects labelled or predicted as this."
    )
    parser.add_argument("--state", choices=STATES, default="", help="Only suspects in this state.")
    parser.add_argument(
        "--write", metavar="OUT", help="Write the labels as reviewed, and a definition of them, into this new folder."
    )
    add_json(parser)
    parser.set_defaults(run=_run)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="What to do. (default: open the queue)")
    _add_decide(actions)
    _add_take(actions)
    _action(actions, "undo", "undo your last decision, or all that you took last", _undoing(is_redo=False))
    _action(actions, "redo", "redo what you have undone last", _undoing(is_redo=True))


def _add_decide(actions: Commands[argparse.ArgumentParser]) -> None:
    decide = _action(
        actions,
        "decide",
        "decide about one suspect",
        _decide,
        "VERB is keep, delete, class NAME, prediction (the label becomes what the model finds), box X Y WIDTH HEIGHT "
        "(its new place: centre and size in fractions of the image), add NAME X Y WIDTH HEIGHT (one more label on the "
        "image), or skip. The last decision about a label counts.",
    )
    decide.add_argument("rank", type=count, metavar="N", help="The suspect's number in the queue.")
    decide.add_argument("verb", metavar="VERB", help="What to do with its label.")
    decide.add_argument("values", nargs="*", metavar="VALUE", help="A class, or a box.")


def _add_take(actions: Commands[argparse.ArgumentParser]) -> None:
    take = _action(
        actions,
        "take",
        "take all proposals of the model that are beyond doubt",
        _take,
        "The model must be as sure as of the surer half of what is labelled as that class, and nothing may speak "
        "against it. Only suspects that nobody has decided or skipped are taken, and none on test images. They are "
        "your decisions, by this rule; undo undoes all at once. `--show --state beyond_doubt` lists them before.",
    )
    take.add_argument("--kind", choices=KINDS, default=argparse.SUPPRESS, help="Only suspects of this kind.")
    take.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")


Act = Callable[["Library", argparse.Namespace], Awaitable[int]]


def _action(
    actions: Commands[argparse.ArgumentParser], name: str, help: str, act: Act, *more: str
) -> argparse.ArgumentParser:
    parser = new_command(actions, name, help, *more)
    parser.add_argument("--as", dest="reviewer", default=argparse.SUPPRESS, metavar="NAME", help=_AS)
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="Print JSON, for programs.")
    parser.set_defaults(run=in_library(act))
    return parser


def _run(args: argparse.Namespace) -> int:
    if args.write:
        return in_library(_write)(args)
    if args.show or args.kind or args.class_name or args.state or args.json:
        from yogo.text.output import must_arrive

        must_arrive()
        is_listed = args.show or args.kind or args.class_name or args.state
        return in_library(_show if is_listed else _state)(args)
    return _open(args)


def _open(args: argparse.Namespace) -> int:
    """Open the console on the queue. Raises ConsoleError."""
    from yogo_tui.cli import console, why_no_console

    if why := why_no_console():
        raise Misuse(why)

    def screen() -> Any:
        from yogo_tui.screens.review import ReviewScreen

        return ReviewScreen(args.folder, reviewer=args.reviewer)

    return console.run(args, over=screen)


def _reviews(library: Library) -> Reviews:
    from yogo_tui.session.reviews import Reviews

    return Reviews(library.host, library.settings)


async def _state(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json

    reviews = _reviews(library)
    found = await reviews.read(await reviews.find(args.folder), args.reviewer)
    said = dataclasses.asdict(found)
    del said["ranks"]
    said["progress"]["left"] = found.progress.left
    said["sure"] = {name: one.model_dump() for name, one in found.sure.items()} if found.sure is not None else None
    print_json(said)
    return 0


async def _show(library: Library, args: argparse.Namespace) -> int:
    from yogo.review.queue import SuspectFilter
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.questions.reviews import DescribeSuspects
    from yogo_tui.session.reviews import progress_words

    reviews = _reviews(library)
    folder = await reviews.find(args.folder)
    wanted = SuspectFilter(args.kind, args.class_name, args.state)
    found = await reviews.read(folder, args.reviewer, wanted)
    if wanted.class_name and wanted.class_name not in found.classes:
        from yogo.text.wording import meant

        raise Misuse(f'There is no class "{wanted.class_name}". {meant(wanted.class_name, found.classes)}')
    rows: list[SuspectRow] = []
    for start in range(0, len(found.ranks), _AT_A_TIME):
        rows += await library.host.ask(DescribeSuspects(folder, wanted, start, start + _AT_A_TIME))
    if args.json:
        print_json([dataclasses.asdict(row) for row in rows])
        return 0
    head = ("no", "kind", "score", "image", "line", "label", "prediction", "decided", "by")
    print_table(head, [_cells(row) for row in rows], right=("no", "score", "line"))
    print(f"{len(rows):,} of {found.progress.num:,} · {progress_words(found.progress)}", file=sys.stderr)
    for note in found.progress.notes:
        print(f"! {printable(note)}", file=sys.stderr)
    return 0


def _cells(row: SuspectRow) -> tuple[str, ...]:
    from yogo_tui.words import share_words

    of = (row.kind.replace("_", " "), share_words(row.score, 2), row.image.name, str(row.line or ""))
    return (f"{row.rank:,}", *of, row.label, row.prediction, row.verb, row.reviewer)


async def _write(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.progress import live
    from yogo_tui.session.reviews import written_words

    reviews = _reviews(library)
    folder = await reviews.find(args.folder)
    with live() as tell:
        made = await reviews.write(folder, await reviews.place(args.write), tell)
    if args.json:
        print_json(dataclasses.asdict(made))
    else:
        print(printable(f"{written_words(made)}"))
        for why in made.left_out:
            print(printable(f"! {why}"))
    return 0


async def _decide(library: Library, args: argparse.Namespace) -> int:
    from yogo.review.journal import ReviewVerb
    from yogo.text.wording import meant

    if args.verb not in list(ReviewVerb):
        raise Misuse(f'There is no decision "{args.verb}". {meant(args.verb, list(ReviewVerb))}')
    verb = ReviewVerb(args.verb)
    class_name, box = _wanted(verb, args.values)
    reviews = _reviews(library)
    found = await reviews.read(await reviews.find(args.folder), args.reviewer)
    outcome = await reviews.decide(found, args.rank, verb, class_name=class_name, box=box)
    return _tell(outcome, args, f"{args.rank}: {verb}")


def _wanted(verb: str, values: list[str]) -> tuple[str, tuple[float, float, float, float] | None]:
    """The class and the box behind a verb. Raises Misuse."""
    takes_class, takes_box = verb in ("class", "add"), verb in ("box", "add")
    if len(values) != takes_class + 4 * takes_box:
        words = ["NAME"] * takes_class + ["X", "Y", "WIDTH", "HEIGHT"] * takes_box
        raise Misuse(f"It is {' '.join(['decide N', verb, *words])}.")
    try:
        numbers = [float(one) for one in values[takes_class:]]
    except ValueError:
        raise Misuse(
            "A box is four numbers: x and y of its centre, width and height, in fractions of the image."
        ) from None
    return values[0] if takes_class else "", (numbers[0], numbers[1], numbers[2], numbers[3]) if takes_box else None


async def _take(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm
    from yogo_tui.session.reviews import sure_words, why_nothing_is_sure, why_sure

    reviews = _reviews(library)
    found = await reviews.read(await reviews.find(args.folder), args.reviewer)
    words = sure_words(found, args.kind)
    if not words:
        print(f"Nothing was taken: {why_nothing_is_sure(found)}.", file=sys.stderr)
        return 1
    print(printable(why_sure(found)), file=sys.stderr)
    if not confirm(f"Take {words}?", yes=args.yes):
        return 1
    outcome = await reviews.take(found, args.kind)
    return _tell(outcome, args, f"{outcome.num:,} taken")


def _undoing(*, is_redo: bool) -> Act:
    async def act(library: Library, args: argparse.Namespace) -> int:
        reviews = _reviews(library)
        found = await reviews.read(await reviews.find(args.folder), args.reviewer)
        outcome = await reviews.undo(found, is_redo=is_redo)
        if not outcome.decision:
            print(f"There is nothing to {'redo' if is_redo else 'undo'}.", file=sys.stderr)
            return 1
        what = "redone" if is_redo else "undone"
        which = f"{outcome.num:,} decisions" if outcome.num > 1 else f"{outcome.rank}: {outcome.decision.verb}"
        return _tell(outcome, args, f"{which} {what}")

    return act


def _tell(outcome: DecisionOutcome, args: argparse.Namespace, what: str) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.session.reviews import progress_words

    if args.json:
        said = {"rank": outcome.rank, "decision": outcome.decision.model_dump() if outcome.decision else None}
        print_json(
            said
            | {"num": outcome.num, "told": outcome.told, "next": outcome.next}
            | {"progress": dataclasses.asdict(outcome.progress)}
        )
        return 0
    print(printable(what))
    if outcome.told:
        print(printable(f"! {outcome.told}"))
    print(progress_words(outcome.progress), file=sys.stderr)
    return 0
