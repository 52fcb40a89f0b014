"""What a person asked for when they said `yogo assay PTH DEFINITION_OR_SAMPLES`. Light: it is read before torch is
imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from yogo.recipe import Knob
from yogo.training.request import MACHINE, ComputingRequest

_ASSAY, _RESULTS = "The assay", "Results"
Cells = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class AssayRequest(ComputingRequest):
    checkpoint: Annotated[Path | None, Knob(flag="PTH")] = None
    """The checkpoint."""

    source: Annotated[Path | None, Knob(flag="DEFINITION_OR_SAMPLES")] = None
    """A dataset definition with roles, whose test images are looked at; or a file of samples, which need no labels."""

    cells: Annotated[
        Cells | None, Knob(group=_ASSAY, metavars=("N",), default="what the roles say, else 2,000,000")
    ] = None
    """Tell the limits for a sample of N cells."""

    mix: Annotated[tuple[str, ...], Knob(group=_ASSAY, metavars=("CLASS=SHARE",), default="as labelled")] = ()
    """How much of the targets each class is, such as ring=0.8 schizont=0.2: sensitivity and limits hold for this
    mix."""

    choose: Annotated[bool, Knob(group=_ASSAY)] = False
    """Choose the threshold and the correction on these images, though the checkpoint holds its own."""

    all_thresholds: Annotated[bool, Knob(group=_ASSAY, default="0.50, 0.55 and so on, 0.99, and the best")] = False
    """Show every threshold."""

    dump: Annotated[bool, Knob(group=_RESULTS, flag="--dump-to-disk")] = False
    """Write all figures to a JSON file beside the checkpoint."""

    csv: Annotated[Path | None, Knob(group=_RESULTS, metavars=("FOLDER",))] = None
    """Write samples.csv, a row a sample, and thresholds.csv, a row a threshold, into this folder."""

    html: Annotated[Path | None, Knob(group=_RESULTS, metavars=("FILE",))] = None
    """Write one page with all tables and plots. It needs no other file."""

    files: Annotated[Path | None, Knob(group=_RESULTS, metavars=("FOLDER",))] = None
    """Write the three files that remo-stats-utils loads into a folder in this one, by the run's name."""

    save: Annotated[Path | None, Knob(group=_RESULTS, metavars=("FILE",))] = None
    """Write a copy of the checkpoint that holds this correction."""

    batch_size: Annotated[PositiveInt | None, Knob(group=MACHINE, default="as trained; of samples, 64")] = None
    """Images per batch."""

    half: Annotated[bool | None, Knob(group=MACHINE, default="as the recipe says; of samples, no")] = None
    """Compute in 16-bit numbers."""

    engine: Annotated[Literal["auto", "torch", "openvino"], Knob(group=MACHINE)] = "auto"
    """What computes the network on a file of samples, as in `yogo infer`. A definition's images are computed by
    PyTorch, as in a test."""

    as_json: Annotated[bool, Knob(flag="--json")] = False
    """Print JSON, for programs; all else is told on standard error."""
