"""Writes slides of blood of known parasitemia: what a lab has, with the truth beside.

OUT/images/<set>/<slide>/0000.png           <set> is pre-training, fine-tuning, test or titration
OUT/labels/<set>/<slide>/0000.txt
OUT/dataset_defs/pre-training/synthetic.yml
OUT/dataset_defs/fine-tuning/synthetic.yml  other slides, of another lab, with some to test on
OUT/dataset_defs/titration/synthetic.yml    the same, with the titration to test on
OUT/samples.yml                             the titration as folders without labels

How many of a slide's cells are parasites is drawn from its parasitemia, cell by cell; the value stated is what it was
drawn from. A slide's stain, focus and artefacts are drawn once, so that slides differ more than counting says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yogo.synth.dataset import (
    BRIGHT,
    DIM,
    SAMPLES,
    Progress,
    make_folder,
    num_cells_of,
    write_all,
    write_frame,
)
from yogo.synth.frame import Lighting, Look, make_frame
from yogo.synth.plan import SlidesPlan, SynthPlan

PER_MICROLITRE = 5_000_000
"""Red cells in a microlitre of blood."""

TRAINING_LEVELS = (0, 500_000, 200_000, 1_000_000)
"""Parasites per microlitre of the slides to train on, in turn: more than in most blood, so that there are enough."""

STAGES = {"ring": 0.6, "trophozoite": 0.3, "schizont": 0.1}
"""Of the parasites that are looked for."""

BESIDE = {"wbc": 0.005, "misc": 0.03}
"""In each cell that is counted: what is on all slides."""

GAMETOCYTES = 0.05
"""In each parasite that is looked for."""

MOST_BLURRED = 0.8
MEAN_SPECKS = 0.02


@dataclass(frozen=True, slots=True)
class SlideSet:
    name: str
    number: int
    """Part of each slide's seed; other ones than of images without slides."""

    lighting: Lighting
    levels: tuple[float, ...]
    """Parasites per microlitre, of each slide."""

    @property
    def slides(self) -> list[Slide]:
        width = max(2, len(str(len(self.levels))))
        return [Slide(self, place, f"{place + 1:0{width}}", level) for place, level in enumerate(self.levels)]


@dataclass(frozen=True, slots=True)
class Slide:
    of: SlideSet
    place: int
    number: str
    per_microlitre: float

    @property
    def name(self) -> str:
        return f"{self.of.name}-{self.number}"

    @property
    def folder(self) -> str:
        return f"{self.of.name}/{self.number}"

    @property
    def known(self) -> str:
        return f"target_per_microlitre: {np.format_float_positional(self.per_microlitre, trim='-')}"

    def rng(self, seed: int, frame: int | None = None) -> np.random.Generator:
        """Of the whole slide, or of one frame."""
        return np.random.default_rng([seed, self.of.number, self.place, 0 if frame is None else frame + 1])


def make_slides(out: Path, plan: SynthPlan, slides: SlidesPlan, progress: Progress | None = None) -> None:
    """As make_dataset does. `slides.samples` is given, and `plan` has two classes at least."""
    parts = slide_sets(slides)
    told = asdict(plan) | asdict(slides)
    del told["pictures"]

    def write(root: Path) -> None:
        _write_slides(root, plan, parts, slides.frames, progress)
        _write_files(root, plan, parts)

    make_folder(out, told, write)


def slide_sets(slides: SlidesPlan) -> list[SlideSet]:
    number = slides.samples or 0
    return [
        SlideSet("pre-training", 10, BRIGHT, _levels(number)),
        SlideSet("fine-tuning", 11, DIM, _levels(max(4, number // 2))),
        SlideSet("test", 12, DIM, _levels(max(4, number // 4))),
        SlideSet("titration", 13, DIM, slides.per_microlitre),
    ]


def _levels(number: int) -> tuple[float, ...]:
    return tuple(TRAINING_LEVELS[place % len(TRAINING_LEVELS)] for place in range(number))


def _write_slides(
    root: Path, plan: SynthPlan, parts: Sequence[SlideSet], num_frames: int, progress: Progress | None
) -> None:
    slides = [slide for part in parts for slide in part.slides]
    for slide in slides:
        for kind in ("images", "labels"):
            (root / kind / slide.folder).mkdir(parents=True)
    write_all(
        [partial(_write_frame, root, plan, slide, index) for slide in slides for index in range(num_frames)], progress
    )


def _write_frame(root: Path, plan: SynthPlan, slide: Slide, index: int) -> None:
    lighting, look = _looks(slide.rng(plan.seed), slide.of.lighting)
    rng = slide.rng(plan.seed, index)
    shares = slide_shares(slide.per_microlitre, plan.class_names)
    frame = make_frame(rng, plan.image_hw, lighting, num_cells_of(rng, plan), shares, look=look)
    write_frame(root, slide.folder, index, frame)


def _looks(rng: np.random.Generator, usual: Lighting) -> tuple[Lighting, Look]:
    shade, noise = rng.uniform(-20, 20), rng.uniform(0.8, 1.3)
    lighting = Lighting(usual.shade + shade, usual.slope, usual.vignette, usual.noise * noise)
    stain, blur, specks = rng.uniform(0.6, 1), rng.uniform(0, MOST_BLURRED), rng.uniform(0, 1)
    # The mean of 3 u² is 1, and a few slides have most of the artefacts.
    return lighting, Look(stain, blur, MEAN_SPECKS * 3 * specks * specks)


def slide_shares(per_microlitre: float, classes: Sequence[str]) -> npt.NDArray[np.float64]:
    """How often each class occurs. Of what is counted as a cell, the parasites are the given share."""
    share = per_microlitre / PER_MICROLITRE
    stages = {name: part for name, part in STAGES.items() if name in classes}
    weights = {"healthy": 1 - share, "gametocyte": GAMETOCYTES * share, **BESIDE}
    weights |= {name: share * part / sum(stages.values()) for name, part in stages.items()}
    found = np.array([weights[name] for name in classes])
    normal: npt.NDArray[np.float64] = found / found.sum()
    return normal


def _write_files(root: Path, plan: SynthPlan, parts: Sequence[SlideSet]) -> None:
    pre_training, fine_tuning, test, titration = parts
    for name, data, held in (
        (pre_training.name, pre_training, None),
        (fine_tuning.name, fine_tuning, test),
        (titration.name, fine_tuning, titration),
    ):
        (root / "dataset_defs" / name).mkdir(parents=True)
        text = "".join(_definition(plan, data, held))
        (root / "dataset_defs" / name / "synthetic.yml").write_text(text)
    rows = (f"  {one.name}: {{images: images/{one.folder}, {one.known}}}\n" for one in titration.slides)
    (root / SAMPLES).write_text(_roles(plan) + "\nsamples:\n" + "".join(rows))


def _definition(plan: SynthPlan, data: SlideSet, held: SlideSet | None) -> Iterator[str]:
    yield f"class_names: [{', '.join(plan.class_names)}]\n" + _roles(plan)
    yield "\ndataset_split_fractions:\n  train: 0.75\n  val: 0.25\n"
    yield "\ndataset_paths:\n" + _paths(data)
    if held is not None:
        yield "\ntest_paths:\n" + _paths(held)
    yield "\n# A group is in one split only.\nfolders:\n"
    for one in [*data.slides, *(held.slides if held else ())]:
        yield f"  {one.name}: {{group: {one.name}, sample: {one.name}, {one.known}}}\n"


def _roles(plan: SynthPlan) -> str:
    target = [name for name in plan.class_names if name in STAGES]
    total = ["healthy", *target]
    lists = f"total: [{', '.join(total)}], target: [{', '.join(target)}]"
    return f"roles: {{{lists}, per_microlitre: {PER_MICROLITRE:.1f}}}\n"


def _paths(part: SlideSet) -> str:
    return "".join(
        f"  {one.name}: {{image_path: ../../images/{one.folder}, label_path: ../../labels/{one.folder}}}\n"
        for one in part.slides
    )
