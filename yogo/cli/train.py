"""`yogo train`: train a detector on a dataset definition."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.cli.flags import add_image_bits, add_knobs, given, image_bits, num_gib, num_processes, num_workers
from yogo.errors import RecipeError
from yogo.run.directory import RUNS, check_name

if TYPE_CHECKING:
    from yogo.training.request import Request


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "train",
        help="train a detector on a dataset definition",
        description="Train a detector on a dataset definition, into the run directory RUNS/NAME. "
        "Exit status: 0 finished, 1 failed, 2 misused, 75 stopped by a signal and saved, 130 stopped by ctrl+c.",
        allow_abbrev=False,
    )
    parser.add_argument("definition", nargs="?", type=Path, help="the dataset definition, a YAML file")
    parser.add_argument("--recipe", metavar="PRESET", help="a recipe's name or file; flags change what it says")
    _add_start(parser)
    add_knobs(parser, optional_value=("model",))
    parser.add_argument(
        "--half",
        action=argparse.BooleanOptionalAction,
        help="compute in 16 bits: bf16 where the hardware has it, else fp16 with a scaled loss",
    )
    _add_machine(parser)
    _add_wandb(parser)
    parser.set_defaults(run=functools.partial(run, parser))


def _add_start(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument("--from-pretrained", type=Path, metavar="PTH", help="weights to start from")
    group.add_argument(
        "--reset-head",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="start with new class outputs, for other classes than those of --from-pretrained (default: no)",
    )
    group.add_argument(
        "--dataset-split-override",
        nargs=3,
        type=float,
        metavar=("TRAIN", "VAL", "TEST"),
        help="split all of the definition's pictures, test paths included, by these shares",
    )
    group.add_argument("--name", type=_name, help="the run's name, and its folder's (default: one is made up)")
    group.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help=f"where runs are kept (default: {RUNS})")
    group.add_argument("--resume", type=Path, metavar="RUN", help="go on with this run from its last.pth")
    group.add_argument(
        "--take-over",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="take the run from a silent process on another host that holds it (default: ask, on a terminal)",
    )
    group.add_argument("--token", help="the launch to claim (used by job scripts)")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add_image_bits(parser)
    group = parser.add_argument_group("the machine")
    group.add_argument("--device", nargs="?", help="cpu, cuda or cuda:N (default: cuda where there is one)")
    group.add_argument(
        "--processes",
        type=num_processes,
        metavar="N",
        help="processes to train with (default: the visible GPUs, else 1)",
    )
    group.add_argument(
        "--num-workers", type=num_workers, metavar="N", help="threads a process that read pictures ahead"
    )
    group.add_argument(
        "--cache", action=argparse.BooleanOptionalAction, default=True, help="keep the decoded pictures (default: yes)"
    )
    group.add_argument("--cache-folder", type=Path, metavar="DIR", help="where to keep them (default: ~/.cache/yogo)")
    group.add_argument(
        "--cache-limit", type=num_gib, metavar="GIB", help="how much all caches in that folder may take (default: 50)"
    )


def _add_wandb(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Weights & Biases")
    group.add_argument(
        "--wandb", choices=("online", "offline", "disabled"), help="how to log (default: as WANDB_MODE says)"
    )
    group.add_argument("--wandb-entity", metavar="NAME", help="the team or user there")
    group.add_argument("--wandb-project", metavar="NAME", help="the project there")
    group.add_argument("--note", default="", help="a note on the run")
    group.add_argument("--tags", nargs="+", default=(), metavar="TAG", help="tags of the run")


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    from yogo.training.launch import start

    if args.definition is None and args.resume is None:
        parser.error("name a dataset definition, or the run to --resume")
    if args.half is not None and "precision" in args:
        parser.error("--half and --precision say the same thing: give one of them")
    if args.reset_head and args.from_pretrained is None and args.resume is None:
        parser.error("--reset-head is about the weights of --from-pretrained: name them too")
    request = _request(args)
    try:
        _ = request.recipe
    except RecipeError as error:
        parser.error(str(error))
    return start(request)


def _request(args: argparse.Namespace) -> Request:
    from yogo.presets import find
    from yogo.recipe import Recipe
    from yogo.training.request import Request

    return Request(
        definition=args.definition,
        base=find(args.recipe).recipe if args.recipe else Recipe(),
        given=given(args),
        half=args.half,
        pretrained=args.from_pretrained,
        reset_head=args.reset_head,
        split_override=args.dataset_split_override,
        device=args.device,
        processes=args.processes,
        num_workers=args.num_workers,
        image_bits=image_bits(args),
        cache=args.cache,
        cache_folder=args.cache_folder,
        cache_limit_gib=args.cache_limit,
        runs=args.runs,
        name=args.name,
        resume=args.resume,
        token=args.token,
        take_over=args.take_over,
        note=args.note,
        tags=tuple(args.tags),
        wandb=args.wandb,
        wandb_entity=args.wandb_entity,
        wandb_project=args.wandb_project,
        command=("yogo", *sys.argv[1:]),
    )


def _name(text: str) -> str:
    from yogo.errors import RunError

    try:
        return check_name(text)
    except RunError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
