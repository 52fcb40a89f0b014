"""What is known of a model's mistakes in counting, kept in its checkpoint and beside an export: see docs/assay.md.

Axes: K classes, F parts of the images.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from yogo.run.record import Part

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Matrix = tuple[tuple[Finite, ...], ...]

USUAL_CELLS = 2e6
"""Cells of a sample of some 20,000 frames, where a definition does not say how many its samples have."""


class AssayRoles(Part):
    """What the classes are for."""

    total: tuple[str, ...]
    """Counted as a cell."""

    target: tuple[str, ...]
    """Looked for."""

    per_microlitre: Positive
    """Cells in a microlitre."""

    cells: Positive | None = None
    """Of a usual sample: for so many the limits are told. None where it is not told."""

    @property
    def usual_cells(self) -> float:
        return USUAL_CELLS if self.cells is None else self.cells

    def __str__(self) -> str:
        words = f"{', '.join(self.target)} by {', '.join(self.total)}, {self.per_microlitre:,.0f} cells per µL"
        return words if self.cells is None else f"{words}, {self.cells:,.0f} cells a sample"


class AssayLine(Part):
    """Targets / cells, as they are counted, = slope * share of targets + intercept."""

    slope: Positive
    intercept: Finite
    slope_variance: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    intercept_variance: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    covariance: Finite = 0.0
    source: Literal["samples", "labels"]
    """Samples whose value is known otherwise, or what was labelled in images."""


class CountCorrection(Part):
    roles: AssayRoles
    classes: tuple[str, ...]
    """In the order of the counts."""

    threshold: Share
    """Of the class's probability: the line is of boxes above it."""

    line: AssayLine | None = None
    matrix: Matrix | None = None
    """(K, K): rows are the label, columns the prediction, of boxes at any probability; each row sums to 1."""

    inverses: tuple[Matrix, ...] = ()
    """(F, K, K): the inverse of each part's matrix."""

    definition: str = ""
    """Absolute path of the file whose images it comes from."""

    num_images: int = 0
    num_samples: int = 0
    """0 where samples are not named."""

    @property
    def facts(self) -> dict[str, Any]:
        """As it is stored."""
        return self.model_dump(mode="json")

    @model_validator(mode="after")
    def _fits_the_classes(self) -> Self:
        num = len(self.classes)
        for matrix in (self.matrix, *self.inverses):
            if matrix is not None and (len(matrix) != num or any(len(row) != num for row in matrix)):
                raise ValueError(f"a matrix of the correction is not {num} by {num}")
        if unknown := [name for name in (*self.roles.total, *self.roles.target) if name not in self.classes]:
            raise ValueError(f"the roles name {', '.join(unknown)}, which is no class")
        return self
