"""Writes a whole dataset: images, labels, and definitions to pre-train and to fine-tune on.

OUT/synthetic.json                          how it was made; without it a folder is not ours to write over
OUT/images/<set>/0000.png                   <set> is pre-training, fine-tuning or test
OUT/labels/<set>/0000.txt
OUT/dataset_defs/pre-training/synthetic.yml
OUT/dataset_defs/fine-tuning/synthetic.yml  other images, lit otherwise, with images to test on

Slides (see yogo.synth.slides) come in the same places, with a file of samples beside.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from yogo.device.cores import visible_cores
from yogo.errors import YogoError
from yogo.files.atomic import cut, naming, write_atomically
from yogo.synth.cells import KINDS
from yogo.synth.frame import Frame, Lighting, make_frame, shares_of
from yogo.synth.plan import SynthPlan
from yogo.synth.png import png

MARK = "synthetic.json"
SAMPLES = "samples.yml"
PARTS = ("images", "labels", "dataset_defs", SAMPLES)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PictureSet:
    name: str
    number: int
    """Part of each image's seed."""

    lighting: Lighting
    even: bool
    """Whether rare cells are less rare."""


BRIGHT = Lighting(shade=205, slope=24, vignette=18, noise=5)
DIM = Lighting(shade=165, slope=50, vignette=35, noise=7)

PRE_TRAINING = PictureSet("pre-training", 0, BRIGHT, even=False)
FINE_TUNING = PictureSet("fine-tuning", 1, DIM, even=True)
TEST = PictureSet("test", 2, DIM, even=True)


def make_dataset(out: Path, plan: SynthPlan, progress: Progress | None = None) -> None:
    """Write the dataset to `out`, replacing one that was made before. Raises YogoError, OSError.

    It is made beside `out` and moved there when it is complete.
    """

    def write(root: Path) -> None:
        _write_pictures(root, plan, progress)
        _write_definitions(root, plan)

    make_folder(out, asdict(plan), write)


def make_folder(out: Path, made_by: Mapping[str, object], write: Callable[[Path], None]) -> None:
    """Hand `write` a folder to make PARTS in, and put these to `out` when it has returned."""
    check_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        naming(out),
        tempfile.TemporaryDirectory(prefix=f".{cut(out.name)}.", suffix=".part", dir=out.parent) as staging,
    ):
        write(Path(staging))
        out.mkdir(exist_ok=True)
        write_atomically(out / MARK, json.dumps({"made_by": "yogo synth", **made_by}, indent=2) + "\n")
        for part in PARTS:
            if (out / part).is_dir():
                shutil.rmtree(out / part)
            (out / part).unlink(missing_ok=True)
            if (Path(staging) / part).exists():
                (Path(staging) / part).rename(out / part)


def check_free(out: Path) -> None:
    """Raises YogoError if something stands at `out` that this module did not make."""
    if out.is_dir():
        if any(out.iterdir()) and not (out / MARK).is_file():
            raise YogoError(f"{out} is not empty, and yogo synth did not make it. Name another folder, or empty it")
        if edited := _edited(out):
            raise YogoError(f"{edited} was changed since yogo synth made {out}. Name another folder, or empty it")
    elif out.exists() or out.is_symlink():
        raise YogoError(f"{out} is not a folder. Name another one")


def _edited(out: Path) -> Path | None:
    """The first file of a dataset that is newer than its mark, which was written after all others."""
    if not (out / MARK).is_file():
        return None
    made = (out / MARK).stat().st_mtime_ns
    places = ((out / part, *sorted((out / part).rglob("*"))) for part in PARTS)
    files = (path for some in places for path in some if path.is_file())
    return next((path for path in files if path.stat().st_mtime_ns > made), None)


def _write_pictures(root: Path, plan: SynthPlan, progress: Progress | None) -> None:
    counts = {
        PRE_TRAINING: plan.pictures,
        FINE_TUNING: max(2, plan.pictures // 2),
        TEST: max(1, plan.pictures // 4),
    }
    for kind in counts:
        (root / "images" / kind.name).mkdir(parents=True)
        (root / "labels" / kind.name).mkdir(parents=True)
    write_all(
        [partial(_write_picture, root, plan, kind, i) for kind, num in counts.items() for i in range(num)], progress
    )


def write_all(writers: Sequence[Callable[[], None]], progress: Progress | None) -> None:
    with ThreadPoolExecutor(visible_cores()) as pool:
        tasks = [pool.submit(write) for write in writers]
        try:
            for done, task in enumerate(as_completed(tasks), 1):
                task.result()
                if progress is not None:
                    progress(done, len(tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_picture(root: Path, plan: SynthPlan, kind: PictureSet, index: int) -> None:
    rng = np.random.default_rng([plan.seed, kind.number, index])
    num_cells = num_cells_of(rng, plan)
    shares = shares_of(KINDS[: plan.classes], even=kind.even)
    write_frame(root, kind.name, index, make_frame(rng, plan.image_hw, kind.lighting, num_cells, shares))


def write_frame(root: Path, folder: str, index: int, frame: Frame) -> None:
    (root / "images" / folder / f"{index:04}.png").write_bytes(png(frame.pixels))
    (root / "labels" / folder / f"{index:04}.txt").write_text(frame.label)


def num_cells_of(rng: np.random.Generator, plan: SynthPlan) -> int:
    """Frames of real blood also differ in how full they are."""
    return int(rng.integers(round(0.8 * plan.cells), round(1.2 * plan.cells), endpoint=True))


def _write_definitions(root: Path, plan: SynthPlan) -> None:
    names = f"class_names: [{', '.join(plan.class_names)}]\n"
    shares = "\ndataset_split_fractions:\n  train: 0.75\n  val: 0.25\n"
    data = "\ndataset_paths:\n"
    for kind, more in ((PRE_TRAINING, ""), (FINE_TUNING, "\ntest_paths:\n" + _paths(TEST))):
        folder = root / "dataset_defs" / kind.name
        folder.mkdir(parents=True)
        (folder / "synthetic.yml").write_text(names + shares + data + _paths(kind) + more)


def _paths(kind: PictureSet) -> str:
    label = kind.name.replace("-", "_")
    folders = "".join(f"    {what}_path: ../../{what}s/{kind.name}\n" for what in ("image", "label"))
    return f"  {label}:\n{folders}"
