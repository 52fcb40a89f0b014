"""The user's own editor, in the console's place while it is open."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from textual.app import SuspendNotSupported

from yogo_tui.errors import ConsoleError
from yogo_tui.screens.base import BaseConsole


def edit(app: BaseConsole, path: Path) -> None:
    """Open `path` in $VISUAL or $EDITOR, and wait for it to be closed. Raises ConsoleError."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        with app.suspend():
            subprocess.run([*words, str(path)], check=False)
    except OSError as error:
        raise ConsoleError(f"{words[0]} cannot be started ({error.strerror}); set $EDITOR to your editor") from error
    except SuspendNotSupported as error:
        raise ConsoleError(f"this terminal cannot be handed to an editor: open {path} elsewhere") from error
    app.refresh(layout=True)
