"""Every question there is, by its name. Adding one touches its own module and this table.

A module is imported once one of its questions is asked: the first one must not wait for all of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from yogo_tui.hosts.base import Question

QUESTIONS: Mapping[str, str] = {
    name: module
    for module, names in {
        "yogo_tui.questions.settings": (
            "ReadSettings",
            "SettingsFile",
            "NewSettings",
            "ChangeSettings",
            "ReplaceSettings",
        ),
        "yogo_tui.questions.paths": ("FindPath",),
        "yogo_tui.questions.announcing": ("AnnounceEnd",),
        "yogo_tui.questions.surroundings": ("FindDefinitionFolders", "LookAtMachine", "LookAtPlace"),
        "yogo_tui.questions.definitions": (
            "ListDefinitions",
            "CheckDefinitions",
            "FindDefinition",
            "CheckDefinition",
            "ClassesOf",
            "Survey",
            "SurveySoFar",
        ),
        "yogo_tui.questions.images": ("ListImages", "FindImage", "DescribeImages", "LookAtImage", "LookAtPair"),
        "yogo_tui.questions.data": ("DiffData",),
        "yogo_tui.questions.health": ("CheckHealth", "KnownHealth"),
        "yogo_tui.questions.reviews": (
            "FindReview",
            "ListReviews",
            "ReadReview",
            "DescribeSuspects",
            "DecideSuspect",
            "UndoDecision",
            "TakeBeyondDoubt",
            "WriteReview",
        ),
        "yogo_tui.questions.review_images": ("LookAtSuspect",),
        "yogo_tui.questions.formats": ("FindLabels", "FindImages", "ConvertLabels"),
        "yogo_tui.questions.chosen": ("ReadChoice", "LookAtChosen"),
        "yogo_tui.questions.uses": (
            "ListOptions",
            "CheckOptions",
            "LookAtSamples",
            "LookForRoles",
            "LookForUnlabelled",
            "SeenBefore",
        ),
        "yogo_tui.questions.results": ("ReadResults", "ReadAssay", "LookAtWorst"),
        "yogo_tui.questions.recipes": (
            "ListRecipes",
            "FindRecipe",
            "SaveRecipe",
            "RenameRecipe",
            "RemoveRecipe",
            "ListRemovedRecipes",
            "RestoreRecipe",
            "UsesOfRecipes",
        ),
        "yogo_tui.questions.glance": ("GlanceAtRuns",),
        "yogo_tui.questions.comparing": ("ReadRuns",),
        "yogo_tui.questions.losses": ("ReadLosses",),
        "yogo_tui.questions.pairs": ("PairRuns",),
        "yogo_tui.questions.notes": ("ChangeNotes",),
        "yogo_tui.questions.trash": ("SizesOf", "TrashRuns", "ListTrash", "UndoTrash", "EmptyTrash"),
        "yogo_tui.questions.leftovers": ("FindLeftovers", "RemoveLeftovers"),
        "yogo_tui.questions.wandb": ("ListOffline", "UploadOffline"),
        "yogo_tui.sweeps.questions": ("PrepareArray", "RecordArray", "ReadSweeps"),
        "yogo_tui.launch.questions": (
            "RenderRun",
            "RenderShipped",
            "ProofreadScript",
            "RenderWrapper",
            "RenderUse",
            "ListTemplates",
            "CopyTemplate",
            "DropTemplate",
        ),
    }.items()
    for name in names
}
"""The module of each."""


def kind_of(name: str) -> type[Question[Any]] | None:
    """The question of this name; None if there is none."""
    if (module := QUESTIONS.get(name)) is None:
        return None
    kind: type[Question[Any]] = getattr(importlib.import_module(module), name)
    return kind
