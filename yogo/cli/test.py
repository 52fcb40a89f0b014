"""`yogo test`: what a checkpoint is worth on the test pictures of a dataset definition."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from yogo.cli.flags import add_image_bits, image_bits, num_pictures, num_processes, num_workers
from yogo.output import must_arrive

_SWITCH = argparse.BooleanOptionalAction


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "test",
        help="test a checkpoint on a dataset definition",
        description="Test a checkpoint on the test pictures of a dataset definition: those that its training was "
        "kept from, where its data.json.gz lies beside it. Every figure counts false alarms and misses.",
        allow_abbrev=False,
    )
    parser.add_argument("pth", metavar="PTH", type=Path, help="the checkpoint")
    parser.add_argument("definition", metavar="DEFINITION", type=Path, help="the dataset definition, a YAML file")
    _add_results(parser)
    _add_machine(parser)
    _add_wandb(parser)
    parser.set_defaults(run=run)


def _add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument("--dump-to-disk", action=_SWITCH, default=False, help="write a JSON file beside the checkpoint")
    group.add_argument(
        "--include-mAP", action=_SWITCH, default=True, help="compute COCO's average precision (default: yes)"
    )
    group.add_argument(
        "--include-background",
        action=_SWITCH,
        default=True,
        help="show false alarms and misses in the confusion matrix (default: yes)",
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add_image_bits(parser)
    group = parser.add_argument_group("the machine")
    group.add_argument("--batch-size", type=num_pictures, metavar="N", help="pictures a process (default: as trained)")
    group.add_argument("--half", action=_SWITCH, help="compute in 16 bits, or exactly (default: as trained)")
    group.add_argument("--device", nargs="?", help="cpu, cuda or cuda:N (default: cuda where there is one)")
    group.add_argument(
        "--processes",
        type=num_processes,
        metavar="N",
        help="processes to test with (default: the visible GPUs, else 1)",
    )
    group.add_argument(
        "--num-workers", type=num_workers, metavar="N", help="threads a process that read pictures ahead"
    )


def _add_wandb(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Weights & Biases")
    group.add_argument(
        "--wandb",
        action=_SWITCH,
        default=False,
        help="log to Weights & Biases; WANDB_MODE says whether online or offline",
    )
    group.add_argument("--wandb-entity", metavar="NAME", help="the team or user there")
    group.add_argument("--wandb-project", metavar="NAME", help="the project there")
    group.add_argument("--wandb-resume-id", metavar="ID", help="add the figures to this run")
    group.add_argument("--note", default="", help="a note on the test")
    group.add_argument("--tags", nargs="+", default=(), metavar="TAG", help="tags of the test")


def run(args: argparse.Namespace) -> int:
    from yogo.training.launch import start
    from yogo.training.request import CheckpointTest, Request

    test = CheckpointTest(
        checkpoint=args.pth,
        batch_size=args.batch_size,
        include_map=args.include_mAP,
        include_background=args.include_background,
        dump=args.dump_to_disk,
        wandb_resume_id=args.wandb_resume_id,
    )
    request = Request(
        definition=args.definition,
        half=args.half,
        device=args.device,
        processes=args.processes,
        num_workers=args.num_workers,
        image_bits=image_bits(args),
        runs=args.pth.absolute().parent.parent,
        note=args.note,
        tags=tuple(args.tags),
        wandb=None if args.wandb else "disabled",
        wandb_entity=args.wandb_entity,
        wandb_project=args.wandb_project,
        command=("yogo", *sys.argv[1:]),
        test=test,
    )
    if request.only_prints:
        must_arrive()
    return start(request)
