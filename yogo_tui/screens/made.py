"""What the jobs of a run have made that the console can open."""

from __future__ import annotations

from collections.abc import Sequence

from yogo.text.terminal import printable
from yogo_tui.launch.purpose import Purpose
from yogo_tui.launch.use import OutputFiles
from yogo_tui.screens.choose import Choice
from yogo_tui.words import cut_middle

_KINDS = {
    Purpose.ASSAY: "assay",
    Purpose.REVIEW: "ranked labels",
    Purpose.LABEL: "labelled images",
    Purpose.NEXT: "images to label next",
}
_PATH_WIDTH = 44


def openable(results: Sequence[OutputFiles]) -> list[tuple[OutputFiles, Choice]]:
    """Those that can be opened, the latest first, each with a line to choose it by."""
    return [
        (one, Choice(_KINDS[one.purpose], cut_middle(str(one.path), _PATH_WIDTH), detail=printable(str(one.path))))
        for one in results
        if one.purpose
    ]
