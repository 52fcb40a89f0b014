"""The errors a person may meet. `str(error)` is a sentence fit to show: what is wrong, where, what to do.

YogoError
├── RecipeError        a recipe or preset that cannot be read
├── DefinitionError    a dataset definition, or what it names, is wrong
├── LabelsError        labels of another program cannot be read, or not be written as asked
├── CheckpointError    a .pth that is not one of ours, or does not fit
├── RunError           a run directory that is held, torn or incomplete
├── TrainingError      training cannot start or go on
├── AssayError         counts, or the tables of a correction, cannot be read or used
├── InferenceError     images cannot be read, or results cannot be written, as asked
└── ExportError        a model cannot be exported, or its export gives other results than the model
"""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """What an error of another program says, cut to a line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class YogoError(Exception):
    """An error that a person can act upon."""

    exit_status = 1


class RecipeError(YogoError):
    """A recipe or preset that cannot be read or used."""


class DefinitionError(YogoError):
    """A dataset definition, or something it names, is wrong."""


class LabelsError(YogoError):
    """Labels in the format of another program cannot be read, or labels cannot be written in it, as asked."""


class ImagesNotFound(LabelsError):
    """Labels that can be converted only with their images, which were not found."""


class CheckpointError(YogoError):
    """A file that is not a checkpoint of ours, or one that does not fit."""


class RunError(YogoError):
    """A run directory that is held by another, torn or incomplete."""


class TrainingError(YogoError):
    """Training cannot start, or cannot go on."""


class AssayError(YogoError):
    """Counts of samples, or the tables that correct them, cannot be read or used."""


class InferenceError(YogoError):
    """Images cannot be read, or results cannot be written, as asked."""


class ExportError(YogoError):
    """A model cannot be exported, or its export gives other results than the model."""
