"""Parsing of the commands' arguments: no abbreviations, and hints for misspelt words."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from yogo.text.output import must_arrive
from yogo.text.terminal import printable
from yogo.text.wording import ended, meant

_CHOICE = re.compile(r"invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)
_LONG = 8
"""Lines of usage that push the sentence off a small screen."""


class Parser(argparse.ArgumentParser):
    rest = ""
    """The argument that takes all words behind --, wherever the options stand."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        settings.setdefault("allow_abbrev", False)
        super().__init__(*args, **settings)

    def parse_known_args(  # type: ignore[override]  # of two overloads that differ in the namespace alone
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Refuse unknown arguments here, with the usage of the command that they were given to."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if self.rest and "--" in words else len(words)
        found, unknown = super().parse_known_args(words[:end], namespace)
        if words[end:]:
            setattr(found, self.rest, words[end + 1 :])
        if unknown:
            self.error(self._unknown(unknown))
        return found, unknown

    def _print_message(self, message: str, file: Any = None) -> None:
        """Requested output, such as that of --help, must be written."""
        if file is not sys.stdout:
            super()._print_message(message, file)
            return
        must_arrive()
        sys.stdout.write(message)
        sys.stdout.flush()

    def _unknown(self, words: Sequence[str]) -> str:
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        options = [name for name in self._option_string_actions if name.startswith("--")]
        near = meant(flags[0], options) if flags else ""
        return f"unrecognized arguments: {' '.join(words)}.{f' {near}' if near.startswith('Did') else ''}"

    def error(self, message: str) -> NoReturn:
        """Print the error, with the usage if that is short, and exit with status 2."""
        if found := _CHOICE.search(message):
            near = meant(found[1], re.findall(r"[\w.-]+", found[2]))
            message = f"{message[: found.start()]}there is no {found[1]}. {near}"
        usage = self.format_usage()
        if usage.count("\n") <= _LONG:
            sys.stderr.write(usage)
        self.exit(2, f"{self.prog}: {printable(ended(message))} `{self.prog} --help` says more.\n")
