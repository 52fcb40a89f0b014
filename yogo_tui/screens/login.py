"""Asks in dialogs what a connection has to ask a person: about an unknown key, and for passwords and codes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from yogo_tui.hosts.asker import Challenge, HostKey
from yogo_tui.screens.ask import Ask, Dialog
from yogo_tui.screens.base import BaseConsole
from yogo_tui.screens.choose import LinePrompt


class DialogAsker:
    """Implements Asker over the screens of a console."""

    def __init__(self, app: BaseConsole) -> None:
        self._app = app

    async def trust(self, key: HostKey) -> bool:
        sentence = (
            f"The key of {key.host} is not known here: {key.kind} {key.fingerprint}. Compare that with the fingerprint "
            f"from its administrators. Accept the key, and write it into {key.file}?"
        )
        return bool(await self._answered(Ask(sentence)))

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        answers = []
        for prompt in question.prompts:
            above = " ".join(part for part in (question.text.strip(), prompt.text.strip()) if part)
            title = above if question.host in above else f"{question.host}: {above}"
            line = await self._answered(LinePrompt(title, is_secret=not prompt.is_shown))
            if line is None:
                return None
            answers.append(line)
        return answers

    async def _answered(self, dialog: Dialog[Any]) -> Any:
        """The answer of a dialog; None if it was left.

        The connection that asks is no worker of the console, and may give up waiting.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def take(given: Any) -> None:
            if not answer.done():
                answer.set_result(given)

        self._app.call_later(self._app.push_screen, dialog, take)
        try:
            return await answer
        except asyncio.CancelledError:
            if dialog.is_attached:
                self._app.call_later(dialog.dismiss, None)
            raise
