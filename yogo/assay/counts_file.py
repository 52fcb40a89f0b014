"""A file of counts made elsewhere: a JSON list, an object a sample, and what is to be done with its counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from yogo.assay.corrections import CorrectionLine, CorrectionMatrix
from yogo.assay.roles import MALARIA, Doubles, Roles
from yogo.assay.tables import matrix_of, row_at, table_rows
from yogo.errors import AssayError
from yogo.files.foreign import opened
from yogo.files.places import because
from yogo.run.correction import AssayRoles
from yogo.text.wording import counted, sentences

Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CountedSample(BaseModel):
    """Unknown keys are left alone: the file may hold the figures of another program."""

    model_config = ConfigDict(frozen=True, strict=True, protected_namespaces=())

    kind: Literal["skip", "deskew", "compensate"]
    """Uncorrected, corrected by the confusion matrix, or by the line at a threshold."""

    counts: list[Count]
    """Of each class, in the order of `classes`."""

    classes: list[str] | None = None
    """Those of remo-stats-utils, or those that are given for the whole file, where it names none."""

    told_roles: Annotated[AssayRoles | None, Field(alias="roles")] = None
    """What its classes are for; both are given or neither."""

    model: str | None = None
    clinical: bool | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None

    sample: str | None = None
    """The same name at several thresholds is the same sample."""

    target_per_microlitre: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """What is known of it otherwise; 0 of a negative sample."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> CountedSample:
        needed = {"skip": (), "deskew": ("model",), "compensate": ("model", "clinical", "threshold")}[self.kind]
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"the kind {self.kind} needs {', '.join(missing)}")
        return self

    _roles: Roles = PrivateAttr(MALARIA)

    def model_post_init(self, usual: Any) -> None:
        """`usual` is what is given for the whole file."""
        self._roles = usual or MALARIA
        if (self.classes is None) != (self.told_roles is None):
            raise ValueError("classes and roles are given together: one of the two is missing")
        if self.classes is not None and self.told_roles is not None:
            self._roles = _fitting(self.told_roles, self.classes)
        if len(self.counts) != (num := len(self._roles.classes)):
            raise ValueError(f"counts has {counted(len(self.counts), 'number')}, and there are {num} classes")

    @property
    def roles(self) -> Roles:
        return self._roles

    @property
    def counts_K(self) -> Doubles:
        return np.array(self.counts, np.float64)

    def correction(self, data: Path) -> CorrectionLine | CorrectionMatrix | None:
        """Raises AssayError where the model's tables do not have it."""
        if self.kind == "skip" or self.model is None:
            return None
        if self.kind == "deskew":
            return matrix_of(data, self.model, len(self.roles.classes))
        is_clinical = bool(self.clinical)
        where = f"The {'clinical' if is_clinical else 'cultured'} table of {self.model}"
        row = row_at(table_rows(data, self.model, is_clinical=is_clinical), self.threshold or 0.0, where)
        return row.line(self.roles.per_microlitre)


def _fitting(told: AssayRoles, classes: list[str]) -> Roles:
    """Raises ValueError."""
    if twice := [name for name, num in Counter(classes).items() if num > 1]:
        raise ValueError(f"classes names {', '.join(twice)} more than once")
    if unknown := [name for name in dict.fromkeys((*told.total, *told.target)) if name not in classes]:
        raise ValueError(f"roles names {', '.join(unknown)}, which is not in classes")
    return Roles.of(told, classes)


def counted_samples(path: Path, usual: Roles = MALARIA) -> list[CountedSample]:
    """`usual` are the roles of samples that say none. Raises AssayError."""
    try:
        with opened(path) as file:
            found = json.loads(file.read())
    except OSError as error:
        raise AssayError(f"{path} cannot be read: {because(error)}") from error
    except (ValueError, RecursionError) as error:
        raise AssayError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, list):
        raise AssayError(f"{path} must be a list of objects, one a sample")
    return [_sample(path, number, one, usual) for number, one in enumerate(found, 1)]


def roles_of_all(path: Path, samples: list[CountedSample]) -> Roles:
    """Those that all have. Raises AssayError where they differ, or where there is no sample."""
    first = samples[0].roles if samples else MALARIA
    for number, one in enumerate(samples, 1):
        if one.roles != first:
            what = "its classes or roles are not those of sample 1; limits are told of one kind"
            raise AssayError(f"{path}, sample {number}: {what}")
    return first


def median_cells(path: Path, samples: list[CountedSample]) -> float:
    """Of the samples with cells. Raises AssayError where there are none."""
    cells = [found for one in samples if (found := one.roles.num_total(one.counts_K)) > 0]
    if not cells:
        raise AssayError(f"{path} has no sample with cells: --cells tells for how many the limits are asked")
    return float(np.median(cells))


def _sample(path: Path, number: int, found: object, usual: Roles) -> CountedSample:
    try:
        return CountedSample.model_validate(found, context=usual)
    except ValidationError as error:
        raise AssayError(f"{path}, sample {number}: {'; '.join(map(str, sentences(error)))}") from error
