"""The package openvino, imported without what it does for its makers."""

from __future__ import annotations

import sys
from typing import Any


def import_openvino() -> Any:
    """`import openvino` alone would send its makers an event over the network and write ~/intel: its package
    openvino_telemetry does both. Where that one is missing, openvino goes on without it, so that it is hidden here for
    as long as the process lives. Raises ImportError, or OSError."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
