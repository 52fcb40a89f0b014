"""What needs a GPU, in under five minutes: its tests, then its benchmark. `make test-gpu`, or `python tests/gpu`.

A machine with a GPU may have torch and little else, and no way to fetch the rest: so what is lacking is said first.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = {
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "PIL": "pillow",
    "rich": "rich",
    "pydantic": "pydantic",
    "yaml": "pyyaml",
    "ruamel.yaml": "ruamel.yaml",
    "faster_coco_eval": "faster-coco-eval",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "onnxscript": "onnxscript",
    "onnxslim": "onnxslim",
    "pytest": "pytest",
    "pytest_asyncio": "pytest-asyncio",
    "pytest_timeout": "pytest-timeout",
}
"""Modules, and the packages that bring them."""

SECONDS = 3
"""To measure each way for."""


def lacking() -> list[str]:
    """The packages that are not installed here."""
    return [package for module, package in NEEDED.items() if not _is_there(module)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


def main() -> int:
    if missing := lacking():
        print(f"This machine lacks {', '.join(missing)}. Where packages can be fetched:")
        print(f"  pip install {' '.join(missing)}")
        print("Where they cannot, fetch them for this Python elsewhere, and carry the folder:")
        print(
            f"  pip download --python-version {sys.version_info[0]}.{sys.version_info[1]} --only-binary=:all: ", end=""
        )
        print(f"--dest wheels {' '.join(missing)}")
        return 1
    import torch

    if not torch.cuda.is_available():
        print("There is no GPU here: nothing was tested.")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "gpu",
        "--durations=5",
        "--show-capture=no",
        str(Path(__file__).parent),
    ]
    alone = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # its workers would outlive the tests
    status = subprocess.run(tests, cwd=ROOT, env=alone, check=False).returncode
    speed = [
        sys.executable,
        str(ROOT / "benchmarks" / "gpu.py"),
        "--eager",
        "--seconds",
        str(SECONDS),
        "--pictures",
        "64",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # where nothing but torch is installed
    return subprocess.run(speed, cwd=ROOT, env=environment, check=False).returncode or status


if __name__ == "__main__":
    sys.exit(main())
