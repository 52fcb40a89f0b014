"""`yogo doctor`: what training would find on this machine."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

from yogo.cli.flags import add_json
from yogo.device.cores import GrantedCores, granted_cores
from yogo.device.threads import FIXED_BY, BusyCores, free_threads
from yogo.distribution import VERSION, installing
from yogo.files.places import because
from yogo.text.terminal import printable
from yogo.text.wording import counted


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor",
        help="say what training would find on this machine: GPUs, CPUs, torch, W&B",
        description="Say what training would find on this machine: GPUs, CPUs, torch, and W&B. "
        "`yogo-tui doctor --job` runs it where the jobs run. Exit status: 0 if yogo can train here, 1 if not.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    granted, others = granted_cores(), BusyCores()
    torch = _torch()
    found = {
        "version": VERSION,
        "python": platform.python_version(),
        "program": sys.executable,
        "host": socket.gethostname(),
        "cpus": granted.number,
        "cpus_because": granted.why,
        "wandb": _version("wandb"),
        **torch,
        **_threads(granted, others, torch),
        "time": time.time(),
    }
    if args.json:
        print(json.dumps(found))
    else:
        print("\n".join(printable(line) for line in _lines(found)))
    return 1 if found["problem"] else 0


def _torch() -> dict[str, Any]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:  # OSError: a library of CUDA that is missing or does not fit
        missing = isinstance(error, ModuleNotFoundError) and error.name == "torch"
        said = (
            f"torch is not installed: {installing('train')}"
            if missing
            else f"torch cannot be imported: {because(error)}"
        )
        return {"torch": None, "cuda": None, "gpus": [], "problem": said}
    number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = [torch.cuda.get_device_properties(index) for index in range(number)]
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "gpus": [{"name": gpu.name, "bytes": gpu.total_memory} for gpu in gpus],
        "problem": "",
    }


def _threads(granted: GrantedCores, others: BusyCores, torch: dict[str, Any]) -> dict[str, Any]:
    """How many threads a command computes with on the CPU, and why; `torch` has been imported since `others` began."""
    busy = {"busy_for_others": round(others.take() or 0.0, 1)}
    if torch["problem"]:
        return {"threads": None, "threads_because": "", **busy}
    own: int = importlib.import_module("torch").get_num_threads()
    if FIXED_BY in os.environ:
        return {"threads": own, "threads_because": f"{FIXED_BY} is {os.environ[FIXED_BY]}", **busy}
    most = min(own, granted.number)
    because = "one for each CPU" if most == granted.number else "as torch chooses"
    return {"threads": most, "threads_because": because, **busy}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _lines(found: dict[str, Any]) -> list[str]:
    cuda = f" for CUDA {found['cuda']}" if found["cuda"] else " without CUDA"
    because = f": {found['cpus_because']}" if found["cpus_because"] else ""
    gpus = [f"{gpu['name']}, {gpu['bytes'] / 2**30:.0f} GiB" for gpu in found["gpus"]]
    return [
        f"yogo {found['version']}, Python {found['python']} ({found['program']}) on {found['host']}",
        found["problem"] or f"torch {found['torch']}{cuda}",
        *(gpus or ["no GPU that torch can use"]),
        f"{counted(found['cpus'], 'CPU')} for this process{because}",
        *_threads_said(found),
        f"wandb {found['wandb']}" if found["wandb"] else "wandb is not installed",
    ]


def _threads_said(found: dict[str, Any]) -> Iterator[str]:
    if found["threads"]:
        yield f"{counted(found['threads'], 'thread')} to compute with on the CPU: {found['threads_because']}"
        least = free_threads(found["threads"], found["busy_for_others"])
        if FIXED_BY not in os.environ and least < found["threads"]:
            yield f"other programs keep {found['busy_for_others']} CPUs busy: it may be {least} beside them"
