"""`yogo infer`: find cells in pictures, and draw, save or count them."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.cli.flags import add_image_bits, image_bits, num_channel
from yogo.terminal import printable
from yogo.wording import counted

if TYPE_CHECKING:
    from yogo.infer.job import Job
    from yogo.infer.outputs import Counts
    from yogo.infer.progress import progress

    request = _request(args)
    with progress(show=args.use_tqdm) as told:
        job = request.job(note, told, note)
        counts = Counts(job.predictor.num_classes)
        files = request.files(job)
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
