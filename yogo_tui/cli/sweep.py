"""`yogo-tui sweep`: train the same with other values, as one array, and see which do best."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from yogo.text.terminal import printable
from yogo_tui.advice import tui
from yogo_tui.cli.options import Commands, Misuse, add_json, count, in_session, new_command

if TYPE_CHECKING:
    from yogo_tui.session import Session
    from yogo_tui.session.sweeps import PlannedSweep
    from yogo_tui.sweeps.board import Board, Spread
    from yogo_tui.sweeps.record import Sweep

_NAME = "The sweep's name. `yogo-tui sweep list` lists them."
_VARY = (
    "What is varied: a list (lr=1e-4,3e-4), a range with a step (epochs=10..50/10, seed=0..4), or, for a random "
    "sample, a range (lr=1e-5..1e-3), drawn logarithmically where its end is ten times its start or more."
)


_TPE = (
    "Submit so many trials that ask a study for their values when they start: it chooses them by what earlier trials "
    "reached (Optuna's TPE; the first five at random). It maximises mAP50 on the validation set."
)
_PRUNE = (
    "With --tpe: end a trial early whose best mAP50 is below the median that the finished trials had by then, after a "
    "fifth of its epochs at the earliest, and once four have finished."
)


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = new_command(
        commands,
        "sweep",
        "train the same with other values, as one array of jobs, and see which do best",
        "Each trial is a run like any other, called as the sweep is, with its number behind it. Without an action, the "
        "sweeps are listed.",
    )
    add_json(parser)
    parser.set_defaults(run=in_session(_list))
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="What to do. (default: list)")
    _add_start(actions)
    show = _action(actions, "show", "show a sweep's leaderboard", _show, _ABOUT_BOARD)
    show.add_argument("name", metavar="SWEEP", help=_NAME)
    _add_add(actions)
    rest = _action(
        actions,
        "continue",
        "submit the trials that have no job and have not finished, as after a kill or a stop",
        _continue,
        "What has finished, waits or runs is not repeated; a trial that was stopped goes on where it stopped.",
    )
    rest.add_argument("name", metavar="SWEEP", help=_NAME)
    rest.add_argument("--failed", action="store_true", help="Submit the trials that failed again too.")
    _add_submitting(rest)
    stop = _action(actions, "stop", "cancel a sweep's trials that wait", _stop)
    stop.add_argument("name", metavar="SWEEP", help=_NAME)
    stop.add_argument("--running", action="store_true", help="Cancel those that run too, which save what they have.")
    stop.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")
    _action(actions, "list", "list the sweeps of the workspace", _list)


_ABOUT_BOARD = (
    "The best trials come first: by mAP50, or by the best loss where nothing else is known and the trials weigh its "
    "parts alike. Trials that differ by their seed alone are one row, with mean, standard deviation and number."
)


def _add_start(actions: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP, PARENT_HELP, add_planning, add_reset_head
    from yogo_tui.sweeps import AT_ONCE

    start = _action(
        actions,
        "start",
        "submit a sweep: a grid of all values, or a random sample of them",
        _start,
        "A table of the trials, with what they cost, is printed first.",
    )
    start.add_argument(
        "definition", metavar="DEFINITION", help=f"The dataset definition to train on: {DEFINITION_HELP}"
    )
    start.add_argument(
        "--parent", metavar="RUN_OR_PTH", help=f"Make the trials fine-tunes. {PARENT_HELP} (default: new weights)"
    )
    add_reset_head(start, "--parent")
    start.add_argument("--vary", nargs="+", action="extend", required=True, metavar="FIELD=VALUES", help=_VARY)
    how = start.add_mutually_exclusive_group()
    _add_random(how, "Draw so many combinations at random, each with every seed that is varied. (default: all of them)")
    how.add_argument("--tpe", type=count, metavar="N", help=_TPE)
    start.add_argument("--prune", action="store_true", help=_PRUNE)
    start.add_argument("--seed", type=int, default=0, metavar="N", help="The seed of the random sample. (default: 0)")
    start.add_argument(
        "--throttle",
        type=count,
        default=AT_ONCE,
        metavar="N",
        help=f"How many trials run at a time. (default: {AT_ONCE})",
    )
    add_planning(start, with_parent="finetune")
    _add_submitting(start)


def _add_add(actions: Commands[argparse.ArgumentParser]) -> None:
    add = _action(
        actions,
        "add",
        "add trials to a sweep, as a further array",
        _add,
        "New values go with all other values that the sweep varies. Trials that it has already are not repeated.",
    )
    add.add_argument("name", metavar="SWEEP", help=_NAME)
    add.add_argument("--vary", nargs="+", action="extend", default=[], metavar="FIELD=VALUES", help=_VARY)
    _add_random(add, "Draw so many more combinations at random; in a sweep by --tpe, trials that ask its study.")
    _add_submitting(add)


def _add_random(parser: argparse._ActionsContainer, help: str) -> None:
    parser.add_argument("--random", type=count, metavar="N", help=help)


def _add_submitting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="Print what would be submitted, and submit nothing.")
    parser.add_argument("--yes", action="store_true", help="Do not ask for confirmation.")


Act = Callable[["Session", argparse.Namespace], Awaitable[int]]


def _action(
    actions: Commands[argparse.ArgumentParser], name: str, help: str, act: Act, *more: str
) -> argparse.ArgumentParser:
    parser = new_command(actions, name, help, *more)
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="Print JSON, for programs.")
    parser.set_defaults(run=in_session(act))
    return parser


async def _start(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.planning import finetune_of, plan_of
    from yogo_tui.sweeps.space import UnfitSpace

    if args.prune and not args.tpe:
        raise Misuse("--prune is about trials that ask a study: add --tpe N")
    if args.reset_head and not args.parent:
        raise Misuse("--reset-head is about a fine-tune: add --parent RUN_OR_PTH")
    args.recipe = args.recipe or ("finetune" if args.parent else "defaults")
    name = args.name or session.launcher.propose_name()
    base = await (finetune_of(session, args) if args.parent else plan_of(session, args, name))
    seen = (await session.runs.look()).runs
    try:
        planned = await session.sweeps.plan(
            base,
            args.vary,
            seen,
            sample=args.random,
            tpe=args.tpe,
            prunes=args.prune,
            seed=args.seed,
            throttle=args.throttle,
        )
    except UnfitSpace as error:
        raise Misuse(str(error)) from error
    return await _submit(session, args, planned)


async def _add(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.sweeps.space import UnfitSpace

    sweep = await session.sweeps.find(args.name)
    seen = (await session.runs.look()).runs
    try:
        planned = await session.sweeps.more(sweep, seen, args.vary, sample=args.random)
    except UnfitSpace as error:
        raise Misuse(str(error)) from error
    return await _submit(session, args, planned)


async def _continue(session: Session, args: argparse.Namespace) -> int:
    sweep = await session.sweeps.find(args.name)
    seen = (await session.runs.look()).runs
    return await _submit(session, args, await session.sweeps.rest(sweep, seen, with_failed=args.failed))


async def _submit(session: Session, args: argparse.Namespace, planned: PlannedSweep) -> int:
    """Show what would be submitted, ask, submit it, and report that. Returns the exit status."""
    from yogo_tui.cli.output import confirm, print_json, print_table
    from yogo_tui.cli.submitting import patiently

    as_json = args.json
    if not as_json:
        head, rows = planned.table
        print_table(head, rows, right=head[1:])
        print()
        for line in (*planned.varied, *planned.notes, planned.words):
            print(printable(line))
    if args.dry_run:
        if as_json:
            print_json(_planned_json(planned))
        return 0
    if not confirm(f"Submit {planned.launched(session.machine)}: {planned.words}?", yes=args.yes):
        return 1
    submitting = session.sweeps.submit(planned)
    submitted = await patiently(submitting, planned.sweep.name, session.host, None, look="sweep show")
    if submitted.notice:
        print(printable(f"! {submitted.notice}"), file=sys.stderr)
    if as_json:
        print_json(_planned_json(planned) | {"array": submitted.array, "notice": submitted.notice})
    elif submitted.array:
        print(printable(f"{planned.sweep.name} is array {submitted.array}: {tui()} sweep show {planned.sweep.name}"))
    return 0 if submitted.array else 1


def _planned_json(planned: PlannedSweep) -> dict[str, Any]:
    from yogo_tui.session.sweeps import values_of

    cost = planned.cost
    return {
        "name": planned.sweep.name,
        "trials": [
            {"name": one.plan.name, "values": values_of(planned.sweep, one.index), "resumes": one.resumed is not None}
            for one in planned.trials
        ],
        "at_once": min(planned.sweep.throttle, len(planned.trials)),
        "gpu_hours": cost.gpu_hours,
        "hours": cost.hours,
        "num_measured": cost.num_measured,
        "notes": planned.notes,
    }


async def _show(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.sweeps.board import board_of, table_of

    sweep = await session.sweeps.find(args.name)
    board = board_of(sweep, (await session.runs.look()).runs)
    if args.json:
        print_json(_board_json(board))
        return 0
    print(printable(str(board)))
    head, rows = table_of(board)
    print_table(head, rows, right=head[: 1 + len(board.fields)])
    if board.note:
        print(printable(f"! {board.note}"), file=sys.stderr)
    return 0


def _board_json(board: Board) -> dict[str, Any]:

    def spread(one: Spread | None) -> dict[str, Any] | None:
        return {"mean": one.mean, "sd": one.deviation, "num": one.number} if one else None

    return {
        "name": board.sweep.name,
        "ranked_by": board.by or None,
        "fields": board.fields,
        "note": board.note,
        "places": [
            {
                "values": place.values,
                "map50": spread(place.map50),
                "best_loss": spread(place.loss),
                "trials": [
                    {
                        "name": row.name,
                        "state": row.state,
                        "values": {field: row.value_of(field) for field in row.trial.values or board.fields},
                        "map50": row.map50,
                        "best_loss": row.loss,
                        "job": row.run.job.id if row.run and row.run.job else None,
                    }
                    for row in place.rows
                ],
            }
            for place in board.places
        ],
    }


async def _stop(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import confirm, print_json
    from yogo_tui.session.sweeps import stop_words, to_stop

    sweep = await session.sweeps.find(args.name)
    runs = to_stop(sweep, (await session.runs.look()).runs, with_running=args.running)
    if runs:
        if not confirm(stop_words(sweep, runs), yes=args.yes):
            return 1
        await session.jobs.cancel(runs)
    if args.json:
        print_json([{"name": run.name, "path": run.path, "job": run.job.id if run.job else None} for run in runs])
    elif runs:
        print(printable(f"cancelled: {', '.join(run.name for run in runs)}"))
    else:
        others = "" if args.running else " that waits"
        print(printable(f"There is no trial of {sweep.name}{others} to cancel."))
    return 0


async def _list(session: Session, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.sweeps.board import board_of, how_words, states_words

    known = await session.sweeps.all()
    runs = (await session.runs.look()).runs
    for problem in known.problems:
        print(printable(f"! {problem}"), file=sys.stderr)
    boards = [board_of(sweep, runs) for sweep in known.sweeps]
    if args.json:
        print_json([_listed_json(board.sweep, board.states()) for board in boards])
    elif not boards:
        print(f"There is no sweep yet. To submit one: {tui()} sweep start")
    else:
        rows = [
            (one.sweep.name, states_words(one.states()), ", ".join(one.varied), how_words(one.sweep)) for one in boards
        ]
        print_table(("name", "trials", "varies", "how"), rows)
    return 0


def _listed_json(sweep: Sweep, states: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": sweep.name,
        "created_at": sweep.created_at.isoformat(),
        "definition": sweep.definition,
        "space": sweep.space,
        "random": sweep.sample,
        "tpe": sweep.search is not None,
        "prunes": sweep.search is not None and sweep.search.prunes,
        "seed": sweep.seed,
        "throttle": sweep.throttle,
        "states": dict(states),
    }
