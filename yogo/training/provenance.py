"""What a run's numbers may depend on besides its recipe: versions, code and hardware."""

from __future__ import annotations

import contextlib
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

import torch

from yogo.distribution import VERSION


def versions() -> dict[str, str]:
    """Of the packages that compute."""
    found = {
        "yogo": VERSION,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": metadata.version("torchvision"),
    }
    return found | ({"cuda": torch.version.cuda} if torch.version.cuda else {})


def device_name(device: torch.device) -> str:
    """As the hardware calls itself."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "cpu"


def commit() -> str:
    """The git commit of this package's source, if it runs from a checkout."""
    package = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(package), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
