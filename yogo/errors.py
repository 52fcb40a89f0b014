"""The errors a person may meet. `str(error)` is a sentence fit to show: what is wrong, where, what to do.

YogoError
├── RecipeError        a recipe or preset that cannot be read
├── DefinitionError    a dataset definition, or what it names, is wrong
├── CheckpointError    a .pth that is not one of ours, or does not fit
├── RunError           a run directory that is held, torn or incomplete
├── TrainingError      training cannot start or go on
├── InferenceError     pictures cannot be looked at, or results not be kept, as asked
└── ExportError        a model cannot be exported, or its export does not answer as it does
"""

from __future__ import annotations


class YogoError(Exception):
    """Something a person can act upon."""


class RecipeError(YogoError):
    """A recipe or preset that cannot be read or used."""


class DefinitionError(YogoError):
    """A dataset definition, or something it names, is wrong."""


class CheckpointError(YogoError):
    """A file that is no checkpoint of ours, or one that does not fit."""


class RunError(YogoError):
    """A run directory that is held by another, torn or incomplete."""


class TrainingError(YogoError):
    """Training cannot start, or cannot go on."""


class InferenceError(YogoError):
    """Pictures cannot be looked at, or results cannot be kept, as asked."""


class ExportError(YogoError):
    """A model cannot be exported, or what was exported does not answer as it does."""
