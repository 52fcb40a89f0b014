"""Questions under which the line breaks, for a `yogo-tui serve` of the tests: `python -m tests.yogo_tui.cut_questions`.

The file in $CUT says when: "before" the first one is answered, or "after" it was and before anybody is told.
"""

from __future__ import annotations

import contextlib
import os
import signal
import typing
from pathlib import Path
from typing import Any

from yogo_tui.hosts.base import Question, Tell
from yogo_tui.launch import questions as launch
from yogo_tui.questions import recipes
from yogo_tui.serving.serve import main
from yogo_tui.serving.table import QUESTIONS


def cut(when: str) -> None:
    """End the connection that this process is reached over, the first time that it is asked for."""
    file = Path(os.environ["CUT"])
    with contextlib.suppress(FileNotFoundError):
        if file.read_text() == when:
            file.unlink()
            os.kill(_server(), signal.SIGKILL)
            os._exit(1)  # it goes with its connection


def _server() -> int:
    """The process of sshd that serves this connection."""
    pid = os.getpid()
    while Path(f"/proc/{pid}/comm").read_text().strip() != "sshd":
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid


def _cutting(kind: type[Question[Any]]) -> type[Question[Any]]:
    def answer(self: Question[Any], tell: Tell) -> Any:
        cut("before")
        said = kind.answer(self, tell)
        cut("after")
        return said

    answer.__annotations__ = typing.get_type_hints(kind.answer)
    return type(kind.__name__, (kind,), {"answer": answer})


SaveRecipe = _cutting(recipes.SaveRecipe)
RemoveRecipe = _cutting(recipes.RemoveRecipe)
CopyTemplate = _cutting(launch.CopyTemplate)
DropTemplate = _cutting(launch.DropTemplate)

if __name__ == "__main__":
    for kind in (SaveRecipe, RemoveRecipe, CopyTemplate, DropTemplate):
        QUESTIONS[kind.__name__] = "tests.yogo_tui.cut_questions"  # type: ignore[index]
    main()
