"""How much the console sends to an 80x24 terminal: python benchmarks/terminal_bytes.py [--seconds S]

A console of its own runs on a pseudo-terminal. Counted is what it sends within a minute while nothing on the screen
changes: on the lists, on a finished run, and there while another run trains. It is told as a share of the wish, 2 KB.
Then the run that trains is on the screen, with two steps and two lines of its log a second; the wish is 300 KB.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from comparison import verdict

from tests.made_runs import trained_run
from tests.yogo_tui.terminal import CONSOLE, Terminal, environment

STILL_KB = 2.0
FOLLOWED_KB = 300.0
NUM_RUNS = 6
_QUIET_SECONDS = 2.0
_LISTS = ("1", "2", "3", "4")
"""The keys of datasets, recipes, launch and runs."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each is looked at (default: 20)")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        sent = _measured(Path(folder), seconds)
    kilobytes = {name: 60 * num_bytes / seconds / 1000 for name, num_bytes in sent.items()}
    wishes = {name: FOLLOWED_KB if name == "followed" else STILL_KB for name in kilobytes}
    ratio = {name: kilobytes[name] / wish for name, wish in wishes.items()}
    per_minute = {name: round(some, 2) for name, some in kilobytes.items()}
    verdict("terminal_bytes", ratio, at_most=dict.fromkeys(ratio, 1.0), kilobytes_per_minute=per_minute)
    return 0


def _measured(folder: Path, seconds: float) -> dict[str, int]:
    """Bytes in so many seconds."""
    runs = folder / "trained_models"
    for number in range(NUM_RUNS):
        run = trained_run(runs / f"calm-owl-{number:04d}", losses=[3 / (epoch + 1) for epoch in range(20)])
        (run.path / f"{run.name}-1.log").write_text("".join(f"epoch {epoch} loss 0.5\n" for epoch in range(500)))
    (folder / "settings.yaml").write_text(f"workspace: {folder}\ncluster: local\n")
    known = environment(folder, YOGO_TUI_SETTINGS=str(folder / "settings.yaml"))
    os.environ["XDG_STATE_HOME"] = known["XDG_STATE_HOME"]
    sent = {}
    with Terminal(CONSOLE, known, folder) as terminal:
        terminal.see(f"{NUM_RUNS} runs", seconds=90)
        sent["lists"] = sum(_sent(terminal, key, seconds / len(_LISTS)) for key in _LISTS)
        _open_first(terminal, "calm-owl")
        sent["finished run"] = _sent(terminal, "", seconds)
        with _training(runs / "live-fox-0001"):
            sent["finished run, another trains"] = _sent(terminal, "", seconds)
            before = len(terminal.sent)
            terminal.press("\x1b")
            terminal.see("live-fox", after=before)
            _open_first(terminal, "live-fox")
            sent["followed"] = _sent(terminal, "", seconds, quiet=False)
    return sent


def _open_first(terminal: Terminal, name: str) -> None:
    """The first run of the list, which has this name."""
    terminal.press("g")
    _look(terminal, _QUIET_SECONDS)
    before = len(terminal.sent)
    terminal.press("\r")
    terminal.see("tab log/plot", after=before)
    terminal.see(name, after=before)


def _sent(terminal: Terminal, keys: str, seconds: float, *, quiet: bool = True) -> int:
    """Bytes in so many seconds, from when what the keys do is on the screen."""
    terminal.press(keys)
    _look(terminal, _QUIET_SECONDS)
    if quiet:
        _wait_until_quiet(terminal)
    return _look(terminal, seconds)


def _wait_until_quiet(terminal: Terminal) -> None:
    for _ in range(15):
        if not _look(terminal, _QUIET_SECONDS):
            break


def _look(terminal: Terminal, seconds: float) -> int:
    before = len(terminal.sent)
    with contextlib.suppress(AssertionError):  # that the time is over
        for _ in terminal.turns(seconds, ""):
            pass
    return len(terminal.sent) - before


@contextlib.contextmanager
def _training(path: Path) -> Iterator[None]:
    """A run that seems to train meanwhile, in this process."""
    over = threading.Event()
    thread = threading.Thread(target=_train, args=(path, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _train(path: Path, over: threading.Event) -> None:
    from yogo.recipe import Recipe
    from yogo.run import events
    from yogo.run.directory import RunDirectory
    from yogo.run.lease import take
    from yogo.run.manifest import Manifest

    run = RunDirectory(path)
    path.mkdir()
    recipe = Recipe(epochs=100)
    Manifest(name=run.name, definition="/lab/cells.yml", classes=("a",), recipe=recipe, precision="fp32").write(
        run.manifest
    )
    lease, step = take(run), 0
    events.append(run.events, events.Started(epochs=100, steps_per_epoch=20, num_train=10, num_val=1))
    with (path / f"{run.name}-7.log").open("a") as log:
        while not over.is_set():
            step += 1
            losses = events.Losses(loss=50 / step + step % 7 / 100, iou_loss=1 / step)
            one = events.Step(step=step, epoch=step // 20, losses=losses, lr=1e-3, frames_per_s=1000 + step % 13)
            events.append(run.events, one)
            log.write(f"step {step} of 2000, loss {50 / step:.4f}, and so on {step % 7}\n")
            log.flush()
            time.sleep(0.5)
    lease.close()


if __name__ == "__main__":
    sys.exit(main())
