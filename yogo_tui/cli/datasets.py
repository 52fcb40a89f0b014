"""`yogo-tui datasets`: list the dataset definitions, or summarise one."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.advice import tui
from yogo_tui.cli.options import Commands, Misuse, add_json, in_library, new_command

if TYPE_CHECKING:
    from yogo.definition.samples_file import SamplesFile
    from yogo_tui.questions.images import ImageRow
    from yogo_tui.session.library import Library

PARTS = ("train", "val", "test")
_COLUMNS = 80
_AT_A_TIME = 1_000
"""Images that are asked for in one question."""


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    from yogo_tui.cli.planning_options import DEFINITION_HELP

    parser = new_command(
        commands,
        "datasets",
        "list the dataset definitions, or count and check one",
        "The list is quick: it reads no image and no label. With FILE, the images and labels of that definition are "
        "read, which may take minutes the first time; the exit status is 1 if something is wrong with it. It prints "
        "the counts, all that is wrong, what the definition names as a tree, and histograms.",
    )
    parser.add_argument(
        "definition", nargs="?", metavar="FILE", help=f"The dataset definition to count and check: {DEFINITION_HELP}"
    )
    _register_images(parser)
    parser.add_argument(
        "--deep",
        action="store_true",
        help="With FILE: also look at what the images show and where the boxes are, as yogo check --deep does.",
    )
    parser.add_argument(
        "--against",
        metavar="RUN",
        help="With --deep: also look for validation and test images that this run was trained on, such as the parent "
        "of a fine-tune. A name, a run directory, or its data.json.gz.",
    )
    parser.add_argument(
        "--reviews", action="store_true", help="List the reviews of FILE's labels, or all of the workspace."
    )
    add_json(parser)
    parser.set_defaults(run=run)


def _register_images(parser: argparse.ArgumentParser) -> None:
    images = parser.add_argument_group("its images")
    images.add_argument("--images", action="store_true", help="List the images of FILE, each with its split and boxes.")
    images.add_argument(
        "--class", dest="classes", action="append", default=[], metavar="NAME", help="Only images with this class."
    )
    images.add_argument("--split", choices=PARTS, help="Only images of this split.")
    images.add_argument(
        "--group", default="", metavar="NAME", help="Only images of this group, as the definition names it."
    )
    images.add_argument("--problem", action="store_true", help="Only images with something wrong, or their labels.")
    images.add_argument(
        "--path", action="append", default=[], metavar="TEXT", help="Only images with TEXT in their path."
    )


@in_library
async def run(library: Library, args: argparse.Namespace) -> int:
    if args.reviews:
        return await _reviews(library, args)
    if args.images or args.classes or args.split or args.group or args.problem or args.path:
        if not args.definition:
            raise Misuse(f"Say which definition: {tui()} datasets FILE --images")
        if args.deep:
            raise Misuse("--deep looks at all images: give it without --images and the choices among them")
        return await _images(library, args)
    if args.deep and not args.definition:
        raise Misuse(f"Say which definition: {tui()} datasets FILE --deep")
    if args.against and not args.deep:
        raise Misuse(f"--against needs --deep: {tui()} datasets FILE --deep --against RUN")
    return await (_one if args.definition else _all)(library, args)


async def _all(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, terminal_width
    from yogo_tui.questions.definitions import CheckDefinitions
    from yogo_tui.words import cut_middle

    folders = library.settings.definition_folders
    found = await library.host.ask(CheckDefinitions(folders, library.settings.workspace_folder))
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
        print(f"\nThe images and labels were not read. To check them: {tui()} datasets FILE")
    else:
        print(f"There are no dataset definitions in {printable(', '.join(map(str, folders)))}.", file=sys.stderr)
    return 0


async def _reviews(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json, print_table
    from yogo_tui.cli.planning import definition_of
    from yogo_tui.session.reviews import Reviews, choice_words

    path = await definition_of(library, args.definition, check=False) if args.definition else None
    found = await Reviews(library.host, library.settings).of_definition(path)
    if args.json:
        print_json([dataclasses.asdict(one) for one in found])
    elif found:
        print_table(("folder", "state"), [(str(one.folder), choice_words(one)) for one in found])
    else:
        print("There are no reviews. One is made by: yogo review PTH DEFINITION", file=sys.stderr)
    return 0


async def _one(library: Library, args: argparse.Namespace) -> int:
    from yogo.definition.report import in_full, report
    from yogo.health.report import as_data
    from yogo.health.report import report as report_health
    from yogo_tui.cli.output import print_json, terminal_width
    from yogo_tui.cli.planning import definition_of
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.definitions import Survey
    from yogo_tui.questions.health import CheckHealth

    path, workspace = await definition_of(library, args.definition, check=False), library.settings.workspace_folder
    against = await library.run_path(args.against) if args.against else None
    with live() as tell:
        found = await library.host.ask(Survey(path, workspace), tell=tell)
        if found.samples_file:
            return _samples(found.samples_file, args)
        health = await library.host.ask(CheckHealth(path, workspace, against), tell=tell) if args.deep else None
    if args.json:
        said = dataclasses.asdict(found) | {"roles": found.roles.model_dump() if found.roles else None}
        print_json({"path": path} | said | ({"health": as_data(health)} if health else {}))
    else:
        lines = [*report(found), *in_full(found, terminal_width() or _COLUMNS)]
        lines += ["", *report_health(health)] if health else []
        print("\n".join(printable(line) for line in lines))
    return 1 if found.has_errors else 0


def _samples(found: SamplesFile, args: argparse.Namespace) -> int:
    from yogo.definition.samples_report import as_data, samples_report
    from yogo_tui.cli.output import print_json

    if args.deep:
        raise Misuse("--deep looks at the images of a definition; this is a file of samples")
    if args.json:
        print_json(as_data(found))
    else:
        print("\n".join(printable(line) for line in samples_report(found)))
    return 1 if found.has_errors else 0


async def _images(library: Library, args: argparse.Namespace) -> int:
    from yogo_tui.cli.output import print_json
    from yogo_tui.cli.planning import definition_of
    from yogo_tui.cli.progress import live
    from yogo_tui.questions.image_lists import ImageFilter
    from yogo_tui.questions.images import DescribeImages, ListImages

    path = await definition_of(library, args.definition, check=False)
    workspace = library.settings.workspace_folder
    names = tuple(text.casefold() for text in args.path)
    wanted = ImageFilter(names, tuple(args.classes), args.split or "", args.problem, group=args.group)
    with live() as tell:
        listed = await library.host.ask(ListImages(path, workspace, wanted), tell=tell)
    rows: list[ImageRow] = []
    for start in range(0, listed.num, _AT_A_TIME):
        rows += await library.host.ask(DescribeImages(path, workspace, wanted, start, start + _AT_A_TIME))
    if args.json:
        print_json([dataclasses.asdict(row) for row in rows])
        return 0
    _print_rows(rows)
    print(f"{listed.num:,} of {counted(listed.num_all, 'image')}", file=sys.stderr)
    return 0


def _print_rows(rows: Sequence[ImageRow]) -> None:
    from yogo_tui.cli.output import print_table

    is_grouped = any(row.group for row in rows)
    groups = [(row.group,) if is_grouped else () for row in rows]
    print_table(
        ("no", "split", *(("group",) if is_grouped else ()), "image", "boxes", "problem"),
        [
            (f"{row.number:,}", row.part, *group, str(row.image), _boxes(row.boxes), "; ".join(row.problems))
            for row, group in zip(rows, groups, strict=True)
        ],
        right=("no",),
    )


def _boxes(boxes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in boxes.items()) or "none"
