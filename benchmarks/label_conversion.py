"""`yogo labels convert` beside a plain reading of the same files: python benchmarks/label_conversion.py [--images 2000]

Labels of YOLO, 15 boxes an image, are converted to each other format, and back. The ratio is of the processor time that
a conversion takes to that in which all its label files and images are opened and read, and nothing is done with them.
`images_per_s` are those that are converted in a second of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from comparison import rounded, verdict

from yogo.formats.conversion import ConversionRequest, convert
from yogo.synth.png import png

ROWS = "".join(f"{x % 2} .{x} .{y} .05 .05\n" for x in range(11, 61, 10) for y in range(11, 41, 10))
FORMATS = ("coco", "voc", "label-studio", "cvat")
MOST = 25.0
IN_A_FOLDER = 1_000


def made(folder: Path, num: int) -> Path:
    """A definition of so many images."""
    import numpy as np

    pixels = png(np.arange(48 * 64, dtype=np.uint8).reshape(48, 64))
    lines = []
    for start in range(0, num, IN_A_FOLDER):
        pair = folder / f"{start // IN_A_FOLDER:04}"
        for kind in ("images", "labels"):
            (pair / kind).mkdir(parents=True)
        for number in range(start, min(num, start + IN_A_FOLDER)):
            (pair / f"images/{number}.png").write_bytes(pixels)
            (pair / f"labels/{number}.txt").write_text(ROWS)
        lines.append(f"  p{pair.name}: {{image_path: {pair}/images, label_path: {pair}/labels}}\n")
    path = folder / "cells.yml"
    fractions = "dataset_split_fractions: {train: .8, val: .2}\n"
    path.write_text(f"class_names: [ring, wbc]\ndataset_paths:\n{''.join(lines)}{fractions}")
    return path


def read(*folders: Path) -> float:
    """Processor seconds to open and read every file below these."""
    began = time.process_time()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                path.read_bytes()
    return time.process_time() - began


def converted(path: Path, out: Path, to: str, images: Path, num: int) -> float:
    """Processor seconds to convert it."""
    began = time.process_time()
    found = convert(ConversionRequest(path, out, to, images=images))
    seconds = time.process_time() - began
    if found.num_images != num:
        raise SystemExit(f"{found.num_images} of {num} images were converted to {to}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2_000)
    num = parser.parse_args().images
    ratio, rates = {}, {}
    with tempfile.TemporaryDirectory(prefix="yogo-convert-") as name:
        folder = Path(name)
        definition = made(folder / "yolo", num)
        for kind in FORMATS:
            there, back = folder / kind, folder / f"{kind}-back"
            plain = read(folder / "yolo")
            seconds = converted(definition, there, kind, folder / "yolo", num)
            ratio[f"to {kind}"], rates[f"to {kind}"] = seconds / plain, num / seconds
            plain = read(folder / "yolo", there)
            seconds = converted(there, back, "yolo", folder / "yolo", num)
            ratio[f"from {kind}"], rates[f"from {kind}"] = seconds / plain, num / seconds
    verdict("label_conversion", ratio, at_most=dict.fromkeys(ratio, MOST), images_per_s=rounded(rates, 0))


if __name__ == "__main__":
    main()
