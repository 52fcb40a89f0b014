"""Dataset definitions: parsed, resolved, checked, counted and split. Needs no torch and no numpy."""

from yogo.definition.labels import Labels, Notes, parse_labels, parse_notes, read_labels, read_notes
from yogo.definition.model import DatasetDefinition, FolderPair, SplitFractions
from yogo.definition.problem import InvalidDatasetDefinitionFile, MissingPath, Problem
from yogo.definition.split import Sample, Splits, split
from yogo.definition.survey import Survey, check, state, survey

__all__ = [
    "DatasetDefinition",
    "FolderPair",
    "InvalidDatasetDefinitionFile",
    "Labels",
    "MissingPath",
    "Notes",
    "Problem",
    "Sample",
    "SplitFractions",
    "Splits",
    "Survey",
    "check",
    "parse_labels",
    "parse_notes",
    "read_labels",
    "read_notes",
    "split",
    "state",
    "survey",
]
