"""Images of the console for the README and the guide: the demo, trained for real and driven by keys.

    python -m tools.screenshots docs/images

It makes the demo in a folder of its own, which it removes again, and takes a few minutes: the runs are real.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from yogo_tui.app import Console
from yogo_tui.cli.demo_chain import prepare
from yogo_tui.runs.model import Run
from yogo_tui.session import Session
from yogo_tui.settings import Settings

SIZE = (110, 32)
_PATIENCE_SECONDS = 900


async def take(settings: Settings, images: Path, *, epochs: int) -> None:
    """Write an SVG for each screen into `images`: of the workspace that `settings` name, and of a pre-train with a
    fine-tune behind it that is launched there and shown once `epochs` of it are done. Both are cancelled then."""
    images.mkdir(parents=True, exist_ok=True)
    session = await Session.open(settings)
    try:
        app = Console(session, mode="datasets")
        async with app.run_test(size=SIZE, notifications=False) as pilot:
            camera = Camera(pilot, images)
            await camera.choosing()
            await camera.launching()
            await camera.following(epochs)
    finally:
        await _cancel_all(session)
        await session.close()


async def _cancel_all(session: Session) -> None:
    """Returns once none of its jobs is active."""
    is_asked = False
    async for runs in session.runs.watch():
        active = [run for run in runs.runs if not run.state.is_over]
        if active and not is_asked:
            await session.jobs.cancel(active)
            is_asked = True
        if not active:
            return


class Camera:
    """Presses keys, waits for what a person would see, and keeps the image."""

    def __init__(self, pilot: Pilot[None], images: Path) -> None:
        self._pilot = pilot
        self._images = images

    async def choosing(self) -> None:
        await self._shoot("datasets", "gametocyte")
        await self._pilot.resize_terminal(80, 24)  # an image is large as SVG
        await self._press("v")
        await self._shoot("pictures", "▀")
        await self._press("escape")
        await self._pilot.resize_terminal(*SIZE)
        await self._press("2", "G")
        await self._shoot("recipes", "0.002")

    async def launching(self) -> None:
        await self._press("3")
        await self._see("✔ bash -n")
        await self._press("n")
        await self._see("then fine-tune on")
        await self._press("enter")
        await self._see("with the recipe")
        await self._press("enter")
        await self._see("fine-tuning")
        await self._shoot("launch", "✔ bash -n")
        await self._press("enter")
        await self._shoot("launch-question", "Submit ")
        await self._press("y")

    async def following(self, epochs: int) -> None:
        await self._until(lambda: any(run.progress and run.progress.epoch >= epochs for run in self._runs()))
        await self._press("G")
        await self._shoot("runs", "running")
        await self._press("enter")
        await self._shoot("run", "validation" if epochs else "training")
        await self._press("d")
        await self._shoot("run-details", "recipe")
        await self._press("question_mark")
        await self._shoot("help", "keys that work here")

    def _runs(self) -> tuple[Run, ...]:
        assert isinstance(self._pilot.app, Console)
        return self._pilot.app.runs.runs

    async def _press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def _shoot(self, name: str, pattern: str) -> None:
        """The screen, once `pattern` is on it."""
        await self._see(pattern)
        (self._images / f"{name}.svg").write_text(self._pilot.app.export_screenshot(title=f"yogo-tui · {name}"))

    async def _see(self, pattern: str) -> None:
        await self._until(lambda: re.search(pattern, self._text()), pattern)

    async def _until(self, holds: Callable[[], object], what: str = "") -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not holds():
                    await self._pilot.pause(0.1)
        except TimeoutError:
            raise SystemExit(f"{what!r} was not seen on\n{self._text()}") from None

    def _text(self) -> str:
        """What the screen says, without its form."""
        svg = self._pilot.app.export_screenshot()
        body = svg[svg.index("-matrix") :]
        return html.unescape(re.sub(r"<[^>]+>", "", body)).replace("\xa0", " ")


def main() -> None:
    images = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="ada-") as home:
        os.environ |= {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "LOGNAME": "ada", "COLORTERM": "truecolor"}
        workspace = Path(home) / "yogo-demo"
        asyncio.run(take(asyncio.run(prepare(workspace)), images, epochs=16))


if __name__ == "__main__":
    main()
