"""A person who answers a connection's questions as arranged and keeps what was asked; and how a login turned out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from yogo_tui.errors import HostError
from yogo_tui.hosts.asker import Challenge, HostKey
from yogo_tui.hosts.ssh import SshHost


class Person:
    """Implements Asker."""

    def __init__(self, *answers: Sequence[str] | None, trusts: bool = False) -> None:
        """An answer for each question, in order; None cancels, and so does everything after the last."""
        self._answers = list(answers)
        self._trusts = trusts
        self.keys: list[HostKey] = []
        self.questions: list[Challenge] = []

    async def trust(self, key: HostKey) -> bool:
        self.keys.append(key)
        return self._trusts

    async def answer(self, question: Challenge) -> Sequence[str] | None:
        self.questions.append(question)
        return self._answers.pop(0) if self._answers else None


async def says(host: SshHost, word: str = "in") -> None:
    """The host runs commands, and is then left."""
    try:
        assert (await host.run(["echo", word])).stdout == f"{word}\n"
    finally:
        await host.close()


async def refusal(host: SshHost) -> str:
    """Why it runs none."""
    with pytest.raises(HostError) as caught:
        await host.run(["true"])
    return str(caught.value)
