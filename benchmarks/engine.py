"""From image files to boxes with --engine openvino, against OpenVINO alone on frames in memory, and beside torch.

    python benchmarks/engine.py [--pictures 64] [--threads N] [--repeats 3] [--precision fp32 half]

Makes frames and weights as infer.py does. OpenVINO's own throughput is that of the network as `yogo export` would give
it to others (float32 values in), in its throughput mode, through its AsyncInferQueue: nothing is read, suppressed or
counted. Both, and torch, take turns in one process for each precision. Of each turn the images a second and the
processor's milliseconds an image are taken, and the median of the ratios within a turn counts. On a machine whose
cores others want too, the ratio of the processor's time tells more.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from comparison import answer_of, verdict
from infer import prepare

PRECISIONS = ("fp32", "half")


def _timed(work: Callable[[], int]) -> tuple[float, float]:
    """Images a second, and milliseconds of the processor for each."""
    began, cpu = time.perf_counter(), time.process_time()
    number = work()
    return number / (time.perf_counter() - began), (time.process_time() - cpu) / number * 1e3


def _files_to_boxes(root: Path, engine: str, *, half: bool) -> Callable[[], int]:
    from yogo.infer.outputs import Counts
    from yogo.infer.prepare import prepare_job
    from yogo.infer.request import InferenceRequest

    request = InferenceRequest(
        path_to_pth=root / "best.pth",
        path_to_images=root / "pictures",
        device="cpu",
        batch_size=8,
        half=half,
        engine=engine,  # type: ignore[arg-type]
    )
    job = prepare_job(request, print, None)

    def work() -> int:
        counts = Counts(job.predictor.num_classes)
        for _ in job.run([counts]):
            pass
        return counts.num_pictures

    return work


def _alone(root: Path, threads: int, number: int, *, half: bool) -> Callable[[], int]:
    import numpy as np

    from yogo.checkpoint import load_checkpoint
    from yogo.export.graph import Whole, write_onnx
    from yogo.infer.images import PictureFiles
    from yogo.infer.openvino_package import import_openvino
    from yogo.model import open_model

    model, _ = open_model(load_checkpoint(root / "best.pth"), inference=True)
    write_onnx(Whole(model, None), root / "best.onnx", simplify=True, dynamic_batch=False)
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    openvino = import_openvino()
    waiting = openvino.AsyncInferQueue(openvino.Core().compile_model(str(root / "best.onnx"), "CPU", settings))
    files = PictureFiles(root / "pictures")
    frames = [files.read(index, rgb=False)[None].astype(np.float32) for index in range(8)]

    def work() -> int:
        for index in range(number):
            waiting.start_async({0: frames[index % 8]})
        waiting.wait_all()
        return number

    return work


def measure(root: Path, threads: int, repeats: int, *, half: bool) -> dict[str, float]:
    import torch

    torch.set_num_threads(threads)
    number = len(list((root / "pictures").iterdir()))
    ways = {
        "own": _alone(root, threads, number, half=half),
        "openvino": _files_to_boxes(root, "openvino", half=half),
        "torch": _files_to_boxes(root, "torch", half=half),
    }
    for work in list(ways.values())[:2]:
        work()
    turns = [{name: _timed(work) for name, work in ways.items()} for _ in range(repeats)]
    told = {f"{name}_frames_per_s": median(turn[name][0] for turn in turns) for name in ways}
    told |= {f"{name}_cpu_ms": median(turn[name][1] for turn in turns) for name in ways}
    told["ratio"] = median(turn["openvino"][0] / turn["own"][0] for turn in turns)
    told["cpu_ratio"] = median(turn["own"][1] / turn["openvino"][1] for turn in turns)
    told["over_torch"] = median(turn["openvino"][0] / turn["torch"][0] for turn in turns)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--measure", type=Path, metavar="ROOT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.threads, args.repeats, half=args.precision[0] == "half")))
        return
    with tempfile.TemporaryDirectory(prefix="yogo-bench-") as folder:
        root = Path(folder)
        prepare(root, args.pictures)
        sizes = ("--threads", str(args.threads), "--repeats", str(args.repeats))
        environment = os.environ | {"XDG_CACHE_HOME": str(root / "cache")}
        told = {
            name: answer_of((__file__, "--measure", str(root), *sizes, "--precision", name), environment)
            for name in args.precision
        }
    ratios = {f"{name}_{what}": told[name][what] for name in told for what in ("ratio", "cpu_ratio", "over_torch")}
    targets = {f"{name}_ratio": 0.9 for name in told}
    more = {name: {key: round(value, 2) for key, value in one.items()} for name, one in told.items()}
    verdict("engine", ratios, at_least=targets, **more)


if __name__ == "__main__":
    main()
