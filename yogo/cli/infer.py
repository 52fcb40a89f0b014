"""`yogo infer`: find cells in pictures, and draw, save or count them."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.cli.flags import add_image_bits, image_bits, num_channel
from yogo.output import must_arrive
from yogo.terminal import printable
from yogo.wording import counted

if TYPE_CHECKING:
    from yogo.infer.job import Job
    from yogo.infer.outputs import Counts
    from yogo.infer.request import Request

_SWITCH = argparse.BooleanOptionalAction


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "infer",
        help="find cells in pictures",
        description="Find cells in pictures, and draw, save or count them (count, if nothing is asked for). A picture "
        "that cannot be read is named and left out.",
        allow_abbrev=False,
    )
    parser.add_argument("pth", metavar="PTH", type=Path, help="the checkpoint")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--path-to-images", "--path-to-image", type=Path, metavar="P", help="a folder of pictures, or one picture"
    )
    source.add_argument("--path-to-zarr", type=Path, metavar="P", help="a zarr store, a folder or a zip file")
    add_image_bits(parser)
    parser.add_argument(
        "--zarr-axes", metavar="AXES", help="axes of the store's array, such as tyx or tczyx, where it is unclear"
    )
    parser.add_argument(
        "--zarr-channel",
        type=num_channel,
        metavar="N",
        help="the channel to look at, where there are several; 0 is the first",
    )
    parser.add_argument("--class-names", nargs="+", metavar="NAME", help="names of the classes (default: those in PTH)")
    _add_results(parser)
    _add_thresholds(parser)
    _add_machine(parser)
    parser.set_defaults(run=functools.partial(run, parser))


def _add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument("--draw-boxes", action=_SWITCH, default=False, help="draw the boxes on the pictures")
    group.add_argument("--save-preds", action=_SWITCH, default=False, help="write a label file for each picture")
    group.add_argument("--save-npy", action=_SWITCH, default=False, help="write all boxes into one array")
    group.add_argument("--count", action=_SWITCH, default=False, help="print how many cells there are of each class")
    group.add_argument("--output-dir", type=Path, metavar="DIR", help="where files are written")
    group.add_argument(
        "--overwrite", action=_SWITCH, default=False, help="replace files that are there already (default: refuse)"
    )
    group.add_argument(
        "--output-img-filetype",
        choices=(".png", ".tif", ".tiff"),
        default=".png",
        help="file type of drawn pictures (default: .png)",
    )


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what counts as a cell")
    group.add_argument(
        "--obj-thresh", type=float, default=0.5, metavar="X", help="least objectness of a cell (default: 0.5)"
    )
    group.add_argument(
        "--iou-thresh",
        type=float,
        default=0.5,
        metavar="X",
        help="most overlap of two cells; 0 allows any (default: 0.5)",
    )
    group.add_argument(
        "--min-class-confidence-threshold",
        type=float,
        default=0.0,
        metavar="X",
        help="least probability of its class (default: 0)",
    )
    group.add_argument(
        "--crop-height", type=float, metavar="FRACTION", help="look only at this share of the rows, in the middle"
    )
    group.add_argument("--heatmap-mask-path", type=Path, metavar="P", help="is accepted and has no effect")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the machine")
    group.add_argument("--batch-size", type=int, default=64, metavar="N", help="pictures at a time (default: 64)")
    group.add_argument("--device", nargs="?", help="cpu, cuda or cuda:N (default: cuda where there is one)")
    group.add_argument("--half", action=_SWITCH, default=False, help="compute in 16 bits")
    group.add_argument("--num-workers", type=int, metavar="N", help="threads that read pictures")
    group.add_argument(
        "--use-tqdm", action=_SWITCH, help="show a progress bar (default: on a terminal, else a line now and then)"
    )


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if (args.draw_boxes or args.save_preds or args.save_npy) and args.output_dir is None:
        parser.error("name a folder to write to with --output-dir")
    if args.batch_size < 1:
        parser.error("--batch-size is 1 or more")
    if args.heatmap_mask_path is not None:
        note("--heatmap-mask-path has no effect any more")
    from yogo.infer.outputs import Counts
    from yogo.infer.progress import progress

    request = _request(args)
    with progress(show=args.use_tqdm) as told:
        job = request.job(note, told, note)
        counts = Counts(job.predictor.num_classes)
        files = request.files(job)
        if not files:
            must_arrive()
        for _ in job.run([*files, counts]):
            pass
    say(args, counts, job, wrote=bool(files))
    return 0


def _request(args: argparse.Namespace) -> Request:
    from yogo.infer.request import Request

    return Request(
        path_to_pth=args.pth,
        path_to_images=args.path_to_images,
        path_to_zarr=args.path_to_zarr,
        output_dir=args.output_dir,
        save_preds=args.save_preds,
        draw_boxes=args.draw_boxes,
        save_npy=args.save_npy,
        class_names=args.class_names,
        batch_size=args.batch_size,
        obj_thresh=args.obj_thresh,
        iou_thresh=args.iou_thresh,
        min_class_confidence_threshold=args.min_class_confidence_threshold,
        vertical_crop_height=args.crop_height,
        device=args.device,
        half=args.half,
        output_img_ftype=args.output_img_filetype,
        requested_num_workers=args.num_workers,
        image_bits=image_bits(args),
        zarr_axes=args.zarr_axes,
        zarr_channel=args.zarr_channel,
        overwrite=args.overwrite,
    )


def note(sentence: str) -> None:
    print(f"note: {printable(sentence)}", file=sys.stderr)


def say(args: argparse.Namespace, counts: Counts, job: Job, *, wrote: bool) -> None:
    if left_out := len(job.pictures.stems) - counts.num_pictures:
        note(f"{left_out:,} of {len(job.pictures.stems):,} pictures could not be read")
    if args.count or not wrote:
        print("\n".join(printable(line) for line in counts.table(job.classes)))
    if wrote:
        where = printable(str(args.output_dir))
        pictures = f"{counted(counts.num_pictures, 'picture')} ({job.oddities.sizes_seen()})"
        print(f"{pictures}, {counted(int(counts.totals.sum()), 'cell')}: see {where}")
