"""How the commands' arguments are read: nothing abbreviated, and a slip of the keyboard told with what is near."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from yogo.terminal import printable
from yogo.wording import meant

_CHOICE = re.compile(r"invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)
_LONG = 8
"""Lines of usage that push the sentence off a small screen."""


class Parser(argparse.ArgumentParser):
    def __init__(self, *args: Any, **settings: Any) -> None:
        settings.setdefault("allow_abbrev", False)
        super().__init__(*args, **settings)

    def parse_known_args(  # type: ignore[override]  # of two overloads that differ in the namespace alone
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Whatever is unknown is refused here, by the command that it was given to, with that command's usage."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown))
        return found, unknown

    def _unknown(self, words: Sequence[str]) -> str:
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        options = [name for name in self._option_string_actions if name.startswith("--")]
        near = meant(flags[0], options) if flags else ""
        return f"unrecognized arguments: {' '.join(words)}.{f' {near}' if near.startswith('Did') else ''}"

    def error(self, message: str) -> NoReturn:
        """Say it, with the usage where that is short, and leave with status 2."""
        if found := _CHOICE.search(message):
            near = meant(found[1], re.findall(r"[\w.-]+", found[2]))
            message = f"{message[: found.start()]}invalid choice: '{found[1]}'. {near}"
        if not message.endswith((".", "?", "!")):
            message += "."
        usage = self.format_usage()
        if usage.count("\n") <= _LONG:
            sys.stderr.write(usage)
        self.exit(2, f"{self.prog}: {printable(message)} `{self.prog} --help` says more.\n")
