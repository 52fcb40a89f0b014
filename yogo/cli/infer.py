"""`yogo infer`: find cells in images, and draw, save or count them."""

from __future__ import annotations

import argparse
import functools
import sys
from typing import TYPE_CHECKING

from yogo.cli.flags import add_knobs, given
from yogo.infer.request import InferenceRequest, misuse
from yogo.text.output import must_arrive
from yogo.text.terminal import printable
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.infer.job import InferenceJob
    from yogo.infer.outputs import Counts


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "infer",
        help="find cells in images",
        description="Find cells in images, and draw, save or count them. Without an option that says which, they are "
        "counted. Images that cannot be read are named and left out. With --samples, the targets per microlitre of "
        "each sample are told too, with their intervals; stopped, the same command goes on where it was.",
    )
    sources = ("path_to_images", "path_to_zarr", "samples")
    add_knobs(parser, InferenceRequest, required=sources, one_of=sources)
    parser.set_defaults(run=functools.partial(run, parser))


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    # A person is shown how far it is; a call that says nothing shows nothing.
    request = InferenceRequest(**{"use_tqdm": None} | given(args, InferenceRequest))
    if wrong := misuse(request):
        parser.error(wrong)
    if (request.draw_boxes or request.save_preds or request.save_npy) and request.output_dir is None:
        parser.error("name a folder to write to with --output-dir")
    if request.heatmap_mask_path is not None:
        note("--heatmap-mask-path has no effect any more")
    if request.samples is not None:
        return _samples(request)
    from yogo.infer.outputs import Counts
    from yogo.infer.prepare import prepare_files, prepare_job
    from yogo.infer.progress import progress

    with progress(show=request.use_tqdm) as told:
        job = prepare_job(request, note, told, note)
        counts = Counts(job.predictor.num_classes)
        files = prepare_files(request, job)
        if not files:
            must_arrive()
        for _ in job.run([*files, counts]):
            pass
    say(request, counts, job, wrote=bool(files))
    return 0


def _samples(request: InferenceRequest) -> int:
    from yogo.infer.progress import progress
    from yogo.infer.sample_lines import lines_of
    from yogo.infer.samples import infer_samples

    with progress(show=request.use_tqdm) as told:
        record = infer_samples(request, note, told, note)
    print("\n".join(lines_of(record, has_counts=request.count_predictions)))
    print(f"see {printable(str(request.output_dir))}")
    return 0


def note(sentence: str) -> None:
    print(f"note: {printable(sentence)}", file=sys.stderr)


def say(request: InferenceRequest, counts: Counts, job: InferenceJob, *, wrote: bool) -> None:
    if left_out := len(job.pictures.stems) - counts.num_pictures:
        note(f"{left_out:,} of {counted(len(job.pictures.stems), 'image')} could not be read")
    if scores := job.thresholds.count_scores:
        own = ", ".join(f"{name} {score:.3f}" for name, score in zip(job.classes, scores, strict=True))
        note(f"cells are kept by their score (objectness x probability of the class), above {own}")
    if request.count_predictions or not wrote:
        print("\n".join(printable(line) for line in counts.table(job.classes)))
    if wrote:
        where = printable(str(request.output_dir))
        pictures = f"{counted(counts.num_pictures, 'image')} ({job.oddities.sizes_seen()})"
        print(f"{pictures}, {counted(int(counts.totals.sum()), 'cell')}: see {where}")
