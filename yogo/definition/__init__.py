"""Dataset definitions: parsed, resolved, checked, counted and split. Needs no torch and no numpy."""

from yogo.definition.folder_pair import FolderPair
from yogo.definition.fractions import SplitFractions
from yogo.definition.labels import Labels, Notes, parse_labels, parse_notes, read_labels, read_notes
from yogo.definition.model import DatasetDefinition
from yogo.definition.problem import InvalidDatasetDefinitionFile, MissingPath, Problem
from yogo.definition.split import Sample, Splits, split
from yogo.definition.survey import DatasetSummary, check, survey

__all__ = [
    "DatasetDefinition",
    "DatasetSummary",
    "FolderPair",
    "InvalidDatasetDefinitionFile",
    "Labels",
    "MissingPath",
    "Notes",
    "Problem",
    "Sample",
    "SplitFractions",
    "Splits",
    "check",
    "parse_labels",
    "parse_notes",
    "read_labels",
    "read_notes",
    "split",
    "survey",
]
