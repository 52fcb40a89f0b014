"""The screens of what the jobs of a run have made."""

from __future__ import annotations

from pathlib import Path

from textual.screen import Screen

from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.use import LABELLED, OutputFiles


def screen_of(made: OutputFiles) -> Screen[None]:
    match made.purpose:
        case Purpose.ASSAY:
            from yogo_tui.screens.assay import AssayScreen

            return AssayScreen(made.folder.name, Path(made.path))
        case Purpose.REVIEW:
            from yogo_tui.screens.review import ReviewScreen

            return ReviewScreen(str(made.folder))
        case Purpose.NEXT:
            from yogo_tui.screens.chosen import ChosenScreen

            return ChosenScreen(made.folder)
    from yogo_tui.screens.pictures import PicturesScreen

    return PicturesScreen(Path(made.folder / LABELLED))
