"""OpenVINO in place of torch for a network on the CPU: compiled, compared with torch, and kept for the next time.

Axes: B images, C channels, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from yogo.device.cores import visible_cores
from yogo.distribution import VERSION, installing
from yogo.errors import InferenceError, first_line
from yogo.images.pixels import Bytes
from yogo.infer.kept_networks import KeptNetworks
from yogo.infer.openvino_graph import NotARowOfLayers, graph_of
from yogo.infer.openvino_package import import_openvino
from yogo.infer.reading import FrameShape
from yogo.model import YOGO

FLOAT32_TOLERANCE = 1e-4
HALF_TOLERANCE = 2e-2

Floats = npt.NDArray[np.float32]
Look = Callable[[Tensor], Tensor]
"""uint8 (B, C, H, W) to (B, P, Sy, Sx)."""


class NoOpenVINO(InferenceError):
    """OpenVINO cannot take torch's place here; the sentence says why."""


class NotInstalled(NoOpenVINO):
    """The package is missing."""


class OpenVINOEngine:
    """Call it from several threads at once: it computes as many images side by side as is fastest."""

    def __init__(self, compiled: Any, precision: str, words: str) -> None:
        self.precision = precision
        """f32 or bf16."""

        self.words = words
        """For a sentence: what it computes in."""

        self.num_side_by_side = 2 * int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        """Half of these wait, so that the processor never does."""

        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self.num_side_by_side):
            self._free.put(compiled.create_infer_request())

    @classmethod
    def of(cls, model: YOGO, frame: FrameShape, exact: Look, in_half: Look | None, folder: Path | None) -> Self:
        """The engine of a fused model, which gives what torch's `exact` does; in 16 bits, what `in_half` does.

        What is compiled is kept in `folder`, for the next time that the same is asked on the same kind of processor.
        Raises NoOpenVINO.
        """
        core = _library().Core()
        is_half = in_half is not None and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        precision = "bf16" if is_half else "f32"
        is_wider = in_half is not None and not is_half
        words = "bf16" if is_half else "float32" + ", as this processor has no bf16" * is_wider
        kept, key = KeptNetworks(folder), _key(core, model, frame, precision)
        network = kept.get(key)
        try:
            if network is not None:
                return cls(core.import_model(io.BytesIO(network), "CPU", _settings(precision)), precision, words)
        except RuntimeError:  # whatever was kept, it is compiled again
            pass
        try:
            compiled = core.compile_model(graph_of(model, frame), "CPU", _settings(precision))
            engine = cls(compiled, precision, words)
            engine._check(_frames(frame.shape), exact, in_half if is_half else None)
            kept.put(key, compiled.export_model().getvalue())
        except NotARowOfLayers as error:
            raise NoOpenVINO(f"{model.model_version} cannot be given to OpenVINO: {error}") from error
        except RuntimeError as error:
            raise NoOpenVINO(f"OpenVINO cannot compile {model.model_version}: {first_line(error)[:300]}") from error
        return engine

    def __call__(self, frame: Bytes) -> Floats:
        """uint8 (C, H, W) to (P, Sy, Sx), class probabilities included. Raises InferenceError."""
        request = self._free.get()
        try:
            tensor = _library().Tensor(np.ascontiguousarray(frame[None]), shared_memory=True)
            request.set_input_tensor(tensor)
            request.start_async()
            request.wait()
            found: Floats = request.get_output_tensor().data[0].copy()
        except RuntimeError as error:
            said = first_line(error)[:300]
            raise InferenceError(f"OpenVINO cannot go on: {said} (--engine torch computes without it)") from error
        finally:
            self._free.put(request)
        return found

    def _check(self, frames_BCHW: Bytes, exact: Look, in_half: Look | None) -> None:
        """Raises NoOpenVINO if the answers are not torch's."""
        given = np.stack([self(frame) for frame in frames_BCHW])
        frames = torch.from_numpy(frames_BCHW)
        expected, allowed = exact(frames).numpy(), FLOAT32_TOLERANCE
        if in_half is not None:
            allowed = max(HALF_TOLERANCE, 2 * difference(expected, in_half(frames).numpy()))
        if not (found := difference(expected, given)) <= allowed:
            raise NoOpenVINO(f"OpenVINO's answers differ from torch's by {found:.2g}, where {allowed:.2g} is allowed")


def difference(expected: Floats, given: Floats) -> float:
    """The largest difference of any number, relative for numbers above 1. NaN counts as infinite."""
    if expected.shape != given.shape:
        return float("inf")
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(expected - given) / np.maximum(1.0, np.abs(expected))
    return float(np.nan_to_num(error, nan=np.inf).max())


def _library() -> Any:
    try:
        return import_openvino()
    except ModuleNotFoundError as error:
        if error.name != "openvino":
            raise NoOpenVINO(f"the package openvino cannot be imported: {error}") from error
        raise NotInstalled(f"OpenVINO needs the package openvino: {installing('export')}") from None
    except (ImportError, OSError) as error:
        raise NoOpenVINO(f"the package openvino cannot be imported: {first_line(error)}") from error


def _settings(precision: str) -> dict[str, Any]:
    """As many images side by side as is fastest, on no more cores than torch would take, none of them its own."""
    return {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": min(torch.get_num_threads(), visible_cores()),
        "ENABLE_CPU_PINNING": False,
    }


def _key(core: Any, model: YOGO, frame: FrameShape, precision: str) -> str:
    """Of whatever the compiled network depends on: weights, sizes, versions, processor, precision."""
    processor = core.get_property("CPU", "FULL_DEVICE_NAME"), core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    versions = VERSION, _library().__version__
    layout = str(model.model), frame.shape, (model.Sx, model.Sy), precision
    told = hashlib.sha256(repr((processor, _instructions(), versions, layout)).encode())
    for name, values in model.state_dict().items():
        told.update(name.encode())
        told.update(np.ascontiguousarray(values.numpy()).tobytes())
    return told.hexdigest()


def _instructions() -> str:
    """The instruction sets of the processor: virtual machines of several kinds share a name."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return ""


def _frames(shape: tuple[int, int, int]) -> Bytes:
    """uint8 (2, C, H, W): blots of all shades, a coarse and a fine pattern of them, under noise."""
    rng, (channels, height, width) = np.random.default_rng(0), shape
    made = []
    for side in (8, 48):
        coarse = rng.integers(0, 236, (channels, -(-height // side), -(-width // side)))
        blots = coarse.repeat(side, 1).repeat(side, 2)[:, :height, :width]
        made.append(blots + rng.integers(0, 20, shape))
    return np.stack(made).astype(np.uint8)
