"""What needs a GPU, in under five minutes: its tests, then its benchmark. `make test-gpu`, or `python tests/gpu`.

A machine with a GPU may have torch and little else, and no way to fetch the rest: so what is lacking is said first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNUSED = {"wandb", "openvino", "pytest-xdist"}
"""What is declared beside the rest, and no test here needs."""

SECONDS = 3
"""To measure each way for."""


def needed() -> list[str]:
    """The packages that training, its exports and the tests of them are declared to need."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    extras = [one for name in ("train", "export") for one in project["optional-dependencies"][name]]
    tools = [one for one in declared["dependency-groups"]["dev"] if one.startswith("pytest")]
    names = [re.split(r"[^\w.-]", one)[0] for one in project["dependencies"] + extras + tools]
    return [name for name in names if name not in UNUSED | {project["name"]}]


def lacking() -> list[str]:
    """Those of them that are not installed here."""
    return [name for name in needed() if not _is_there(name)]


def _is_there(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
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
    tests = [sys.executable, *"-m pytest -m gpu --durations=5 --show-capture=no".split(), str(Path(__file__).parent)]
    alone = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # its workers would outlive the tests
    status = subprocess.run(tests, cwd=ROOT, env=alone, check=False).returncode
    options = f"--eager --seconds {SECONDS} --pictures 64 --precision bf16 tf32"
    speed = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *options.split()]
    return subprocess.run(speed, cwd=ROOT, env=environment(), check=False).returncode or status


def environment() -> dict[str, str]:
    """This process's, in which our packages are found without being installed, beside what PYTHONPATH brings."""
    carried = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *([carried] if carried else [])])}


if __name__ == "__main__":
    sys.exit(main())
